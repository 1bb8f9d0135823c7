"""Writes the schemas in `policies/schema` from the code: `python -m tests.policies.publish_schema`."""

import json

from service.evaluation import policy_input
from service.foundation.settings import POLICIES
from service.inventory import manifest


def main() -> None:
    for name, schema in (("input-v1", policy_input.schema()), ("manifest-v1", manifest.schema())):
        text = json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False)
        (POLICIES / "schema" / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
