"""People open the mail, follow the link, read and decide, in a real browser on the local cloud."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Page, expect

from local.demo import watch
from local.demo.approver import Approver
from local.sample import Place, SampleService
from tests.browser.conftest import (
    OpenPage,
    accessibility_faults,
    is_as_wide_as_its_window,
    keep_picture,
)
from tidegate.domain.judge.plot import Point, draw
from tidegate.domain.judge.settings import JudgeSettings

T = TypeVar("T")
pytestmark = pytest.mark.timeout(480)
PATIENCE_SECONDS = 120
LABELS = {
    "org.opencontainers.image.revision": "7c1f0e52a9d4",
    "org.opencontainers.image.authors": "Ada Lovelace <ada@example.com>",
    "org.opencontainers.image.source": "https://git.example.com/shop/checkout",
    "org.opencontainers.image.created": "2026-11-23T08:14:00Z",
}
WAIVED = "CVE-2026-20001"
OVER = r"the server responded with a status of (403|404|409|410|422)"


def until(look: Callable[[], T | None], what: str) -> T:
    """Look again and again until there is something to see."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.3)
    raise AssertionError(f"After {PATIENCE_SECONDS} s still not: {what}.")


@dataclass
class Release:
    """A release of a service of its own that people are asked about."""

    place: Place
    service: SampleService
    digest: str
    people: dict[str, str] = field(default_factory=dict)

    @property
    def execution(self) -> str:
        """The newest execution of this service."""
        every = watch.executions(self.place, "normal_deployment")
        return until(
            lambda: next((arn for arn in every if self.service.name in arn.rpartition(":")[2]), None),
            "it begins",
        )

    def link(self, who: str) -> str:
        """The link in the newest mail of somebody."""

        def newest() -> str | None:
            links = Approver(self.place, self.people[who]).links()
            return links[-1] if links else None

        return until(newest, f"{who} has a mail")

    def next_link(self, who: str, after: str) -> str:
        """The link in a mail that came after another one."""
        return until(lambda: found if (found := self.link(who)) != after else None, f"{who} has another mail")

    def ended(self) -> watch.Ending:
        """How the release ended."""
        execution = self.execution
        return until(lambda: watch.ending(self.place, execution), "it ends")

    def runs(self) -> str:
        """What runs in production."""
        return watch.running_digests(self.place, self.service.name, ("prod",))["prod"]


def asked(
    place: Place,
    *people: str,
    name: str | None = None,
    environments: tuple[str, ...] = ("prod",),
    push: dict[str, Any] | None = None,
    change: Callable[[dict[str, Any]], None] | None = None,
    **rule: Any,
) -> Release:
    """Let a release come to where somebody is asked about it."""
    name = name or f"web{uuid.uuid4().hex[:6]}"
    addresses = {each: f"{each}@{name}.example.com" for each in people}

    def adapt(manifest: dict[str, Any]) -> None:
        manifest["environments"] = [each for each in manifest["environments"] if each["name"] in environments]
        manifest["environments"][-1]["approval"] = {
            "approvers": list(addresses.values()),
            "expires_after_seconds": 86_400,
            **rule,
        }
        if change is not None:
            change(manifest)

    service = SampleService(place, name, adapt)
    service.create(environments)
    service.register()
    service.confirm_approvers()
    digest = service.push("1.1.0", **(push or {}))
    return Release(place, service, digest, addresses)


def ignore(faults: list[str]) -> None:
    """Take out what a test has brought about: Chromium writes answers of 400 and more on its console."""
    faults[:] = [fault for fault in faults if not re.search(OVER, fault)]


def heading(page: Page) -> Any:
    return page.get_by_role("heading", level=1)


def change_something(manifest: dict[str, Any]) -> None:
    """What a team changes together with its image: a variable, a secret, a finding that is waived."""
    prod = manifest["environments"][-1]
    prod["overrides"]["environment"]["app"]["PAGE_SIZE"] = "50"
    prod["overrides"]["secrets"] = {
        "app": {"API_TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/token-a1b2c3"}
    }
    manifest["scan"]["waivers"] = [
        {
            "id": WAIVED,
            "reason": "The parser is not reachable from outside.",
            "expires": "2027-06-30",
        }
    ]


def test_an_approver_opens_the_mail_reads_and_approves_and_the_release_goes_on(
    cloud: Place, open_page: OpenPage, faults: list[str]
):
    # Given a release that went through dev
    release = asked(
        cloud,
        "lead",
        name="checkout",
        environments=("dev", "prod"),
        push={"labels": LABELS, "findings": [{"name": WAIVED, "severity": "HIGH"}]},
        change=change_something,
    )
    page = open_page()

    # When
    page.goto(release.link("lead"))

    # Then all is there that one needs to decide
    expect(heading(page)).to_have_text("Approve checkout 1.1.0 for prod?")
    for shown in (
        "rolling, at least 100 % of the tasks stay healthy",
        "Ada Lovelace <ada@example.com>",
        "7c1f0e52a9d4",
        "https://git.example.com/shop/checkout",
        "containers.app.environment.PAGE_SIZE",
        "containers.app.secrets.API_TOKEN",
        f"Waived: {WAIVED}",
        "dev: succeeded",
        "in 23 h 59 min",
    ):
        expect(page.get_by_role("main")).to_contain_text(shown)
    expect(page.get_by_role("main")).not_to_contain_text("secret:shop/token")
    expect(page.get_by_role("meter")).to_be_visible()
    assert accessibility_faults(page) == []
    keep_picture(page, "approval")

    # When
    page.get_by_label("Comment").fill("Figures in dev are fine.")
    page.get_by_role("button", name="Approve", exact=True).click()

    # Then the receipt says so, and the release goes on
    expect(heading(page)).to_have_text("Approved: checkout in prod")
    expect(page.get_by_role("main")).to_contain_text("Figures in dev are fine.")
    assert accessibility_faults(page) == []
    keep_picture(page, "approval-receipt")
    assert release.ended().outcome == "succeeded"
    assert release.runs() == release.digest

    # When one comes back to the used link, and goes back to the form in the browser's history
    page.goto(release.link("lead"))
    expect(heading(page)).to_have_text("Approved: checkout in prod")
    expect(page.get_by_role("button")).to_have_count(0)
    ignore(faults)


def test_a_rejection_needs_a_reason_and_ends_the_release(
    cloud: Place, open_page: OpenPage, faults: list[str]
):
    # Given
    release = asked(cloud, "lead")
    before = release.runs()
    page = open_page()
    page.goto(release.link("lead"))

    # When
    page.get_by_role("button", name="Reject").click()

    # Then
    expect(page.get_by_role("alert")).to_contain_text("Say in the comment why you reject it.")
    assert accessibility_faults(page) == []
    keep_picture(page, "approval-mistake")

    # When
    page.get_by_label("Comment").fill("Not before the audit.")
    page.get_by_role("button", name="Reject").click()

    # Then
    expect(heading(page)).to_have_text(re.compile("^Rejected: "))
    keep_picture(page, "approval-rejected")
    assert release.ended().outcome == "rejected"
    assert release.runs() == before
    ignore(faults)


def test_of_two_approvers_who_race_one_decides_and_the_other_reads_what_stands(
    cloud: Place, open_page: OpenPage, faults: list[str]
):
    # Given both have the page open
    release = asked(cloud, "ana", "bea")
    ana, bea = open_page(), open_page()
    ana.goto(release.link("ana"))
    bea.goto(release.link("bea"))

    # When
    ana.get_by_role("button", name="Approve", exact=True).click()
    bea.get_by_label("Comment").fill("I do not like it.")
    bea.get_by_role("button", name="Reject").click()

    # Then
    for page in (ana, bea):
        expect(heading(page)).to_have_text(re.compile("^Approved: "))
        expect(page.get_by_role("main")).to_contain_text(release.people["ana"])
    assert release.ended().outcome == "succeeded"
    assert release.runs() == release.digest
    ignore(faults)


def test_it_is_decided_on_a_phone_in_the_dark_without_scripts_by_keyboard(cloud: Place, open_page: OpenPage):
    # Given two must approve, of two roles
    name = f"web{uuid.uuid4().hex[:6]}"
    ops, sec = f"ops@{name}.example.com", f"sec@{name}.example.com"
    roles = {"operations": {"approvers": [ops]}, "security": {"approvers": [sec]}}
    release = asked(cloud, name=name, push={"labels": LABELS}, roles=roles, break_glass=[ops])
    release.people.update(ops=ops, sec=sec)

    # When
    page = open_page(phone=True, dark=True, scripts=False)
    page.goto(release.link("ops"))

    # Then it fits, in the dark, and tells who has to approve
    expect(
        page.get_by_text("2 people have to approve. Still needed: 1 of operations and 1 of security.")
    ).to_be_visible()
    keep_picture(page, "approval-phone-dark")
    fits = open_page(phone=True, dark=True)
    fits.goto(release.link("ops"))
    assert is_as_wide_as_its_window(fits)
    assert accessibility_faults(fits) == []
    fits.get_by_text("Emergency: approve alone").click()
    expect(fits.get_by_role("button", name="Break the glass and approve alone")).to_be_visible()
    assert is_as_wide_as_its_window(fits)
    keep_picture(fits, "approval-break-glass")

    # When the first one uses the keyboard alone
    page.get_by_label("Comment").focus()
    page.keyboard.type("Fine for operations.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    # Then
    expect(page.get_by_role("status")).to_contain_text(
        "Your approval is recorded. Still needed: 1 of security."
    )
    expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    keep_picture(page, "approval-one-of-two")

    # When
    second = open_page(phone=True)
    second.goto(release.link("sec"))
    expect(second.get_by_text("Fine for operations.")).to_be_visible()
    second.get_by_role("button", name="Approve", exact=True).click()

    # Then
    expect(heading(second)).to_have_text(re.compile("^Approved: "))
    assert is_as_wide_as_its_window(second)
    keep_picture(second, "approval-receipt-phone")
    assert release.ended().outcome == "succeeded"


def test_every_other_state_of_a_link_has_a_clear_page(cloud: Place, open_page: OpenPage, faults: list[str]):
    # Given a link that a newer push has superseded
    release = asked(cloud, "lead")
    old = release.link("lead")
    release.service.push("1.2.0")
    page = open_page()

    def superseded() -> bool | None:
        page.goto(old)
        return heading(page).inner_text().startswith("Superseded: ") or None

    until(superseded, "the older release is superseded")
    assert accessibility_faults(page) == []
    keep_picture(page, "approval-superseded")

    # When what runs in production is changed behind the page that asks about the newer one
    newer = release.next_link("lead", old)
    page.goto(newer)
    expect(heading(page)).to_have_text(re.compile("^Approve .* 1.2.0 for prod"))
    _redeploy(cloud, release.service.name)
    page.get_by_role("button", name="Approve", exact=True).click()

    # Then it is void, and asked again
    expect(heading(page)).to_have_text(re.compile("^Not taken: "))
    keep_picture(page, "approval-void")
    again = release.next_link("lead", newer)
    page.goto(again)
    expect(heading(page)).to_have_text(re.compile("^Approve .* 1.2.0 for prod"))

    # When the link is unknown, or forged
    seen = set()
    for forged in (f"{again[:-1]}{'A' if again[-1] != 'A' else 'B'}", again[:-5], f"{again[:-43]}{'x' * 43}"):
        answer = page.goto(forged)
        assert answer is not None
        seen.add((answer.status, answer.text()))
    assert accessibility_faults(page) == []
    keep_picture(page, "approval-unknown")

    # Then
    assert len(seen) == 1
    assert {status for status, _ in seen} == {404}
    page.goto(again)
    page.get_by_label("Comment").fill("Enough for today.")
    page.get_by_role("button", name="Reject").click()
    assert release.ended().outcome == "rejected"
    ignore(faults)


def _redeploy(place: Place, service: str) -> None:
    """Somebody deploys a new revision of what runs, without Tidegate."""
    ecs = place.client("ecs")
    running = ecs.describe_services(cluster="prod", services=[service])["services"][0]["taskDefinition"]
    described = ecs.describe_task_definition(taskDefinition=running)["taskDefinition"]
    kept = ("family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities")
    fields = {name: described[name] for name in (*kept, "executionRoleArn")}
    arn = ecs.register_task_definition(**fields)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster="prod", service=service, taskDefinition=arn)

    def told() -> bool | None:
        found = ecs.describe_services(cluster="prod", services=[service])["services"][0]
        return found["taskDefinition"] == arn or None

    # The API is eventually consistent; what is approved before it tells is found void before the deployment.
    until(told, "the service tells what it runs")


def test_the_plot_of_a_canary_before_is_part_of_the_page(cloud: Place, open_page: OpenPage):
    # Given the ledger says that dev was reached by a canary, and its plot was stored
    release = asked(cloud, "lead", environments=("dev", "prod"))
    link = release.link("lead")
    identity = release.execution.rpartition(":")[2]
    _say_it_was_a_canary(cloud, release.service.name, "dev")
    points = [
        Point(
            n, 5.0 + 5 * (n // 4), {"errors": (0.2 + 0.05 * (n % 3), 0.22)}, 0.1 * n - 1, 0.3 * n, "continue"
        )
        for n in range(1, 17)
    ]
    sentence = "16 minutes and 41,200 requests show no harm of more than 0.5 %."
    plot = draw(points, JudgeSettings(), sentence, title=f"{release.service.name} in dev")
    cloud.client("s3").put_object(
        Bucket=cloud.resource("EvidenceBucket"),
        Key=f"{release.service.name}/{identity}/dev/1/canary.svg",
        Body=plot.encode(),
    )
    page = open_page(dark=True)

    # When
    page.goto(link)

    # Then
    expect(page.locator("figure svg")).to_be_visible()
    expect(page.locator("figure svg title")).to_have_text(sentence)
    assert accessibility_faults(page) == []
    keep_picture(page, "approval-canary")
    phone = open_page(phone=True)
    phone.goto(link)
    assert is_as_wide_as_its_window(phone)
    phone.get_by_label("Comment").fill("Not needed any more.")
    phone.get_by_role("button", name="Reject").click()
    assert release.ended().outcome == "rejected"


def _say_it_was_a_canary(place: Place, service: str, environment: str) -> None:
    database, table = place.client("dynamodb"), place.resource("LedgerTable")
    found = database.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"DEPLOYMENTS#{service}/{environment}"}},
    )["Items"]
    for item in found:
        database.update_item(
            TableName=table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            UpdateExpression="SET #strategy = :canary",
            ExpressionAttributeNames={"#strategy": "strategy"},
            ExpressionAttributeValues={":canary": {"S": "canary"}},
        )
