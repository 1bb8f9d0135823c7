"""`allod openness`: both answers in JSON and in words, and what is refused."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Allod

RECORD = """\
framework: {name: Model Openness Framework, version: '1.0', date: '2024-12-15'}
release:
  name: Acme 7B
  license: {code: {name: Apache 2.0}}
  components:
    - {name: Model architecture}
    - {name: Model parameters (Final), license: MIT}
    - {name: Evaluation results, license: CC-BY-4.0}
    - {name: Model card, license: CC BY 4.0}
    - {name: Data card, license: BSD}
    - {name: Research paper, license: CC-BY-4.0}
    - {name: Sample model outputs, license: unlicensed}
    - {name: "Vibes\\x1b[2J", license: MIT}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.yml"
    path.write_text(RECORD)
    return path


def test_json_gives_both_answers(allod: Allod, file: Path) -> None:
    ran = allod("openness", file, "--json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert set(told) == {"strict", "resolved"}
    assert (told["strict"]["class"], told["strict"]["progress"]) == (0, {"1": 0, "2": 0, "3": 3 / 6 * 100})
    assert (told["resolved"]["class"], told["resolved"]["progress"]) == (0, {"1": 0, "2": 0, "3": 5 / 6 * 100})
    card = next(one for one in told["resolved"]["components"] if one["name"] == "Model card")
    assert card == {
        "name": "Model card",
        "type": "document",
        "class": 3,
        "required": True,
        "status": "included",
        "why": "'CC BY 4.0', which means CC-BY-4.0, is open",
        "licence": "CC BY 4.0",
        "inherited_from": None,
        "expression": "CC-BY-4.0",
    }


def test_words_say_it_too(allod: Allod, file: Path) -> None:
    ran = allod("openness", file)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[:5] == [
        "            strict                          resolved",
        "class       0  Unclassified                 0  Unclassified",
        "to class 3  50 %                            83 %",
        "to class 2  0 %                             0 %",
        "to class 1  0 %                             0 %",
    ]
    said = {line[:33].strip(): line[33:].split() for line in lines[6:] if line and line[0].isupper()}
    assert said["Model architecture"] == ["3", "invalid", "included", "Apache", "2.0"]
    assert said["Technical report"] == ["(3)", "missing", "missing", "-"]
    assert said["Research paper"] == ["3", "included", "included", "CC-BY-4.0"]
    at = lines.index(next(line for line in lines if line.startswith("Data card")))
    assert lines[at + 1 : at + 3] == [
        "    strict: 'BSD' is not an SPDX id",
        "    resolved: 'BSD' may mean BSD-3-Clause; that is not sure, and so does not count",
    ]
    assert "    strict: 'Apache 2.0' is not an SPDX id" in lines
    assert lines.count("    it is released without a licence") == 1
    assert "warning: Model parameters (Final): MIT is open, but not made for data" in lines
    assert "\x1b" not in ran.out


def test_without_anything_odd_there_is_no_warning(allod: Allod, tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text("release: {components: [{name: Model card, license: CC-BY-4.0}]}")
    assert "warning" not in allod("openness", tmp_path / "one.yml").out


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [", "cannot be read"),
        ("kind: model", "This is no record of the Model Openness Framework."),
        ("release: {components: [{license: MIT}]}", "Components of this record have no name."),
    ],
)
def test_what_is_no_record_is_a_line_and_exit_2(allod: Allod, tmp_path: Path, text: str, line: str) -> None:
    file = tmp_path / "odd.yml"
    file.write_text(text)
    ran = allod("openness", file)
    assert (ran.code, ran.out) == (2, "")
    assert line in ran.err.splitlines()[0]
    assert str(file) in ran.err


def test_a_file_that_is_not_there_is_exit_2(allod: Allod, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yml", tmp_path):
        ran = allod("openness", path)
        assert ran.code == 2
        assert str(path) in ran.err
    assert allod("openness").code == 2
