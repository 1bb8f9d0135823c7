"""Bulk input as it comes over the wire: in pieces that know nothing of lines, in batches that come out even, not at all."""

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from service.api.v1 import bulk

URL = "/api/v1/assets:bulk"


def line(name: str, title: str = "t") -> bytes:
    return json.dumps({"kind": "model", "name": name, "title": title}).encode() + b"\n"


def in_pieces(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def test_no_lines_have_no_answers(admin: TestClient) -> None:
    answer = admin.post(URL, content=b"")
    assert (answer.status_code, answer.text) == (200, "")


def test_batches_may_come_out_even(admin: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    answer = admin.post(URL, content=b"".join(map(line, "abcd")))
    assert [json.loads(one)["ref"] for one in answer.text.splitlines()] == [f"model:{name}" for name in "abcd"]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_line_too_long_is_let_go_piece_by_piece(
    admin: TestClient, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(bulk, "LINE_MAX", 100)
    body = line("a") + line("long", "x" * 300) + line("b") + line("last", "x" * 300).rstrip()
    answer = admin.post(URL, content=in_pieces(body, size))
    said = [json.loads(one) for one in answer.text.splitlines()]
    assert [(one["ref"], one["status"]) for one in said] == [
        ("model:a", "created"),
        (None, "refused"),
        ("model:b", "created"),
        (None, "refused"),
    ]
