"""The input document is a product: its published schema changes only on purpose."""

import json
from pathlib import Path

from service.evaluation.policy_input import schema


def test_the_published_schema_is_that_of_the_code(policies: Path) -> None:
    file = policies / "schema" / "input-v1.json"
    assert json.loads(file.read_text(encoding="utf-8")) == schema(), (
        "input v1 is a contract; to publish an addition: python -m tests.policies.publish_schema"
    )
