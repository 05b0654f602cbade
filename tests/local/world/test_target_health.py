"""Targets that ECS registers.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""

from __future__ import annotations

import pytest

from local.world.elb.health import Streak, matches
from tests.local.world.support import forward


def health(region, group):
    found = region.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [(each["TargetHealth"]["State"], each["TargetHealth"].get("Reason")) for each in found]


@pytest.fixture
def web(region):
    region.repository()
    region.balancer = region.load_balancer(groups=("checkout", "spare"))
    region.group = region.balancer.groups["checkout"]
    return region


def test_a_target_is_initial_until_its_first_check_has_passed(web):
    # Given
    definition = web.task_definition(web.push(1))
    web.create_service(definition, desired=1, loadBalancers=web.balancer.attached())

    # When
    seen = []

    def healthy() -> bool:
        seen.extend(health(web, web.group))
        return ("healthy", None) in seen

    web.until(healthy)

    # Then
    states = list(dict.fromkeys(seen))
    assert states[-1] == ("healthy", None)
    assert set(states[:-1]) <= {
        ("initial", "Elb.RegistrationInProgress"),
        ("initial", "Elb.InitialHealthChecking"),
    }


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ({"http": {"/health": 503}}, "Target.ResponseCodeMismatch"),
        ({"healthy_after_s": None}, "Target.FailedHealthChecks"),
    ],
)
def test_a_target_that_fails_its_checks_is_unhealthy_with_a_reason(web, behaviour, reason):
    # Given
    definition = web.task_definition(web.push(1, **behaviour))

    # When
    options = {"loadBalancers": web.balancer.attached(), "healthCheckGracePeriodSeconds": 600}
    web.create_service(definition, desired=1, **options)
    web.advance(4)

    # Then
    assert health(web, web.group) == [("unhealthy", reason)]


def test_within_the_grace_period_an_unhealthy_task_is_left_alone(web):
    # Given
    definition = web.task_definition(web.push(1, healthy_after_s=3))

    # When
    options = {"loadBalancers": web.balancer.attached(), "healthCheckGracePeriodSeconds": 600}
    web.create_service(definition, desired=1, **options)
    web.until(web.settled)

    # Then
    assert web.tasks(status="STOPPED") == []


def test_an_old_target_drains_before_its_task_stops(web):
    # Given
    web.service(web.task_definition(web.push(1)), desired=1, loadBalancers=web.balancer.attached())
    old = web.tasks()[0]["taskArn"]

    # When
    web.update(web.task_definition(web.push(2)))
    web.until(lambda: ("draining", "Target.DeregistrationInProgress") in health(web, web.group))
    begun = web.clock.now()

    # Then
    def status():
        return web.ecs.describe_tasks(cluster="prod", tasks=[old])["tasks"][0]["lastStatus"]

    assert status() == "DEACTIVATING"
    web.until(lambda: status() != "DEACTIVATING")
    assert web.clock.now() - begun >= 30 / 60 - 0.15
    web.until(web.settled)
    assert health(web, web.group) == [("healthy", None)]


def test_targets_of_a_group_that_no_rule_uses_are_unused(web):
    # Given
    web.service(web.task_definition(web.push(1)), desired=1, loadBalancers=web.balancer.attached())

    # When the listener leaves the group
    web.elbv2.modify_listener(
        ListenerArn=web.balancer.listener, DefaultActions=[forward({web.balancer.groups["spare"]: 1})]
    )

    # Then
    assert health(web, web.group) == [("unused", "Target.NotInUse")]


def test_weights_come_back_as_they_were_set(web):
    # Given
    weights = {web.balancer.groups["checkout"]: 95, web.balancer.groups["spare"]: 5}

    # When
    web.elbv2.modify_listener(ListenerArn=web.balancer.listener, DefaultActions=[forward(weights)])
    rule = web.elbv2.create_rule(
        ListenerArn=web.balancer.listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "Values": ["/api/*"]}],
        Actions=[forward(weights)],
    )["Rules"][0]

    # Then
    listener = web.elbv2.describe_listeners(ListenerArns=[web.balancer.listener])["Listeners"][0]
    for action in (listener["DefaultActions"][0], rule["Actions"][0]):
        groups = action["ForwardConfig"]["TargetGroups"]
        assert {each["TargetGroupArn"]: each["Weight"] for each in groups} == weights


def test_a_stranger_is_not_registered(web):
    asked = [{"Id": "10.9.9.9", "Port": 80}]

    found = web.elbv2.describe_target_health(TargetGroupArn=web.group, Targets=asked)

    assert found["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered"


def test_a_running_target_follows_a_change_of_its_image(web):
    # Given
    digest = web.push(1)
    options = {"loadBalancers": web.balancer.attached(), "healthCheckGracePeriodSeconds": 3600}
    web.service(web.task_definition(digest), desired=1, **options)

    # When
    web.images(digest, http={"/health": 500})
    web.advance(3)
    sick = health(web, web.group)
    web.images(digest, http={"/health": 200})
    web.advance(3)

    # Then
    assert sick == [("unhealthy", "Target.ResponseCodeMismatch")]
    assert health(web, web.group) == [("healthy", None)]


def test_one_passed_check_is_enough_at_first_and_the_threshold_holds_later():
    # Given
    streak = Streak(healthy_after=3, unhealthy_after=2)

    # Then
    assert [streak.record(passed) for passed in (True, False, False)] == [True, True, False]
    assert [streak.record(True) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("matcher", "code", "expected"),
    [
        ("200", 200, True),
        ("200", 201, False),
        ("200,202", 202, True),
        ("200-299", 250, True),
        ("200-299", 300, False),
    ],
)
def test_a_matcher_knows_codes_lists_and_ranges(matcher, code, expected):
    assert matches(matcher, code) is expected
