"""An operator reads the status pages of a fleet of a thousand services, in a real browser."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from bench.pages_report.fleet import Fleet, names, ports_of, without_sweep
from bench.pages_report.story import chat, fail, tell
from bench.pages_report.visitor import address_of
from local.sample import Place
from tests.browser.conftest import (
    OpenPage,
    accessibility_faults,
    is_as_wide_as_its_window,
    keep_picture,
)

SERVICES = 1000
SERVICE = "checkout-web"
pytestmark = pytest.mark.timeout(480)


@dataclass(frozen=True)
class Told:
    """What the ledger was filled with."""

    place: Place
    succeeded: str
    rolled_back: str

    def pages(self) -> dict[str, str]:
        """A name for every page, and its path."""
        return {
            "status-home": "status",
            "status-services": "status/services",
            "status-services-found": "status/services?q=checkout",
            "status-service": f"status/services/{SERVICE}",
            "status-release": f"status/releases/{self.succeeded}",
            "status-release-rolled-back": f"status/releases/{self.rolled_back}",
            "status-audit": "status/audit",
            "status-audit-mistake": "status/audit?service=No!&from=yesterday",
            "status-nothing": "status/releases/nothing",
        }


@pytest.fixture(scope="session")
def told(cloud: Place) -> Told:
    """A thousand services, forty releases on their way, one that was judged and one that was rolled back."""
    ports = ports_of(cloud)
    without_sweep(cloud)
    fleet = Fleet(ports)
    fleet.fill(SERVICES)
    fleet.busy(40, 5, 7)
    good, bad = tell(ports, fleet, SERVICE), fail(ports, fleet, SERVICE)
    chat(ports, fleet, names(SERVICES), 250)
    return Told(cloud, good.id, bad.id)


def base_of(page: Page) -> str:
    return page.url.partition("/status")[0]


def signed_in(told: Told, page: Page) -> Page:
    """Follow a link that was given and press its button."""
    page.goto(address_of(told.place))
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What is going on now")
    return page


def ignore(faults: list[str], pattern: str) -> None:
    """Take out what the test has brought about: Chromium writes answers of 400 and more on its console."""
    faults[:] = [fault for fault in faults if not re.search(pattern, fault)]


REFUSED = r"the server responded with a status of (401|404|422)"


def test_a_link_lets_one_person_in_once(told: Told, open_page: OpenPage, faults: list[str]):
    # Given
    page = open_page()
    link = address_of(told.place)

    # When it is opened, and opened again, and its form is sent
    page.goto(link)
    page.reload()
    expect(page.get_by_text("ada@example.com")).to_be_visible()
    assert accessibility_faults(page) == []
    keep_picture(page, "status-link")
    page.get_by_role("button", name="Open").click()

    # Then
    expect(page).to_have_url(re.compile(r"/status$"))
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")

    # When somebody else follows the same link
    other = open_page()
    other.goto(link)

    # Then
    expect(other.get_by_role("heading", level=1)).to_have_text("Run tidegate open")
    ignore(faults, REFUSED)


def test_without_a_session_there_is_one_page_that_says_what_to_do(
    told: Told, open_page: OpenPage, faults: list[str]
):
    page = open_page(phone=True)
    page.goto(address_of(told.place))
    base = base_of(page)
    bodies = set()
    for path in (*told.pages().values(), "status/open/forged"):
        answer = page.goto(f"{base}/{path}")
        assert answer
        assert answer.status == 401
        bodies.add(page.content())
    assert len(bodies) == 1
    assert accessibility_faults(page) == []
    keep_picture(page, "status-closed")
    ignore(faults, REFUSED)


def test_signing_out_closes_the_pages(told: Told, open_page: OpenPage, faults: list[str]):
    page = signed_in(told, open_page())

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Run tidegate open")
    assert page.context.cookies() == []
    ignore(faults, REFUSED)


@pytest.mark.parametrize("look", ["desk", "phone", "dark", "phone-dark"])
def test_every_page_can_be_read_by_everybody(told: Told, open_page: OpenPage, faults: list[str], look: str):
    # Given
    page = signed_in(told, open_page(phone="phone" in look, dark="dark" in look))
    base = base_of(page)

    for name, path in told.pages().items():
        # When
        page.goto(f"{base}/{path}")

        # Then
        assert accessibility_faults(page) == [], name
        assert is_as_wide_as_its_window(page), name
        keep_picture(page, name if look == "desk" else f"{name}-{look}")
    ignore(faults, REFUSED)


def test_all_is_there_without_scripts(told: Told, open_page: OpenPage):
    page = signed_in(told, open_page(scripts=False))

    page.get_by_role("link", name="Services").click()
    page.get_by_label("Name begins with").fill("checkout-w")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=SERVICE, exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(SERVICE)


def test_an_operator_finds_why_a_release_was_rolled_back(told: Told, open_page: OpenPage):
    # Given
    page = signed_in(told, open_page())

    # When they go from the fleet to the service to its release
    page.get_by_role("link", name="Services").click()
    page.get_by_label("Name begins with").fill(SERVICE)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=SERVICE, exact=True).click()
    row = page.get_by_role("row").filter(has_text="rolled back in staging")
    row.get_by_role("link").click()

    # Then
    expect(page.get_by_role("heading", level=1)).to_contain_text("rolled back")
    expect(page.get_by_text("out of memory").first).to_be_visible()
    expect(page.get_by_role("heading", name="In quarantine because of this release")).to_be_visible()
    timeline = page.get_by_role("list").filter(has_text="Release created")
    expect(timeline.get_by_role("listitem").first).to_contain_text("Release created")
    execution = page.get_by_role("link", name="Execution in Step Functions").get_attribute("href")
    assert execution
    assert told.rolled_back in execution


def test_a_judged_release_shows_its_evidence(told: Told, open_page: OpenPage):
    page = signed_in(told, open_page())

    page.goto(f"{base_of(page)}/status/releases/{told.succeeded}")

    expect(page.get_by_role("img", name=re.compile("Weight, errors and evidence"))).to_be_visible()
    page.get_by_text("The figures of 30 periods").click()
    expect(page.get_by_role("columnheader", name="errors, canary")).to_be_visible()
    expect(page.get_by_text("go before noon").first).to_be_visible()


def test_all_services_can_be_paged_through(told: Told, open_page: OpenPage):
    # Given
    page = signed_in(told, open_page())
    page.get_by_role("link", name="Services").click()

    # When
    seen: list[str] = []
    while True:
        seen += page.locator("th[scope=rowgroup]").all_inner_texts()
        following = page.get_by_role("link", name="Next page")
        if not following.count():
            break
        following.click()

    # Then nobody is there twice, and of the fleet nobody is missing
    assert len(seen) == len(set(seen))
    assert set(names(SERVICES)) <= set(seen)


def test_the_audit_trail_is_filtered_paged_and_exported(told: Told, open_page: OpenPage, faults: list[str]):
    # Given
    page = signed_in(told, open_page())
    page.get_by_role("link", name="Audit trail").click()

    # When
    page.get_by_label("Kind begins with").fill("freeze")
    page.get_by_label("From", exact=True).fill("2020-01-01")
    page.get_by_role("button", name="Show").click()

    # Then
    codes = page.locator("tbody code").all_inner_texts()
    assert codes
    assert set(codes) == {"freeze.set"}

    # When it is exported, as far as it goes
    found = page.context.request.get(f"{base_of(page)}/status/audit.json?kind=freeze")
    document = json.loads(found.text())

    # Then
    times = [datetime.fromisoformat(entry["at"]) for entry in document["entries"]]
    assert times == sorted(times, reverse=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "tidegate-audit.csv"
    ignore(faults, r"audit\.csv\S* net::ERR_ABORTED")  # a page that becomes a download is none


def test_the_pages_are_walked_by_keyboard(told: Told, open_page: OpenPage):
    # Given
    page = signed_in(told, open_page())

    # When
    page.keyboard.press("Tab")

    # Then the first stop leads past the menu, and every stop can be seen
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    focused = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert focused == "solid"
