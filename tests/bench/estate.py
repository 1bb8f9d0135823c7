"""A generated estate with the shape of real ones: few base models, many fine-tunes of fine-tunes, shared hosts."""

import random
from collections.abc import Iterator
from typing import Any

REGIONS = (
    "aws/eu-central-1",
    "aws/us-east-1",
    "azure/westeurope",
    "google/europe-west3",
    "ovhcloud/GRA",
    "scaleway/fr-par",
    "hetzner/fsn1",
)
LICENCES = ("Apache-2.0", "MIT", "llama2", "llama3.1", "gemma", "CC-BY-NC-4.0", "openrail", "Apache 2.0", "custom")
CLASSES = ("public", "internal", "personal", "health", "financial")


def manifests(count: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """`count` manifests: 1 % base models, 34 % derived models, 20 % datasets, 5 % hosts, 2 % services, 38 % systems."""
    dice = random.Random(seed)  # noqa: S311 -- a benchmark, not a secret
    bases, derived, datasets = max(count // 100, 1), count * 34 // 100, count // 5
    hosts, services = max(count // 20, 1), max(count // 50, 1)
    systems = count - bases - derived - datasets - hosts - services
    for n in range(bases):
        yield _manifest(
            "model", f"base/m{n}", licence=dice.choice(LICENCES), weights=dice.choice(("open", "gated", "closed"))
        )
    for n in range(datasets):
        region = f"cloud_region:{dice.choice(REGIONS)}"
        yield _manifest(
            "dataset",
            f"d{n}",
            [{"type": "stored_in", "to": region}],
            licence=dice.choice(LICENCES),
            data_classes=[dice.choice(CLASSES)],
            data_paths=[{"purpose": "storage", "region": region}],
        )
    for n in range(hosts):
        yield _manifest(
            "gpu_host",
            f"h{n}",
            [{"type": "located_in", "to": f"cloud_region:{dice.choice(REGIONS)}"}],
            tenancy="dedicated",
        )
    for n in range(services):
        region = f"cloud_region:{dice.choice(REGIONS)}"
        yield _manifest(
            "ai_service", f"s{n}", provider="vendor:openai", data_paths=[{"purpose": "processing", "region": region}]
        )
    for n in range(derived):
        # Half stand on a base, half on an earlier fine-tune: chains of five to ten are usual, as on a model hub.
        base = (
            f"model:base/m{dice.randrange(bases)}"
            if n == 0 or dice.random() < 0.5
            else f"model:tuned/m{dice.randrange(n)}"
        )
        relations = [{"type": "derived_from", "to": base, "as": "finetune"}]
        relations += [
            {"type": "trained_on", "to": f"dataset:d{dice.randrange(datasets)}"} for _ in range(dice.randrange(3))
        ]
        yield _manifest("model", f"tuned/m{n}", relations, licence=dice.choice(LICENCES), weights="open")
    for n in range(systems):
        relations = [{"type": "uses", "to": f"model:tuned/m{dice.randrange(derived)}"}]
        relations.append({"type": "runs_on", "to": f"gpu_host:h{dice.randrange(hosts)}"})
        if dice.random() < 0.3:
            relations.append({"type": "uses", "to": f"ai_service:s{dice.randrange(services)}"})
        if dice.random() < 0.5:
            relations.append({"type": "uses", "to": f"dataset:d{dice.randrange(datasets)}"})
        yield _manifest(
            "system",
            f"app{n}",
            relations,
            commercial=dice.random() < 0.5,
            criticality=dice.choice(("low", "medium", "high", "critical")),
            data_classes=[dice.choice(CLASSES)],
            data_paths=[{"purpose": "storage", "region": f"cloud_region:{dice.choice(REGIONS)}"}],
            exit_plan={"tested_on": f"202{dice.choice('56')}-0{dice.randrange(1, 10)}-15"},
        )


def _manifest(kind: str, name: str, relations: list[dict[str, str]] | None = None, **attributes: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "attributes": attributes, "relations": relations or []}
