"""From text to documents: YAML 1.2, JSON, lines, and bounds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation.errors import Invalid
from service.inventory import manifest_reading, manifest_yaml
from service.inventory.manifest import read


def plain(text: str | bytes, file: str | None = None) -> list[Any]:
    return [document.data for document in read(text, file)]


def refusal(text: str | bytes, file: str | None = "x.yaml") -> tuple[str, int | None]:
    with pytest.raises(Invalid) as caught:
        read(text, file)
    (fault,) = caught.value.faults
    assert fault.file == file
    return fault.message, fault.line


def test_norway_stays_norway_and_dates_stay_text() -> None:
    text = "[{a: NO, b: no, c: on, d: y, e: 2026-03-01, f: 12:30, g: 0o17, h: 1_000, i: 010, j: ~, k: , l: 3.8e25}]"
    (document,) = plain(text)
    assert document == {
        "a": "NO",
        "b": "no",
        "c": "on",
        "d": "y",
        "e": "2026-03-01",
        "f": "12:30",
        "g": 15,
        "h": "1_000",
        "i": 10,
        "j": None,
        "k": None,
        "l": 3.8e25,
    }


def test_true_false_and_numbers_are_what_they_look_like_and_quotes_make_text() -> None:
    assert plain("a: true\nb: False\nc: -3\nd: 0xff\ne: .5\nf: 'true'\ng: \"3\"\nh: |\n  3\ni: !!str 3\nj: ! 4") == [
        {"a": True, "b": False, "c": -3, "d": 255, "e": 0.5, "f": "true", "g": "3", "h": "3\n", "i": "3", "j": "4"}
    ]


def test_a_file_may_hold_several_documents_and_lists_of_them() -> None:
    text = "---\na: 1\n---\n---\n- b: 2\n- c: 3\n"
    documents = read(text, "x.yaml")
    assert [(d.data, d.where.document, d.where.line("")) for d in documents] == [
        ({"a": 1}, 1, 2),
        ({"b": 2}, 2, 5),
        ({"c": 3}, 3, 6),
    ]


@pytest.mark.parametrize("text", ["", "\n", "---\n", "# nothing\n", "[]", "null"])
def test_an_empty_file_holds_no_document(text: str) -> None:
    assert plain(text) == []


def test_json_is_an_object_a_list_or_lines() -> None:
    assert plain('{"a": 1}', "x.json") == [{"a": 1}]
    assert plain('[{"a": 1}, {"b": 2}]') == [{"a": 1}, {"b": 2}]
    assert plain('\ufeff{"a": 1}\n\n{"b": 2}\n', "x.ndjson") == [{"a": 1}, {"b": 2}]
    assert plain(b'\xef\xbb\xbf{"a": 1}') == [{"a": 1}]
    assert plain("{a: 1}") == [{"a": 1}]  # YAML's flow style begins like JSON


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_every_value_knows_its_line(suffix: str) -> None:
    body = {"a": {"b/c": [1, {"d": None}], "e": {}}, "f": [], "g": 'x,y{:\n"', "h~": [[2], 3]}
    text = json.dumps([body, {"z": 1}], indent=1)
    first, second = read(text, f"x.{suffix}")
    assert first.data == body
    lines = text.split("\n")
    for path, word in [("/a/b~1c", '"b/c"'), ("/a/b~1c/1/d", '"d"'), ("/g", '"g"'), ("/h~0/0/0", "2"), ("/h~0/1", "3")]:
        line = first.where.line(path)
        assert line is not None
        assert word in lines[line - 1]
    assert first.where.line("/a/unknown/deeper") == first.where.line("/a")
    assert '"z"' in lines[(second.where.line("/z") or 0) - 1]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\na: 2", "the key 'a' stands twice", 2),
        ("a: &x [1]\nb: *y", "nothing is called &y", 2),
        ("a: &x [*x]", "nothing is called &x", 1),
        ("\na: !!python/object:os.system x", "the tag 'tag:yaml.org,2002:python/object:os.system' is not taken", 2),
        ("a: !custom {b: 1}", "the tag '!custom' is not taken", 1),
        ("a: .nan", ".nan is no value", 1),
        ("a: -.inf", "-.inf is no value", 1),
        ("1: a", "'1' is a key and not text", 1),
        ("[1]: a", "a key is not text", 1),
        ("a: &x [1]\n*x : 2", "a key is not text", 2),
        ("a: 1e999", "1e999 is no value", 1),
        ("a: [", "the YAML is broken", 2),
        ("a: b: c", "the YAML is broken", 1),
        ("a: \x07", "the YAML is broken", None),
        ("a: '\ud800'", "half a surrogate pair", None),
        ("a: " + "[" * 100, "nested too deeply", 1),
        (b"a: \xff", "the text is not UTF-8", 1),
    ],
)
def test_a_broken_yaml_file_is_refused_with_its_line(text: str | bytes, message: str, line: int | None) -> None:
    said, where = refusal(text)
    assert message in said
    assert where == line


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('{"a": 1,\n "a": 2}', "the key 'a' stands twice", 1),
        ('{"a": 1}\n{"a": NaN}', "NaN is no value", 2),
        ('{"a": 1}\n{"a": -Infinity}', "-Infinity is no value", 2),
        ('{"a": 1e999}', "1e999 is no value", 1),
        ('{"a": ' + "9" * 5000 + "}", "too many digits", 1),
        ("\n\n{", "the JSON is broken", 3),
        ("[" * 100_000, "nested too deeply", 1),
        ("kind: vendor", "the JSON is broken", 1),
    ],
)
def test_a_broken_json_file_is_refused_with_its_line(text: str, message: str, line: int) -> None:
    said, where = refusal(text, "x.json")
    assert message in said
    assert where == line


def test_anchors_may_be_used_and_what_they_repeat_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert plain("a: &x {b: [1, 2]}\nc: *x\nd: &y 1\ne: *y") == [
        {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": 1, "e": 1}
    ]
    monkeypatch.setattr(manifest_yaml, "VALUES_MAX", 10_000)
    laughs = ["a0: &a0 [1, 2, 3]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    said, _ = refusal("\n".join(laughs))
    assert "too many values" in said


def test_a_file_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_reading, "SIZE_MAX", 10)
    assert "too large" in refusal("a: 12345678")[0]


def test_a_key_may_be_long_and_a_text_may_hold_anything_printable() -> None:
    assert plain("? " + "k" * 900 + "\n: ä → 漢") == [{"k" * 900: "ä → 漢"}]


def refused_or_read(text: str | bytes, file: str | None) -> bool:
    try:
        for document in read(text, file):
            document.where.line("/a")
    except Invalid as error:
        return bool(error.faults)
    return True


@given(st.text(max_size=60) | st.binary(max_size=60), st.sampled_from([None, "x.yaml", "x.json"]))
def test_any_text_is_read_or_refused(text: str | bytes, file: str | None) -> None:
    assert refused_or_read(text, file)


@given(st.text(alphabet="{}[]:,-&*!|>'\"ab01 \n\t#?%@", max_size=40))
def test_any_punctuation_is_read_or_refused(text: str) -> None:
    assert refused_or_read(text, None)


LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(
    LEAVES | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abNO~/ é", max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["kind", "name", "x/y", "NO"]), TREES, min_size=1, max_size=4))
def test_json_reads_back_as_it_was_written_by_both_readers(tree: dict[str, Any]) -> None:
    text = json.dumps(tree, ensure_ascii=False)
    assert plain(text, "x.json") == [tree]
    assert plain(text.replace("\x7f", ""), "x.yaml") == [json.loads(text.replace("\x7f", ""))]
