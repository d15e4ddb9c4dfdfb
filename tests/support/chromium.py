"""Chromium, and what a student does with it: log in, and run cells of a notebook in Lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from client import DEADLINE_SECONDS
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

PATIENCE_MILLISECONDS = 1000 * DEADLINE_SECONDS
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")


@contextmanager
def chromium(*switches: str) -> Iterator[Browser]:
    """Chromium without a screen, begun with more switches of its own."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*SWITCHES, *switches])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_page(browser: Browser) -> Iterator[Page]:
    """A page of somebody who has not been here before. It takes any certificate: Chromium reads no CA from a file."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    try:
        yield context.new_page()
    finally:
        context.close()


def log_in(page: Page, url: str, name: str, password: str) -> None:
    """Log in to the hub, and come to an empty Lab."""
    page.goto(url)
    page.locator("#username_input").fill(name)
    page.locator("#password_input").fill(password)
    page.locator("#login_submit").click()
    page.wait_for_url("**/user/**/lab**")
    # Lab opens again what was open before; its launcher is the same each time.
    page.goto(page.url.partition("?")[0] + "?reset")
    page.locator(".jp-Launcher").first.wait_for()


class Notebook:
    """A new notebook, opened from the launcher."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.locator('.jp-LauncherCard[data-category="Notebook"]').first.click()
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        self.cells = 0

    def run(self, code: str) -> str:
        """What the code of a new cell prints."""
        output = self.execute(code).locator(".jp-OutputArea-output pre")
        output.wait_for()
        return output.inner_text().strip()

    def execute(self, code: str) -> Locator:
        """The cell of a code that is run."""
        self.panel.locator(".jp-CodeCell .cm-content").nth(self.cells).click()
        self.page.keyboard.type(code)
        self.page.keyboard.press("Shift+Enter")
        self.cells += 1
        return self.panel.locator(".jp-CodeCell").nth(self.cells - 1)

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.page.get_by_role("button", name="Rename and Save").click()
        expect(self.page.locator(".lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)
