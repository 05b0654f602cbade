"""The walk in the README with a real browser: the newcomer opens the links that are printed, and decides.

tests/use_cases/test_walk.py begins with `make up`, ends with `make down`, and reads what the commands print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from local.demo.watch import running_digests
from local.sample import Place
from tests.browser.conftest import OpenPage, accessibility_faults, keep_picture
from tests.support.walk import STATUS_LINK, Terminal, blocks, checkout, link_in

pytestmark = pytest.mark.timeout(480)


@pytest.fixture
def terminal(cloud: Place, tmp_path: Path) -> Iterator[Terminal]:
    """A shell in a checkout, while the local cloud runs in another one."""
    with Terminal(tmp_path, checkout(tmp_path), urlsplit(cloud.endpoint).port or 0) as opened:
        yield opened


def test_a_newcomer_approves_in_the_browser_and_sees_it_in_production(
    cloud: Place, terminal: Terminal, open_page: OpenPage
):
    # Given
    settings, create, push, look, bad, _ = blocks()
    terminal.run(settings)
    terminal.run(create)
    first = running_digests(cloud, "shop", ("prod",))["prod"]
    page = open_page()

    # When an image is pushed, and the link in the mail is opened
    page.goto(link_in(terminal.run(push)))

    # Then
    expect(page.get_by_role("heading", level=1)).to_have_text("Approve shop 1.1.0 for prod?")
    expect(page.get_by_role("main")).to_contain_text("Ada Lovelace <ada@example.com>")
    expect(page.get_by_role("main")).to_contain_text("staging: succeeded")
    assert running_digests(cloud, "shop", ("prod",))["prod"] == first

    # When it is approved
    page.get_by_role("button", name="Approve", exact=True).click()

    # Then it runs in production, which the status pages show
    expect(page.get_by_role("heading", level=1)).to_have_text("Approved: shop in prod")
    status = link_in(terminal.run(look), STATUS_LINK)
    good = running_digests(cloud, "shop", ("prod",))["prod"]
    assert good != first
    page.goto(status)
    page.get_by_role("button").click()
    page.get_by_role("link", name="Services").first.click()
    page.get_by_role("searchbox").fill("shop")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="shop", exact=True).first.click()
    shown = page.get_by_role("main")
    expect(shown).to_contain_text("1.1.0")
    expect(shown).to_contain_text(good.removeprefix("sha256:")[:12])
    expect(shown).to_contain_text("you@example.com")
    assert accessibility_faults(page) == []
    keep_picture(page, "walk-in-production")

    # When a bad image is pushed
    terminal.run(bad)
    page.reload()

    # Then the same page says so, and the good one runs
    expect(shown.get_by_text(re.compile("rolled back", re.IGNORECASE)).first).to_be_visible()
    assert running_digests(cloud, "shop", ("prod",))["prod"] == good
