"""What of a reading a source keeps, and under which refs."""

import pytest

from service.inventory.facts import Kind, Observation, Relation, RelationType
from service.scans.scope import lets_in, renamed


@pytest.mark.parametrize(
    ("include", "exclude", "kept"),
    [
        ((), (), True),
        (("model:*",), (), True),
        (("dataset:*",), (), False),
        ((), ("model:secret/*",), False),
        (("model:*",), ("*/x",), False),
        (("dataset:*", "model:secret/?"), ("vendor:*",), True),
    ],
)
def test_patterns(include: tuple[str, ...], exclude: tuple[str, ...], kept: bool) -> None:
    assert lets_in("model:secret/x", include, exclude) is kept


def test_every_ref_that_has_an_alias_is_called_by_it() -> None:
    seen = Observation(
        Kind.DATASET,
        "aws/s3/hr",
        "default",
        attributes={
            "owner": "vendor:acme-gmbh",
            "data_paths": [{"purpose": "backup", "region": "cloud_region:own/x"}],
            "synthetic": False,
        },
        relations=(
            Relation(RelationType.STORED_IN, "cloud_region:own/x"),
            Relation(RelationType.GENERATED_BY, "model:m"),
        ),
    )
    aliases = {
        "dataset:aws/s3/hr": "dataset:hr",
        "vendor:acme-gmbh": "vendor:acme",
        "cloud_region:own/x": "cloud_region:scaleway/fr-par",
    }
    called = renamed(seen, aliases)
    assert called.ref == "dataset:hr"
    assert [relation.to for relation in called.relations] == ["cloud_region:scaleway/fr-par", "model:m"]
    assert called.attributes == {
        "owner": "vendor:acme",
        "data_paths": [{"purpose": "backup", "region": "cloud_region:scaleway/fr-par"}],
        "synthetic": False,
    }
    assert renamed(seen, {}) is seen
