"""A student with a browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import Notebook, chromium, log_in, new_page
from client import Hub, Student
from homes import HOARD
from lab import Lab
from playwright.sync_api import Browser, Page, expect

# A home of its own for each run: what Lab remembers of an earlier one is not what a new student sees.
NAME = f"o'neil.{uuid.uuid4().hex[:8]}@uni.edu"
CODE = "import os; print('on', os.environ['GALILEAN_NODE'], 'answer', 6 * 7)"
SAVE = "print(open('diary.txt', 'a+').write('dear diary'))"
# A first plot, and a slider, which needs the widgets' part in Lab.
PLOT = "import ipywidgets, matplotlib.pyplot as plt; display(ipywidgets.IntSlider()); plt.plot([0, 1, 4, 9]);"
READ = "print('read:', open('diary.txt').read())"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, artifacts: Path) -> Iterator[Page]:
    # The certificate is checked by the tests of the proxy.
    with new_page(browser) as page:
        yield page
        page.screenshot(path=artifacts / "last-page.png")


def log_out(page: Page) -> None:
    page.locator("#jp-MainMenu >> text=File").click()
    page.locator('.lm-Menu-item[data-command="hub:logout"]').click()
    page.wait_for_url("**/hub/login*")


def test_a_student_works_logs_out_and_finds_the_file_on_another_node(
    page: Page, hub: Hub, placement: Lab, access: dict[str, Any], artifacts: Path
) -> None:
    with hub.student(NAME) as student:
        placement.pause("europa")
        log_in(page, access["url"], NAME, access["password"])
        notebook = Notebook(page)
        assert notebook.run(CODE) == "on io answer 42"
        assert notebook.run(SAVE) == "10"
        cell = notebook.execute(PLOT)
        expect(cell.locator(".widget-slider")).to_be_visible()
        expect(cell.locator(".jp-RenderedImage img")).to_be_visible()
        notebook.save()
        expect(page.locator("#jp-main-statusbar")).to_contain_text(re.compile(r"Disk: +[\d.]+ / [\d.]+ "))
        page.screenshot(path=artifacts / "lab.png")
        log_out(page)

        student.stop()
        placement.activate("europa")
        placement.pause("io")
        log_in(page, access["url"], NAME, access["password"])
        page.locator(".jp-DirListing-itemText", has_text="Untitled.ipynb").wait_for()
        notebook = Notebook(page)
        assert notebook.run(CODE) == "on europa answer 42"
        assert notebook.run(READ) == "read: dear diary"
        page.screenshot(path=artifacts / "lab-on-the-other-node.png")
        log_out(page)


@pytest.mark.seldom
def test_a_student_whose_home_is_full_reads_it_in_lab(
    page: Page,
    hub: Hub,
    placement: Lab,
    access: dict[str, Any],
    artifacts: Path,
    shrink: Callable[[Student], None],
) -> None:
    placement.pause("europa")
    with hub.student(NAME) as student:
        student.start()
        student.stop()
        shrink(student)
        log_in(page, access["url"], NAME, access["password"])
        notebook = Notebook(page)
        notebook.save()
        student.run(HOARD)
        notebook.run("print('a line more')")
        page.keyboard.press("Control+s")
        expect(page.locator(".jp-Dialog-content")).to_contain_text("Your home is full: it holds 40 files")
        expect(page.locator("#jp-main-statusbar")).to_contain_text("Disk: 1.00 / 1.00 MB")
        page.screenshot(path=artifacts / "full-home.png")


def test_the_pages_a_student_sees_first(page: Page, access: dict[str, Any], artifacts: Path) -> None:
    page.goto(access["url"])
    page.locator("#login_submit").wait_for()
    page.screenshot(path=artifacts / "login.png")
    page.locator("#username_input").fill("stranger")
    page.locator("#password_input").fill("not the password")
    page.locator("#login_submit").click()
    expect(page.locator(".login_error")).to_contain_text("Invalid username or password")
