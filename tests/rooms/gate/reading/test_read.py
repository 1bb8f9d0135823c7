"""Many files at once, and any bytes whatever: a reading or a refusal, never anything else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.foundation.errors import Fault, Invalid
from service.gate.reading.detect import detect
from service.gate.reading.parts import File, Options, Reading, Type
from service.gate.reading.read import FILES_MAX, read
from service.gate.reading.text import inside, mentioned, walk
from service.inventory import manifest
from tests.rooms.gate.reading.test_corpus import CORPUS

MODEL = b"kind: model\nname: acme/bot\n"
SEEDS = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.stat().st_size < 10_000)
NAMES = ["a.yaml", "a.json", "requirements.txt", "uv.lock", "acme/bot/README.md", "standard input"]


def test_faults_of_all_files_are_told_together() -> None:
    with pytest.raises(Invalid) as refused:
        read(
            [
                File("a.yaml", b"kind: model\nname: [\n"),
                File("b.txt", b"b"),
                File("c.yaml", MODEL),
                File("d.yaml", MODEL),
            ]
        )
    assert [fault.file for fault in refused.value.faults] == ["a.yaml", "b.txt", "d.yaml"]
    assert "(2 more)" in refused.value.detail
    assert "c.yaml:1 already" in refused.value.faults[-1].message


def test_an_asset_of_another_workspace_is_another_asset() -> None:
    files = [File("a.yaml", MODEL), File("b.yaml", MODEL + b"workspace: other\n")]
    assert [one.ref for reading in read(files) for one in reading.proposed] == ["model:acme/bot"] * 2


def test_parts_of_an_asset_may_come_from_several_files() -> None:
    card = b"---\nlicense: mit\n---\n"
    files = [File("a.yaml", MODEL), File("acme/bot/README.md", card), File("x/acme/bot/README.md", card)]
    assert [(one.ref, one.whole) for reading in read(files) for one in reading.proposed] == [
        ("model:acme/bot", True),
        ("model:acme/bot", False),
        ("model:acme/bot", False),
    ]


@pytest.mark.parametrize("count", [0, FILES_MAX + 1])
def test_a_candidate_is_of_some_files_and_not_of_too_many(count: int) -> None:
    with pytest.raises(Invalid) as refused:
        read([File("a.yaml", MODEL)] * count)
    assert refused.value.faults[0].expected == f"1 to {FILES_MAX} files"


def test_a_file_without_a_manifest_is_empty() -> None:
    with pytest.raises(Invalid, match="nothing in it"):
        read([File("a.yaml", b"---\n---\n")], Type.ALLOD)


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_byte_order_mark_is_no_part_of_the_text(name: str) -> None:
    (found,) = read([File(name, b'\xef\xbb\xbf{"kind": "model", "name": "a"}')])
    assert found.proposed[0].ref == "model:a"


def test_a_walk_names_everything_and_a_mention_is_exact_where_it_can_be() -> None:
    data = {"a": [{"b": "x y"}, "x"], "c": {"d": "y"}}
    assert [path for path, _, _ in walk(data)] == ["/a", "/c", "/a/0", "/a/1", "/a/0/b", "/c/d"]
    assert [key for key, _ in inside(data)] == ["a", "c", "b", "d"]
    assert mentioned(data, "x") == "/a/1"
    assert mentioned(data, "x y") == "/a/0/b"
    assert mentioned(data, "x ") == "/a/0/b"
    assert mentioned(data, "z", "/c") == "/c"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_given_is_read_or_refused(data: st.DataObject) -> None:
    """Files of the corpus, cut and spliced, under any name and as any type."""
    content = data.draw(st.sampled_from(SEEDS)).read_bytes()
    at = data.draw(st.integers(0, len(content)))
    to = data.draw(st.integers(at, len(content)))
    put = data.draw(
        st.one_of(st.binary(max_size=6), st.sampled_from([b"---\n", b"[", b"{", b": ", b"\n", b"<<: ", b"null", b"3"]))
    )
    file = File(data.draw(st.sampled_from(NAMES)), content[:at] + put + content[to:])
    type_ = data.draw(st.one_of(st.none(), st.sampled_from(Type)))
    options = Options(everything=data.draw(st.booleans()), provider=data.draw(st.sampled_from([None, "aws"])))
    told = detect(file)
    found = _read_or_refused(file, type_, options)
    if isinstance(found, list):
        assert found
        assert all(fault.message and fault.file == file.name for fault in found)
        return
    assert found.type == (type_ or told)
    assert found.proposed or found.ignored
    lines = file.content.count(b"\n") + 2
    for one in found.proposed:
        manifest.observation(one.manifest)
        assert 1 <= one.place.line <= lines


def _read_or_refused(file: File, type_: Type | None, options: Options) -> Reading | list[Fault]:
    try:
        (found,) = read([file], type_, options)
    except Invalid as refused:
        return list(refused.faults)
    return found
