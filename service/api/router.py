"""Everything under `/api/v1`: one line for each resource."""

from fastapi import APIRouter

from service.api.openapi import PREFIX
from service.api.v1 import (
    assets,
    audit,
    bom,
    bulk,
    decisions,
    evaluations,
    gate,
    inventory,
    judgements,
    openness,
    packs,
    reference,
    rules,
    scans,
    sources,
    statements,
    tokens,
    violations,
    waivers,
    workspaces,
)

router = APIRouter(prefix=PREFIX)
router.include_router(workspaces.router)
router.include_router(assets.router)
router.include_router(bulk.router)
router.include_router(statements.router)
router.include_router(bom.router)
router.include_router(inventory.router)
router.include_router(sources.router)
router.include_router(scans.router)
router.include_router(violations.router)
router.include_router(waivers.router)
router.include_router(judgements.router)
router.include_router(evaluations.router)
router.include_router(gate.router)
router.include_router(decisions.router)
router.include_router(openness.router)
router.include_router(packs.router)
router.include_router(rules.router)
router.include_router(reference.router)
router.include_router(tokens.router)
router.include_router(audit.router)

# Paths that read their body as a stream, and the bytes that they may have of it.
STREAMS = {f"{PREFIX}/assets:bulk": bulk.BODY_MAX}
