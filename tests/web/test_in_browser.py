"""The pages in a real browser: they work, and they ask no other host for anything."""

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.web.conftest import TOKEN

pytestmark = pytest.mark.browser


def looked_at(browser: Browser, address: str) -> tuple[Page, list[str], list[str]]:
    page = browser.new_page()
    asked: list[str] = []
    complaints: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    return page, asked, complaints


def test_the_documentation_shows_every_call_without_another_host(browser: Browser, url: str) -> None:
    page, asked, complaints = looked_at(browser, f"{url}/docs")
    expect(page.locator(".opblock").first).to_be_visible(timeout=30_000)
    assert page.locator(".opblock").count() >= 30
    assert page.get_by_text("/api/v1/gate", exact=True).count() == 1
    assert [address for address in asked if not address.startswith((url, "data:"))] == []
    assert complaints == []


def test_a_call_can_be_tried_out_with_a_token(browser: Browser, url: str) -> None:
    page, _, complaints = looked_at(browser, f"{url}/docs")
    page.get_by_role("button", name="Authorize").first.click(timeout=30_000)
    page.get_by_label("auth-bearer-value").fill(TOKEN)
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").click()
    block = page.locator("#operations-workspaces-list_workspaces, [id$='list_workspaces']").first
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table tr.response .response-col_status").first).to_contain_text("200", timeout=15_000)
    assert complaints == []


def test_the_front_page_leads_on(browser: Browser, url: str) -> None:
    page, asked, complaints = looked_at(browser, url)
    expect(page.get_by_role("link", name="docs").or_(page.locator("a[href*='docs']")).first).to_be_visible()
    assert [address for address in asked if not address.startswith(url)] == []
    assert complaints == []
