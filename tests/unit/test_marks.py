"""What people write on their own things."""

import pytest

from service.inventory.facts import Kind
from service.scans.draft import Draft
from service.scans.marks import apply, labels, name_of


def test_a_ref_names_the_asset() -> None:
    assert name_of(Kind.DATASET, "aws/s3/hr", {"allod.dev/ref": "dataset:hr"}) == ("hr", None)
    assert name_of(Kind.DATASET, "aws/s3/hr", {"team": "x"}) == ("aws/s3/hr", None)
    for wrong in ("hr", "model:hr", "dataset:"):
        name, trouble = name_of(Kind.DATASET, "aws/s3/hr", {"allod.dev/ref": wrong})
        assert (name, "no ref of kind dataset" in str(trouble)) == ("aws/s3/hr", True)


def test_marks_state_attributes_and_relations() -> None:
    draft = Draft("system", "desk", "Desk")
    tags = {
        "allod.dev/ref": "system:desk",
        "allod.dev/commercial": "Yes",
        "allod.dev/data-classes": "personal, health",
        "allod.dev/owner-team": " care ",
        "allod.dev/uses": "model:a; dataset:b",
        "env": "prod",
    }
    assert apply(draft, tags, source="tags") == []
    assert draft.attributes == {"commercial": True, "data_classes": ["personal", "health"], "owner_team": "care"}
    assert {one["grade"] for one in draft.evidence.values()} == {"declared"}
    assert set(draft.relations) == {("uses", "model:a"), ("uses", "dataset:b")}


@pytest.mark.parametrize(
    ("mark", "text", "words"),
    [
        ("commercial", "perhaps", "cannot be understood"),
        ("data-classes", " ", "cannot be understood"),
        ("tenancy", "shared", "says nothing about a system"),
        ("uses", "vendor:x", "cannot point at"),
        ("uses", "nonsense", "cannot point at"),
        ("colour", "red", "there is no mark"),
    ],
)
def test_what_cannot_be_understood_is_told(mark: str, text: str, words: str) -> None:
    draft = Draft("system", "desk", "Desk")
    (trouble,) = apply(draft, {f"allod.dev/{mark}": text}, source="tags")
    assert words in trouble
    assert (draft.attributes, draft.relations) == ({}, {})


def test_other_tags_are_labels() -> None:
    tags = {"Team Name": "a\tb", "-.x": "1", "empty": " ", "allod.dev/ref": "x", "long": "y" * 900, "???": "z"}
    assert labels(tags) == {"Team-Name": "a b", "x": "1", "long": "y" * 500}
