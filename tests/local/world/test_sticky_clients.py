"""Clients that a rule keeps by a cookie: where they go, and which settings of stickiness are refused.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from flask import Flask

from local.world import control
from tests.local.world.support import forward

ANYTHING = [{"Field": "path-pattern", "Values": ["/*"]}]
USERS = {"requests_per_second": 200, "visit_seconds": 5}


@pytest.fixture
def http():
    app = Flask("world")
    control.routes(app)
    return app.test_client()


@pytest.fixture
def web(region):
    """A service and its canary behind one rule, which is not sticky and gives all to the service."""
    region.repository()
    region.balancer = region.load_balancer(groups=("stable", "canary"))
    region.elbv2.modify_listener(
        ListenerArn=region.balancer.listener, DefaultActions=[forward({region.balancer.groups["stable"]: 1})]
    )
    made = region.elbv2.create_rule(
        ListenerArn=region.balancer.listener, Priority=1, Conditions=ANYTHING, Actions=[action(region, 0)]
    )
    region.rule = made["Rules"][0]["RuleArn"]
    region.good, region.new = region.push(1), region.push(2)
    for name, group, digest in (
        ("checkout", "stable", region.good),
        ("checkout-canary", "canary", region.new),
    ):
        region.service(
            region.task_definition(digest, family=name),
            name=name,
            desired=1,
            loadBalancers=region.balancer.attached(group),
        )
    return region


def action(web, share, seconds=None, *, enabled=True):
    """A forward action that gives a share, in percent, to the canary."""
    groups = web.balancer.groups
    made = forward({groups["stable"]: 100 - share, groups["canary"]: share})
    if seconds is not None:
        sticky = {"Enabled": enabled, "DurationSeconds": seconds}
        made["ForwardConfig"]["TargetGroupStickinessConfig"] = sticky
    return made


def change(web, share, seconds=None, *, enabled=True):
    web.elbv2.modify_rule(RuleArn=web.rule, Actions=[action(web, share, seconds, enabled=enabled)])


def answered(web, http):
    """Requests that the service, the canary and nobody has answered so far."""
    seen = http.get("/_world/traffic/prod/checkout").get_json()
    by = [seen["versions"].get(each, {}).get("requests", 0) for each in (web.good, web.new)]
    return [*by, seen["lost_requests"]]


def during(web, http, seconds):
    """The canary's share of the requests of some seconds, and how many were lost."""
    before = answered(web, http)
    web.advance(seconds)
    stable, canary, lost = (now - then for now, then in zip(answered(web, http), before, strict=True))
    return canary / (stable + canary + lost), lost


def test_clients_go_where_their_cookie_leads_even_at_weight_0(web, http):
    # Given clients of whom half have met the canary
    change(web, 50, 60)
    http.put("/_world/traffic/prod/checkout", json={**USERS, "visit_seconds": 1000})
    web.advance(10)

    # When
    change(web, 0, 60)
    share, lost = during(web, http, 10)

    # Then
    assert share == pytest.approx(0.5, abs=0.06)
    assert lost == 0

    # When the canary's tasks are gone, they get no answer
    web.update(name="checkout-canary", desiredCount=0)
    web.until(lambda: web.describe("checkout-canary")["runningCount"] == 0)
    share, lost = during(web, http, 10)

    # Then
    assert share == 0
    assert lost == pytest.approx(1000, rel=0.15)


def test_a_rule_that_is_not_sticky_any_more_calls_them_back_at_once(web, http):
    # Given
    change(web, 50, 60)
    http.put("/_world/traffic/prod/checkout", json=USERS)
    web.advance(10)

    # When
    change(web, 0, 60, enabled=False)

    # Then
    assert during(web, http, 10) == (0, 0)


def test_cookies_that_have_not_expired_lead_back_when_the_rule_is_sticky_again(web, http):
    # Given
    change(web, 50, 60)
    http.put("/_world/traffic/prod/checkout", json={**USERS, "visit_seconds": 1000})
    web.advance(10)
    change(web, 0, 60, enabled=False)
    web.advance(30)

    # When
    change(web, 0, 60)

    # Then
    assert during(web, http, 5)[0] == pytest.approx(0.5, abs=0.06)


def test_cookies_that_were_not_renewed_for_the_duration_lead_nowhere(web, http):
    # Given
    change(web, 50, 20)
    http.put("/_world/traffic/prod/checkout", json={**USERS, "visit_seconds": 1000})
    web.advance(10)
    change(web, 0, 20, enabled=False)
    web.advance(20)

    # When
    change(web, 0, 20)

    # Then
    assert during(web, http, 5) == (0, 0)


def test_a_cookie_that_is_renewed_does_not_expire(web, http):
    # Given a duration of 20 seconds, and clients who come every two or three
    change(web, 100, 20)
    http.put("/_world/traffic/prod/checkout", json={**USERS, "visit_seconds": 10_000})
    web.advance(10)
    change(web, 0, 20)

    # When
    web.advance(40)

    # Then
    assert during(web, http, 10)[0] > 0.9


def test_new_clients_follow_the_weights_so_that_the_share_comes_slowly(web, http):
    # Given clients who have all met the stable service, and stay five seconds on average
    change(web, 0, 60)
    http.put("/_world/traffic/prod/checkout", json={**USERS, "clients": 100})
    web.advance(10)

    # When
    change(web, 40, 60)
    shares = [during(web, http, 2)[0] for _ in range(15)]

    # Then
    assert shares[0] < 0.15
    assert shares[-1] == pytest.approx(0.4, abs=0.1)


def test_who_keeps_no_cookies_follows_the_weights(web, http):
    # Given
    change(web, 50, 60)
    http.put("/_world/traffic/prod/checkout", json={**USERS, "sticky_share": 0.5, "visit_seconds": 1000})
    web.advance(10)

    # When
    change(web, 0, 60)

    # Then of half of the requests, half go on to the canary
    assert during(web, http, 10)[0] == pytest.approx(0.25, abs=0.05)
    seen = http.get("/_world/traffic/prod/checkout").get_json()["sticky_clients"]
    assert sum(seen.values()) == pytest.approx(500, abs=25)


def test_a_cookie_that_names_a_group_the_rule_no_longer_has_leads_nowhere(web, http):
    # Given
    change(web, 50, 60)
    http.put("/_world/traffic/prod/checkout", json=USERS)
    web.advance(10)

    # When
    alone = forward({web.balancer.groups["stable"]: 100})
    web.elbv2.modify_rule(RuleArn=web.rule, Actions=[alone])

    # Then
    assert during(web, http, 10) == (0, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("sticky_share", 1.5), ("sticky_share", "all"), ("clients", 0), ("clients", 2.5), ("visit_seconds", 0)],
)
def test_what_clients_cannot_be_is_refused(web, http, name, value):
    answer = http.put("/_world/traffic/prod/checkout", json={"requests_per_second": 1, name: value})

    assert answer.status_code == 400
    assert name in answer.get_json()["message"]


# --- what is refused ---------------------------------------------------------------------------------------


def refused(call, **parameters):
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return raised.value.response["Error"]


def make_sticky(web, group):
    web.elbv2.modify_target_group_attributes(
        TargetGroupArn=web.balancer.groups[group],
        Attributes=[{"Key": "stickiness.enabled", "Value": "true"}],
    )


def test_a_rule_with_a_sticky_group_among_several_has_to_be_sticky(web):
    # Given
    change(web, 0, 60)
    make_sticky(web, "canary")

    # When
    error = refused(web.elbv2.modify_rule, RuleArn=web.rule, Actions=[action(web, 0, 60, enabled=False)])

    # Then
    assert error["Code"] == "InvalidLoadBalancerAction"
    assert "You must enable group stickiness on a rule" in error["Message"]

    # Then a rule that has it alone need not be
    alone = forward({web.balancer.groups["canary"]: 100})
    web.elbv2.modify_rule(RuleArn=web.rule, Actions=[alone])


def test_targets_cannot_become_sticky_behind_a_rule_that_is_not(web):
    error = refused(make_sticky, web=web, group="canary")

    assert error["Code"] == "InvalidConfigurationRequest"
    assert web.rule in error["Message"]


@pytest.mark.parametrize("seconds", [0, 604_801])
def test_a_duration_lies_between_a_second_and_seven_days(web, seconds):
    error = refused(web.elbv2.modify_rule, RuleArn=web.rule, Actions=[action(web, 0, seconds)])

    assert error["Code"] == "ValidationError"


def test_a_rule_is_shown_with_the_stickiness_it_was_given(web):
    change(web, 0, 60, enabled=False)

    (rule,) = web.elbv2.describe_rules(RuleArns=[web.rule])["Rules"]
    shown = rule["Actions"][0]["ForwardConfig"]["TargetGroupStickinessConfig"]
    assert shown == {"Enabled": False, "DurationSeconds": 60}
