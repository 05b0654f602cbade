"""Approvers: several people, roles, the broken glass, reminders, and what becomes of those who come late."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from local.demo.approver import Approver, Decision
from tests.support.fuzzing import Attack, attacks, sent_over_http
from tests.support.story import Story

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]
TEAM = "team@example.com"
LABELS = {
    "org.opencontainers.image.revision": "0a1b2c3d4e5f",
    "org.opencontainers.image.authors": "Ada Lovelace <ada@example.com>",
}


def only_prod(**rule: Any) -> Callable[[dict[str, Any]], None]:
    """A manifest with production alone, and another rule for its approval."""

    def change(manifest: dict[str, Any]) -> None:
        (prod,) = [each for each in manifest["environments"] if each["name"] == "prod"]
        prod["approval"] = {"expires_after_seconds": 3600, **rule}
        manifest["environments"] = [prod]

    return change


class People:
    """The approvers of a story, each with a mailbox."""

    def __init__(self, story: Story) -> None:
        self._story = story

    def link(self, address: str) -> str:
        """The newest link of somebody."""

        def newest() -> str | None:
            links = Approver(self._story.place, address).links()
            return links[-1] if links else None

        return self._story.until(newest, f"{address} is asked")

    def page(self, address: str) -> str:
        """What somebody reads behind the newest link."""
        return text(Approver(self._story.place, address).read(self.link(address)))

    def decide(self, address: str, decision: str, comment: str = "") -> Decision:
        """Open the newest mail of somebody, and submit the form."""
        return Approver(self._story.place, address).decide(self.link(address), decision, comment)

    def subjects(self, address: str) -> list[str]:
        """The subjects of somebody's mails about this story, oldest first."""
        mails = self._story.place.world("GET", f"/mailbox?address={address}")
        return [mail["subject"] for mail in mails if self._story.name in mail["subject"]]

    def gets(self, address: str, part: str) -> None:
        """Wait until somebody has a mail whose subject says something."""
        self._story.until(
            lambda: any(part in each for each in self.subjects(address)) or None, f"{address} hears: {part}"
        )


def text(page: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


def addresses(story: Story, *names: str) -> list[str]:
    return [f"{name}@{story.name}.example.com" for name in names]


def with_people(story: Tell, *names: str, **rule: Any) -> tuple[Story, People, list[str]]:
    """A story with production alone; ``{name}`` in the rule stands for the addresses of its people."""

    def change(manifest: dict[str, Any]) -> None:
        written = json.dumps(rule)
        for name in names:
            written = written.replace(f'"{name}"', f'"{name}@{manifest["name"]}.example.com"')
        only_prod(**json.loads(written))(manifest)

    told = story(change)
    return told, People(told), addresses(told, *names)


def test_operations_and_security_approve_together(story: Tell) -> None:
    # Given
    roles = {"operations": {"approvers": ["ops"]}, "security": {"approvers": ["sec", "eve"]}}
    checkout, people, (ops, sec, eve) = with_people(story, "ops", "sec", "eve", roles=roles)

    # When an image is pushed that says where it comes from
    digest = checkout.push("1.1.0", labels=LABELS)
    release = checkout.release()

    # Then everybody sees what would change and what the image says of itself
    page = people.page(ops)
    for shown in (
        f"Approve {checkout.name} 1.1.0 for prod?",
        "Strategy rolling",
        "Commit 0a1b2c3d4e5f",
        "Author Ada Lovelace &lt;ada@example.com&gt;",
        "Requested by Ada Lovelace &lt;ada@example.com&gt;",
        digest,
        "2 people have to approve. Still needed: 1 of operations and 1 of security.",
    ):
        assert shown in page, shown

    # When security is first
    assert "Still needed: 1 of operations" in text(people.decide(sec, "approve", "No findings.").page)
    assert "1 of operations" in people.page(eve)
    assert people.decide(ops, "approve").status == 200
    end = checkout.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest
    people.gets(eve, f"approval approved by {sec}, {ops}")
    people.gets(sec, f"approval approved by {sec}, {ops}")
    assert not any("approved by" in each for each in people.subjects(ops)), "who decided last knows"
    assert "Approved: " in people.page(eve)


def test_the_glass_is_broken_and_everybody_hears_of_it(story: Tell) -> None:
    # Given a team that wants to hear of failures only
    rule = {"approvers": ["ops", "sec"], "required": 2, "break_glass": ["ops"]}
    checkout, people, (ops, sec) = with_people(story, "ops", "sec", **rule)
    release_of = checkout.push("1.1.0")
    release = checkout.release()

    # When
    refused = people.decide(sec, "break_glass", "I am in a hurry.")
    without = people.decide(ops, "break_glass")
    taken = people.decide(ops, "break_glass", "Payments are down.")
    end = checkout.ended(release)

    # Then
    assert (refused.status, without.status, taken.status) == (403, 422, 200)
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == release_of
    people.gets(sec, "who broke the glass")
    people.gets(TEAM, f"{ops} broke the glass for prod")
    journal = checkout.journal(release.rpartition(":")[2])
    assert {"approval.refused", "approval.glass_broken"} <= set(journal)


def test_an_unknown_requester_needs_two_and_a_known_one_is_not_asked(story: Tell) -> None:
    # Given
    rule = {"approvers": ["ops", "sec"], "requester_may_approve": False}
    checkout, people, (ops, sec) = with_people(story, "ops", "sec", **rule)

    # When nobody knows who pushed
    checkout.push("1.1.0")
    release = checkout.release()
    assert "nobody knows who, so at least two people must approve" in people.page(ops)
    people.decide(ops, "approve")
    people.decide(sec, "approve")

    # Then
    assert checkout.ended(release).outcome == "succeeded"

    # When CloudTrail has told that it was an approver, before the push itself was taken in
    asked_before = len(people.subjects(sec))
    with checkout.without_events("receive_push"):
        digest = checkout.push("1.2.0")
        told = checkout.invoke("receive_put_image", put_image(checkout, digest, sec))
    assert told == {"outcome": "noted", "releases": []}
    checkout.invoke("sweep", {"grace_seconds": 0})
    second = checkout.release()
    checkout.place.world("POST", "/events", put_image(checkout, digest, sec))  # once more, and late

    # Then that one is not asked, and one approval is enough
    people.gets(ops, "Approve " + checkout.name + ":1.2.0")
    page = people.page(ops)
    assert f"assumed-role/developer/{sec} (CloudTrail)" in page
    assert "people have to approve" not in page
    people.decide(ops, "approve")
    assert checkout.ended(second).outcome == "succeeded"
    assert len(people.subjects(sec)) == asked_before


def put_image(story: Story, digest: str, by: str) -> dict[str, Any]:
    """What CloudTrail tells of a push, through EventBridge."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "id": f"trail-{digest[-8:]}",
        "time": now,
        "source": "aws.ecr",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventID": f"trail-{digest[-8:]}",
            "eventTime": now,
            "eventSource": "ecr.amazonaws.com",
            "eventName": "PutImage",
            "userIdentity": {
                "type": "AssumedRole",
                "arn": f"arn:aws:sts::{story.place.account}:assumed-role/developer/{by}",
            },
            "requestParameters": {"repositoryName": story.name},
            "responseElements": {"image": {"imageId": {"imageDigest": digest}}},
        },
    }


def test_who_is_asked_is_reminded_and_told_when_the_time_is_over(story: Tell) -> None:
    # Given
    checkout, people, (ops,) = with_people(story, "ops", approvers=["ops"], expires_after_seconds=10)

    # When nobody decides
    checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "expired", end.reason
    people.gets(ops, "approval expired")
    kinds = [each.split(" ")[0] for each in people.subjects(ops)]
    assert kinds[:2] == ["Approve", "Reminder:"]
    links = Approver(checkout.place, ops).links()
    assert len(links) == 2
    for link in links:
        assert "Expired: " in text(Approver(checkout.place, ops).read(link))


def test_a_newer_push_tells_those_who_were_asked_about_the_older_one(story: Tell) -> None:
    # Given
    checkout, people, (ops,) = with_people(story, "ops", approvers=["ops"])
    checkout.push("1.1.0")
    first = checkout.release()
    old_link = people.link(ops)

    # When
    checkout.push("1.2.0")
    second = checkout.release()

    # Then
    assert checkout.ended(first).outcome == "superseded"
    people.gets(ops, "approval superseded")
    late = Approver(checkout.place, ops)
    assert "Superseded: " in text(late.read(old_link))
    people.gets(ops, "Approve " + checkout.name + ":1.2.0")
    assert people.decide(ops, "reject", "Not on a Friday.").status == 200
    assert checkout.ended(second).outcome == "rejected"


def test_a_decision_that_nobody_waits_for_is_refused_with_its_reason_and_kept(story: Tell) -> None:
    # Given the page is open, and the execution is stopped by hand
    checkout, people, (ops,) = with_people(story, "ops", approvers=["ops"])
    checkout.push("1.1.0")
    release = checkout.release()
    link = people.link(ops)
    nonce = re.findall(r'name="nonce" value="([0-9a-f]+)"', Approver(checkout.place, ops).read(link))[0]
    checkout.waits_for(release, "approval/")
    checkout.place.client("stepfunctions").stop_execution(executionArn=release, cause="by hand")

    # When the form of the open page is sent
    attack = Attack(
        "late",
        "POST",
        link.rpartition("/")[2],
        urlencode({"decision": "approve", "comment": "", "nonce": nonce}).encode(),
        {"content-type": "application/x-www-form-urlencoded"},
    )
    answer = sent_over_http(link.rpartition("/")[0], attack)

    # Then it says why, and the record keeps what was wanted
    assert answer.status == 409, text(answer.body)
    assert re.search("has stopped|has ended|No longer valid", text(answer.body))
    journal = checkout.journal(release.rpartition(":")[2])
    assert "approval.refused" in journal
    assert "approval.approved" not in journal
    checkout.invoke("sweep", {"grace_seconds": 0})


def test_who_has_not_confirmed_is_named_and_a_mail_scanner_unsubscribes_nobody(story: Tell) -> None:
    # Given one of two approvers has confirmed, with authenticated unsubscribe
    told = story(only_prod(approvers=["first@example.com", "second@example.com"]), confirm=False)
    people, (ops, sec) = People(told), ("first@example.com", "second@example.com")
    told.service.confirm_approvers(only=[ops])

    # When
    told.push("1.1.0")
    first = told.release()
    people.gets(ops, f"Approve {told.name}:1.1.0")

    # Then the other one is named while the first one is asked
    def named() -> bool | None:
        mails = told.place.world("GET", f"/mailbox?address={TEAM}")
        waiting = [
            mail["body"] for mail in mails if mail["subject"] == f"{told.name}: prod waits for approval"
        ]
        return any(f"Not asked: {sec} has not confirmed" in body for body in waiting) or None

    told.until(named, "the team hears who is not asked")
    assert people.subjects(sec) == []

    # When a mail scanner opens every link in the mail, also the one that unsubscribes
    for mail in told.place.world("GET", f"/mailbox?address={ops}"):
        with pytest.raises(OSError, match="403"):
            told.place.world("GET", mail["unsubscribe"].partition("/_world")[2])

    # Then nothing is decided, and the next mail comes
    told.push("1.2.0")
    second = told.release()
    people.gets(ops, f"Approve {told.name}:1.2.0")
    assert told.ended(first).outcome == "superseded"
    assert people.decide(ops, "reject", "Enough for today.").status == 200
    assert told.ended(second).outcome == "rejected"


def test_forged_requests_over_http_decide_nothing_and_tell_nothing(story: Tell) -> None:
    # Given somebody else's request that waits
    checkout, people, (ops,) = with_people(story, "ops", approvers=["ops"])
    checkout.push("1.1.0")
    release = checkout.release()
    link = people.link(ops)
    checkout.waits_for(release, "approval/")
    chance = random.Random(20261123)
    kinds: dict[str, set[Any]] = {}

    # When a few hundred forged requests are sent, as fast as the route takes them
    for attack in attacks(link.rpartition("/")[2], chance, 300):
        answer = sent_over_http(link.rpartition("/")[0], attack)
        assert "Traceback" not in answer.body, attack
        assert answer.status < 500, (attack, answer)
        if answer.status != 429:
            kinds.setdefault(attack.kind, set()).add(answer.told)

    # Then every forged link is answered as an unknown one, and nothing is decided
    for kind in ("unknown", "mutated", "truncated", "foreign"):
        assert len(kinds[kind]) == 1, kinds[kind]
        assert kinds[kind] == kinds["unknown"]
    checkout.waits_for(release, "approval/")
    assert "approval.approved" not in checkout.journal(release.rpartition(":")[2])

    # And the approver still can decide
    deadline = time.monotonic() + 90
    while (decision := people.decide(ops, "reject", "Enough.")).status == 429:
        assert time.monotonic() < deadline
        time.sleep(5)
    assert decision.status == 200
    assert checkout.ended(release).outcome == "rejected"
