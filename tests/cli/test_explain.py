"""`allod explain`: facts with their evidence, findings with their remedy."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Allod
from tests.cli.small_server import SmallServer

ASSET: dict[str, Any] = {
    "ref": "system:desk",
    "workspace": "care",
    "revision": 3,
    "attributes": {"commercial": True, "user_jurisdictions": ["NO"]},
    "evidence": {"commercial": {"grade": "verified", "source": "the register\x1b[2J"}},
    "relations": [{"type": "uses", "to": "model:acme/llm"}],
}
VIOLATION = {
    "rule": "LIC-002",
    "pack": "ai-licensing",
    "outcome": "violation",
    "severity": "high",
    "status": "open",
    "message": "Rests on a non-commercial licence.",
    "path": ["system:desk", "model:acme/llm"],
    "evidence_grade": "declared",
    "remedy": "Use another model.",
}


JUDGEMENT: dict[str, Any] = {
    "rule": "LIC-002",
    "pack": "ai-licensing",
    "outcome": "violation",
    "evidence_grade": "declared",
    "findings": 1,
    "explanation": {
        "question": "Does everything allow commercial use?",
        "would_pass": "Use another model.",
        "facts": [
            {
                "section": "licences",
                "says": "raw llama2",
                "path": ["system:desk", "model:acme/llm"],
                "grade": "declared",
                "source": "a card",
            },
            {"section": "licences", "says": "raw MIT", "path": ["system:desk"], "grade": None, "source": None},
        ],
    },
}


@pytest.fixture
def desk(server: SmallServer) -> SmallServer:
    items = [VIOLATION, {**VIOLATION, "rule": "RES-001", "status": "resolved"}]
    server.on("GET", "/assets/system:desk", lambda _: (200, ASSET))
    server.on("GET", "/judgements", lambda _: (200, {"items": [JUDGEMENT]}))
    server.on("GET", "/violations", lambda _: (200, {"items": items, "next_cursor": None}))
    return server


def test_an_asset_is_explained_by_its_facts_and_what_is_found_against_it(desk: SmallServer, allod: Allod) -> None:
    ran = allod("explain", "system:desk", "LIC-002")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "system:desk  workspace care, revision 3",
        "  commercial: true  (verified, the register [2J)",
        '  user_jurisdictions: ["NO"]  (declared)',
        "  uses model:acme/llm",
        "",
        "LIC-002  violation, high, open  (pack ai-licensing)",
        "  Rests on a non-commercial licence.",
        "  path: system:desk → model:acme/llm",
        "  rests on facts that are declared",
        "  mend: Use another model.",
        "",
        "LIC-002  violation, on facts that are declared  (pack ai-licensing)",
        "  asks: Does everything allow commercial use?",
        "  licences: raw llama2  (declared, a card; system:desk → model:acme/llm)",
        "  licences: raw MIT  (not graded; system:desk)",
        "  would pass: Use another model.",
    ]
    assert desk.asked[1].query == {"limit": "1000", "asset": "system:desk", "rule": "LIC-002", "workspace": "care"}


@pytest.mark.usefixtures("desk")
def test_a_program_reads_the_same_as_json(allod: Allod) -> None:
    ran = allod("explain", "system:desk", "--json")
    assert json.loads(ran.out) == {"asset": ASSET, "violations": [VIOLATION], "judgements": [JUDGEMENT]}


def test_nothing_found_is_said(desk: SmallServer, allod: Allod) -> None:
    passed = {**JUDGEMENT, "rule": "RES-001", "outcome": "pass"}
    desk.on("GET", "/judgements", lambda _: (200, {"items": [passed, {**JUDGEMENT, "explanation": None}]}))
    desk.on("GET", "/violations", lambda _: (200, {"items": []}))
    assert "Nothing is found against it by RES-001." in allod("explain", "system:desk", "RES-001").out
    whole = allod("explain", "system:desk").out
    assert "Nothing is found against it." in whole
    assert "RES-001  pass, on facts that are declared  (pack ai-licensing)" in whole
    assert "would pass" not in whole
    assert "would pass" not in allod("explain", "system:desk", "RES-001").out


def test_an_asset_that_nobody_registered_is_told(server: SmallServer, allod: Allod) -> None:
    ran = allod("explain", "system:nobody")
    assert ran.code == 2
    assert "404" in ran.err
    assert len(server.asked) == 1
