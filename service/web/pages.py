"""Pages for people: the front page and the API's documentation, with everything they need in the package.

The content security policy holds the browser to it: a page that asked another host for anything would not get it.
"""

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

_HERE = Path(__file__).parent
_HEADERS = {
    # Swagger UI sets style attributes and draws its icons from data: addresses.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def install(app: FastAPI) -> None:
    """Serves `/`, `/docs` and what they load from `/static` and `/static/swagger`."""
    app.add_api_route("/", _front, include_in_schema=False)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.mount("/static/swagger", StaticFiles(directory=str(files("fastapi_offline") / "static")), name="swagger")
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")


async def _front() -> FileResponse:
    return FileResponse(_HERE / "templates" / "index.html", headers=_HEADERS)


async def _docs() -> FileResponse:
    return FileResponse(_HERE / "templates" / "docs.html", headers=_HEADERS)
