"""A real Chromium in front of a local cloud: what every test of the pages needs.

Every page that is opened here is watched: an error on its console, an exception, a request to another host or
a request that failed fails the test.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from local import server
from local.sample import Place
from tests.support.permissions import recording

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = ROOT / "build" / "screenshots"
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
SERIOUS = ("serious", "critical")

OpenPage = Callable[..., Page]
"""Opens a new browser window: `open_page(phone=True, dark=True)`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser and a cloud."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.cloud)


def pytest_runtest_call(item: pytest.Item) -> None:
    """Let the recording say which tests it is of."""
    recording.note_run(item)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Place]:
    """A local cloud with the stack and nothing else in it."""
    with server.start(port=0, seed=False) as running:
        place = Place(running.endpoint)
        yield place
        recording.write(place, "browser")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; the one that Playwright would download is not asked for."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no Chromium; Debian has it in the package chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    """What went wrong in the pages of a test. A test may take out what it has brought about on purpose."""
    return []


@pytest.fixture
def open_page(chromium: Browser, cloud: Place, faults: list[str]) -> Iterator[OpenPage]:
    """Opens windows that do not know each other; one whose page did something odd fails the test."""
    contexts = []

    def open_one(*, phone: bool = False, dark: bool = False, scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport=PHONE if phone else DESK,
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        _watch(page, urlsplit(cloud.endpoint).netloc, faults)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert faults == []


def _watch(page: Page, host: str, faults: list[str]) -> None:
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url} {request.failure}"))
    page.on(
        "request",
        lambda request: (
            faults.append(f"foreign: {request.url}") if urlsplit(request.url).netloc != host else None
        ),
    )


def accessibility_faults(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical: rule, sentence, and where.

    https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['help']}: {json.dumps([node['target'] for node in each['nodes']][:3])}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
    ]


def is_as_wide_as_its_window(page: Page) -> bool:
    """Whether a page can be read without moving it sideways."""
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"))


def keep_picture(page: Page, name: str, *, whole: bool = True) -> Path:
    """A screenshot below build/screenshots."""
    path = SCREENSHOTS / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=whole)
    return path
