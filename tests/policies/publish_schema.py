"""Writes `policies/schema/input-v1.json` from the code: `python -m tests.policies.publish_schema`."""

import json

from service.evaluation.policy_input import schema
from service.foundation.settings import POLICIES


def main() -> None:
    text = json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False)
    (POLICIES / "schema" / "input-v1.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
