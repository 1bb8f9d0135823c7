"""The corpus, as far as reading goes: types, what is proposed, what is refused and why. Verdicts are judged elsewhere."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from service.foundation.errors import Invalid
from service.gate.reading.detect import detect
from service.gate.reading.parts import File, Options, Type
from service.gate.reading.read import read
from service.inventory import manifest
from tests.gate.hostile import GENERATORS

GATE = Path(__file__).resolve().parents[3] / "gate"
CORPUS = GATE / "corpus"
ENTRIES: list[dict[str, Any]] = yaml.safe_load((GATE / "corpus.yaml").read_text(encoding="utf-8"))


def files_of(entry: dict[str, Any]) -> list[File]:
    if made := entry.get("generated"):
        name, content = GENERATORS[made]
        return [File(name, content())]
    return [File(name, (CORPUS / name).read_bytes()) for name in entry["files"]]


def called(entry: dict[str, Any]) -> str:
    return str(entry.get("generated") or " ".join(entry["files"]))


@pytest.mark.parametrize("entry", ENTRIES, ids=called)
def test_a_candidate_is_read_as_it_should_be(entry: dict[str, Any]) -> None:
    files, options = files_of(entry), Options(**entry.get("options", {}))
    told = detect(files[0])
    assert (told.value if told else None) == entry["type"]
    if entry["expect"] == "unreadable":
        with pytest.raises(Invalid) as refused:
            read(files, options=options)
        assert any(entry["word"] in str(fault) for fault in refused.value.faults)
        assert all(len(str(fault)) < 1_000 for fault in refused.value.faults)
        return
    readings = read(files, options=options)
    assert [one.ref for reading in readings for one in reading.proposed] == entry["refs"]
    assert read(files, options=options) == readings
    for one in (one for reading in readings for one in reading.proposed):
        evidence = manifest.observation(one.manifest).evidence.values()
        assert one.whole or {stated["grade"] for stated in evidence} <= {"declared"}


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one["type"] and "files" in one], ids=called)
def test_a_type_that_is_named_need_not_be_detected(entry: dict[str, Any]) -> None:
    file = files_of(entry)[0]
    single = len(entry.get("files", [1])) == 1
    options = Options(**entry.get("options", {}))
    if entry["expect"] == "unreadable":
        if single:
            with pytest.raises(Invalid):
                read([file], Type(entry["type"]), options)
    elif single:
        assert read([file], Type(entry["type"]), options) == read([file], options=options)


@pytest.mark.parametrize("entry", [one for one in ENTRIES if one["type"] and one["expect"] != "unreadable"], ids=called)
def test_what_is_of_one_type_is_of_no_other(entry: dict[str, Any]) -> None:
    file = files_of(entry)[0]
    for other in set(Type) - {Type(entry["type"])}:
        with pytest.raises(Invalid) as refused:
            read([file], other)
        assert all(fault.file == file.name for fault in refused.value.faults), other


def test_every_file_of_the_corpus_is_listed() -> None:
    listed = {name for entry in ENTRIES for name in entry.get("files", ())}
    assert {path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*") if path.is_file()} == listed
    assert {entry["generated"] for entry in ENTRIES if "generated" in entry} == set(GENERATORS)
    assert {entry["type"] for entry in ENTRIES} - {None} == set(Type)


def test_the_inventory_is_well_formed() -> None:
    found = [
        manifest.observation(one.data, where=one.where)
        for path in sorted((GATE / "inventory").glob("*.yaml"))
        for one in manifest.read(path.read_bytes(), path.name)
    ]
    assert len({one.ref for one in found}) == len(found) > 10
