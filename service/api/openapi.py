"""The OpenAPI document: FastAPI's, with what holds for every operation written into every operation."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from service.api.schemas.problem import MEDIA_TYPE, Problem

PREFIX = "/api/v1"

DESCRIPTION = """\
Governance of AI that its owner controls: an inventory of AI components, who can compel whom, and Rego policies over it.

Every call under `/api/v1` needs `Authorization: Bearer <token>`. A refusal is an `application/problem+json` document
(RFC 9457); decide by its `type`. Lists answer `{"items": […], "next_cursor": …}`; hand the cursor back unchanged."""

TAGS = [
    {"name": "inventory", "description": "What there is: assets, their lineage and history."},
    {"name": "scans", "description": "Discovery: what is read, how often, and what each reading saw."},
    {"name": "violations", "description": "What is wrong, since when, and how to mend it."},
    {"name": "evaluations", "description": "Judging the estate again."},
    {"name": "gate", "description": "May this ship? And why was it decided so?"},
    {"name": "policy", "description": "Rules and packs."},
    {"name": "reference", "description": "What the world knows: regions, vendors, licences."},
    {"name": "workspaces", "description": "Inventories of their own."},
    {"name": "access", "description": "Access tokens."},
    {"name": "audit", "description": "Who changed what, in a chain that shows tampering."},
    {"name": "health", "description": "For orchestrators and Prometheus; no token needed."},
]

_REFUSALS = {
    "401": "No valid access token",
    "403": "The token's role does not carry the permission",
    "404": "Not there, or not the caller's to see",
    "422": "The input cannot be accepted; `errors` says where and what was expected",
    "default": "Any other refusal",
}


def operation_id(route: APIRoute) -> str:
    """The endpoint's function name: what a generated client calls its method."""
    return route.name


def install(app: FastAPI) -> None:
    """Has `app` describe itself in this way at `/openapi.json`."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        tags=TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own shape, which nothing here answers with
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operations in document["paths"].items():
        if path.startswith(PREFIX):
            for operation in operations.values():
                for status, description in _REFUSALS.items():
                    operation["responses"][status] = {"description": description, "content": content}
    return document
