"""Decisions of the gate for those who write them down: every field there, as the API answers it."""

import hashlib
from typing import Any

from hypothesis import strategies as st

WAIVER = {
    "id": "0197",
    "reason": "Moves in spring.",
    "approved_by": "anna",
    "expires_at": "2027-01-01T00:00:00+00:00",
}
RULES = {
    "RES-001": {
        "title": "Personal data stays where it may lie",
        "description": "Storage lies in an allowed place.",
        "severity": "high",
        "theme": "residency",
        "remedy": "Move it to an allowed place.",
        "controls": [{"framework": "GDPR", "id": "Art. 44", "title": "Transfers"}],
    }
}


def reason(**given: Any) -> dict[str, Any]:
    """A finding that blocks."""
    whole = {
        "rule": "RES-001",
        "pack": "eu-data-residency",
        "outcome": "violation",
        "severity": "high",
        "asset": "system:desk",
        "subject": "tickets",
        "message": "Storage of personal data lies in US.",
        "path": ["system:desk", "cloud_region:aws/us-east-1"],
        "enforcement": "block",
        "remedy": "Move it to an allowed place.",
        "blocks_from": None,
        "waiver": None,
        "via": "system:desk",
        "place": {"file": "k8s/desk.yaml", "line": 12},
        "softened": None,
        "baseline": None,
        **given,
    }
    name = "|".join((whole["asset"], whole["rule"], whole["pack"], whole["subject"]))
    return {"fingerprint": hashlib.sha256(name.encode(errors="replace")).hexdigest(), **whole}


def waived(**given: Any) -> dict[str, Any]:
    return reason(enforcement="inform", waiver=WAIVER, **given)


def decision(verdict: str = "block", *reasons: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {
        "id": "0197f7a0-0000-7000-8000-000000000000",
        "digest": "d" * 64,
        "verdict": verdict,
        "undecided": False,
        "workspace": "default",
        "point": "ci",
        "as_of": "2026-11-25",
        "engine": "embedded 0.13.0",
        "judged": 7,
        "reasons": list(reasons),
        "rules": RULES,
        "missing": [],
        "ignored": [],
        **given,
    }


MISSING = {
    "asset": "system:desk",
    "what": "The region is not known.",
    "add": "annotations:\n  allod.dev/region: aws/eu-west-1",
    "file": "k8s/desk.yaml",
    "line": 4,
}
IGNORED = {"what": "ConfigMap/desk", "why": "holds no workload", "file": "k8s/desk.yaml", "line": 40}

FULL = decision(
    "block",
    reason(baseline="new"),
    reason(
        asset="dataset:acme/tickets",
        rule="LIC-009",
        outcome="unknown",
        severity="medium",
        enforcement="warn",
        subject="licence",
        place=None,
        path=["dataset:acme/tickets", "system:desk"],
        softened="severity",
        baseline="known",
    ),
    reason(rule="LIC-003", enforcement="warn", blocks_from="2027-01-01", severity="low", softened="LIC-003"),
    waived(subject="logs"),
    reason(rule="PRV-001", outcome="unknown", enforcement="inform", severity="info", asset="model:acme/m", place=None),
    missing=[MISSING],
    ignored=[IGNORED],
)

HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [
                "]]>",
                "\n::error::x",
                "-->",
                "</details>",
                "<script>alert(1)</script>",
                "![x](y)",
                "[x](https://evil.example)",
                "https://evil.example",
                " @team",
                " #12",
                "|",
                "`",
                "```",
                "\r\n",
                "\x00",
                "\x1b[31m",
                "\u202e",
                "\u2028",
                "\ud800",
                "\ufffe",
                "%0A",
                "{0}",
                "\\",
                "&lt;",
                "word",
            ]
        ),
    ),
    max_size=6,
).map("".join)
"""Text that means something to one of the tools."""


@st.composite
def hostile_decisions(draw: st.DrawFn) -> dict[str, Any]:
    """Decisions of which every text may be anything."""

    def text() -> str:
        return draw(HOSTILE)

    waiver = {"id": "w", "reason": text(), "approved_by": text(), "expires_at": text()}
    given = [
        reason(
            rule=text(),
            pack=text(),
            severity=draw(st.sampled_from(["critical", "info", "odd"])),
            outcome=draw(st.sampled_from(["violation", "unknown", "error"])),
            asset=text(),
            subject=text(),
            message=text(),
            path=[text(), text()],
            enforcement=enforcement,
            remedy=text(),
            waiver=waiver if enforcement == "inform" else None,
            place=draw(st.sampled_from([None, {"file": text(), "line": 3}])),
            fingerprint=draw(st.sampled_from(["f" * 64, ""])),
        )
        for enforcement in draw(st.lists(st.sampled_from(["block", "warn", "inform"]), max_size=3))
    ]
    rules = {
        one["rule"]: {
            "title": text(),
            "description": text(),
            "severity": one["severity"],
            "theme": text(),
            "remedy": text(),
            "controls": [{"framework": text(), "id": text(), "title": text()}],
        }
        for one in given
    }
    missing = [{"asset": text(), "what": text(), "add": text(), "file": text(), "line": 1}]
    return decision(
        draw(st.sampled_from(["allow", "warn", "block"])),
        *given,
        rules=rules,
        missing=missing,
        undecided=draw(st.booleans()),
        workspace=text(),
    )
