"""Use case 14 where clients are sticky: a canary that loses them no request, and that lets go of them.

The listener rule keeps each client by a cookie at the target group it has met, whatever the weights are by
then. After every scenario the rule is what it was before, to the second of its stickiness.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.canaries import CanaryStory
from tests.support.story import Story
from tests.support.variants import canary_in_production

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]
SECONDS = 20
"""For how long the rule keeps a client."""
USERS = {"requests_per_second": 200, "clients": 300, "visit_seconds": 6}


class StickyCanary(CanaryStory):
    """A canary behind a rule that keeps its clients, all of whom take cookies."""

    def __init__(self, story: Story, *, sticky_targets: bool = False) -> None:
        super().__init__(story)
        self.elb = story.place.client("elbv2")
        strategy = self.traces.strategy
        self.groups = (strategy["target_group"], strategy["canary_target_group"])
        self.rule = strategy["listener_rules"][0]
        tuples = [
            {"TargetGroupArn": group, "Weight": 100 * (group == self.groups[0])} for group in self.groups
        ]
        sticky = {"Enabled": True, "DurationSeconds": SECONDS}
        action = {"TargetGroups": tuples, "TargetGroupStickinessConfig": sticky}
        self.elb.modify_rule(RuleArn=self.rule, Actions=[{"Type": "forward", "ForwardConfig": action}])
        for group in self.groups if sticky_targets else ():
            attribute = {"Key": "stickiness.enabled", "Value": "true"}
            self.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[attribute])
        self.before = self.forward()
        story.remember()
        story.place.world("PUT", f"/traffic/prod/{story.name}", USERS)

    def forward(self) -> dict[str, Any]:
        """What the rule does with requests, as Elastic Load Balancing tells it."""
        (rule,) = self.elb.describe_rules(RuleArns=[self.rule])["Rules"]
        (action,) = rule["Actions"]
        return dict(action["ForwardConfig"])

    @property
    def is_sticky(self) -> bool:
        return bool(self.forward()["TargetGroupStickinessConfig"]["Enabled"])

    def clients_of_canary(self) -> int:
        """How many clients have a cookie that leads to the canary."""
        return int(self.traffic()["sticky_clients"].get(self.groups[1], 0))

    def keeps_clients(self) -> None:
        """Wait until clients have met the canary, and are kept by it."""
        self.story.until(lambda: self.clients_of_canary() > 10 or None, "the canary keeps clients")

    def is_taken_back(self) -> None:
        """Wait until the rule leads nobody to the canary."""
        self.story.until(lambda: not self.is_sticky or None, "the rule is not sticky any more")

    def now(self) -> str:
        """The rule and what the users have seen, for whoever reads why a test failed."""
        return f"{time.strftime('%H:%M:%S')} {self.forward()} {self.traffic()}"

    def is_at_rest(self) -> None:
        """The rule, too, is what it was, and nobody was lost."""
        self.story.at_rest()
        assert self.forward() == self.before
        assert self.traffic()["lost_requests"] == 0


@pytest.fixture
def canary(story: Tell) -> Callable[..., StickyCanary]:
    """Makes services with sticky clients whose production gets its releases by a canary."""
    return lambda *weights, **more: StickyCanary(story(canary_in_production(*(weights or (50,)))), **more)


def test_a_good_canary_is_promoted_and_its_sticky_clients_lose_no_request(
    canary: Callable[..., StickyCanary],
) -> None:
    # Given
    checkout = canary(25, 60)

    # When
    digest = checkout.story.push("1.1.0")
    release = checkout.story.release()
    checkout.keeps_clients()
    checkout.is_taken_back()
    since = time.monotonic()
    end = checkout.story.ended(release)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "succeeded"), end.reason
    assert checkout.story.runs("prod") == digest

    # Then its clients are kept again only when no cookie leads to its tasks, which are gone
    checkout.is_at_rest()
    assert time.monotonic() - since > SECONDS


def test_sticky_clients_are_taken_away_from_a_bad_canary_at_once(canary: Callable[..., StickyCanary]) -> None:
    # Given
    checkout = canary()
    good = checkout.story.service.digests["app"]

    # When
    bad = checkout.story.push("1.1.0", error_rate=0.3)
    release = checkout.story.release()
    checkout.keeps_clients()
    checkout.is_taken_back()
    time.sleep(0.5)  # the users follow the rule within a tick of the world
    answered = checkout.requests_of(bad)
    kept = checkout.clients_of_canary()
    end = checkout.story.ended(release)

    # Then although many have a cookie that leads to it, nobody comes any more
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert kept > 10
    assert checkout.requests_of(bad) == answered > 0
    assert checkout.story.quarantined() == {bad}

    # When the next release comes while their cookies have not expired
    better = checkout.story.push("1.2.0")
    following = checkout.story.ended(checkout.story.release())

    # Then it has waited for that, and nobody was led to its tasks by an old cookie
    assert (following.status, following.outcome) == ("SUCCEEDED", "succeeded"), following.reason
    assert checkout.story.runs("prod") == better != good
    checkout.is_at_rest()


def test_where_targets_are_sticky_too_the_rule_leads_to_the_stable_ones_alone_for_a_while(
    canary: Callable[..., StickyCanary],
) -> None:
    # Given a rule that Elastic Load Balancing wants to be sticky
    checkout = canary(sticky_targets=True)
    stable = checkout.groups[0]
    good = checkout.story.service.digests["app"]

    # When the machine of the canary is killed
    bad = checkout.story.push("1.1.0", error_rate=0.3)
    release = checkout.story.release()
    checkout.keeps_clients()
    checkout.story.place.client("stepfunctions").stop_execution(executionArn=release)
    checkout.is_taken_back()
    time.sleep(0.5)
    taken_back, answered = checkout.now(), checkout.requests_of(bad)
    alone = checkout.forward()["TargetGroups"]

    # Then
    assert [each["TargetGroupArn"] for each in alone] == [stable]
    assert answered > 0
    checkout.story.until(lambda: checkout.story.outcome_of(release), "the release is recorded")
    assert checkout.story.runs("prod") == good
    checkout.is_at_rest()
    assert checkout.requests_of(bad) == answered, f"{taken_back} and then {checkout.now()}"
