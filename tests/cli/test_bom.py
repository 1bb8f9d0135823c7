"""`allod bom export`: what the server answers, to a file or to standard output."""

from pathlib import Path

from tests.cli.conftest import Allod
from tests.cli.small_server import SmallServer

DOCUMENT = b'{"bomFormat":"CycloneDX"}\n'


def test_the_bom_goes_to_standard_output_byte_by_byte(allod: Allod, server: SmallServer) -> None:
    server.on("GET", "/bom", lambda _: (200, DOCUMENT))
    ran = allod("bom", "export")
    assert (ran.code, ran.out.encode()) == (0, DOCUMENT)
    assert server.asked[0].query == {"format": "cyclonedx"}


def test_or_to_a_file_that_is_whole_or_not_there(allod: Allod, server: SmallServer, tmp_path: Path) -> None:
    server.on("GET", "/bom", lambda _: (200, DOCUMENT))
    file = tmp_path / "bom.json"
    ran = allod("bom", "export", "--format", "spdx", "--asset", "system:desk", "-w", "team-a", "-o", file)
    assert (ran.code, ran.out, file.read_bytes()) == (0, "", DOCUMENT)
    assert server.asked[0].query == {"format": "spdx", "asset": "system:desk", "workspace": "team-a"}
    server.on("GET", "/bom", lambda _: (404, {"detail": "system:desk is not registered"}))
    ran = allod("bom", "export", "-o", file)
    assert ran.code == 2
    assert "is not registered" in ran.err
    assert file.read_bytes() == DOCUMENT
    assert [path.name for path in tmp_path.iterdir()] == ["bom.json"]


def test_a_place_that_cannot_be_written_is_a_line_and_exit_2(allod: Allod, server: SmallServer, tmp_path: Path) -> None:
    server.on("GET", "/bom", lambda _: (200, DOCUMENT))
    (tmp_path / "taken").mkdir()
    for place in (tmp_path / "gone" / "bom.json", tmp_path / "taken"):
        ran = allod("bom", "export", "-o", place)
        assert ran.code == 2
        assert "cannot be written" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert allod("bom", "export", "--format", "xml").code == 2
