"""The pages need nothing from any other host."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.web import pages

LOADING = {"src", "href", "action", "data", "poster", "srcset"}


class Addresses(HTMLParser):
    """Collects every address that a page loads or leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, value or "") for name, value in attrs if name in LOADING]


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_a_page_names_no_other_host_and_all_it_loads_is_there(anonymous: TestClient, page: str) -> None:
    answer = anonymous.get(page)
    assert answer.status_code == 200
    assert not re.search(r"https?:|//[a-z]", answer.text, re.IGNORECASE)
    assert "<script>" not in answer.text  # the policy would not run it
    parser = Addresses()
    parser.feed(answer.text)
    assert parser.found
    for tag, address in parser.found:
        assert not address.startswith("/")  # relative: the page also works behind a proxy's prefix
        if address != "readyz":
            assert anonymous.get(f"/{address}").status_code == 200, (tag, address)


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_the_browser_is_told_to_ask_nobody_else(anonymous: TestClient, page: str) -> None:
    policy = anonymous.get(page).headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    sources = {source for value in directives.values() for source in value.split()}
    assert sources <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert "'unsafe-inline'" not in directives["script-src"]


def test_our_own_static_files_name_no_other_host() -> None:
    for file in (Path(pages.__file__).parent / "static").iterdir():
        text = file.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")  # a name, never fetched
        assert not re.search(r"https?://", text), file.name


def test_swagger_s_style_sheet_loads_nothing_from_elsewhere() -> None:
    style = (files("fastapi_offline") / "static" / "swagger-ui.css").read_text()
    assert not re.search(r"(?:url\(|@import\s*)[\"']?(?:https?:)?//", style)


def test_swagger_s_online_validator_is_off() -> None:
    assert "validatorUrl: null" in (Path(pages.__file__).parent / "static" / "docs.js").read_text()
