"""Which metrics a canary needs, and what is asked of CloudWatch for them."""

from dataclasses import replace

import pytest

from tests.unit.canary_world import CANARY, RULE, SLOW, STABLE, settings
from tidegate.domain.figures import balancer_of, figures_of, group_of, history_of
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.strategy import JudgeRules, PublishedHistory, PublishedMetrics, ZoneHistory

ZONES = ZoneHistory(("use1-az1", "use1-az2", "use1-az3"))
PUBLISHED = PublishedMetrics(
    "Checkout",
    "Requests",
    "Errors",
    {"Side": "canary"},
    {"Side": "stable"},
    {"slow_p99": "Slow"},
    period_seconds=10,
)
GROUPS = PublishedHistory("Checkout", "Requests", "Errors", ({"Group": "a"}, {"Group": "b"}))


def of(strategy, name: str) -> MetricQuery:
    (found,) = [query for query in strategy.queries if query.id == name]
    return found


def test_dimensions_come_from_the_arns():
    assert balancer_of(RULE) == "app/shop/1111"
    assert group_of(CANARY) == "targetgroup/checkout-canary/bbbb"


@pytest.mark.parametrize(
    "arn",
    ["", "arn:aws:elasticloadbalancing:us-east-1:1:listener/app/shop/1/2", STABLE, "listener-rule/app/x"],
)
def test_what_is_no_rule_of_an_application_load_balancer_is_refused(arn: str):
    with pytest.raises(ValueError, match="is not the ARN of a listener rule"):
        balancer_of(arn)


def test_errors_need_four_metrics_and_each_threshold_two_more():
    # Given
    two = JudgeRules(slow=(SLOW, replace(SLOW, name="slow_p50", threshold_ms=100)))

    # Then
    assert len(figures_of(settings()).queries) == 4
    assert len(figures_of(settings(judge=two)).queries) == 8


def test_both_sides_are_told_apart_by_their_target_groups():
    # When
    figures = figures_of(settings(judge=JudgeRules(slow=(SLOW,))))

    # Then
    where = {"LoadBalancer": "app/shop/1111", "TargetGroup": "targetgroup/checkout/aaaa"}
    assert of(figures, "stable_requests") == MetricQuery(
        "stable_requests", "AWS/ApplicationELB", "RequestCount", where, "Sum", 60
    )
    assert of(figures, "stable_bad_0").metric == "HTTPCode_Target_5XX_Count"
    slow = of(figures, "canary_bad_1")
    assert (slow.metric, slow.statistic) == ("TargetResponseTime", "TC(0.8:)")
    assert slow.dimensions["TargetGroup"] == "targetgroup/checkout-canary/bbbb"
    assert figures.bad == {
        "errors": ("canary_bad_0", "stable_bad_0"),
        "slow_p99": ("canary_bad_1", "stable_bad_1"),
    }


def test_ids_are_such_as_cloudwatch_takes():
    for strategy in (settings(judge=JudgeRules(slow=(SLOW,)), history=ZONES), settings(history=GROUPS)):
        for figures in (figures_of(strategy, live=True), history_of(strategy)):
            ids = [query.id for query in figures.queries]
            assert len(set(ids)) == len(ids)
            assert all(id_[0].islower() and id_.replace("_", "").isalnum() for id_ in ids)


def test_published_figures_have_their_own_names_and_period():
    # When
    figures = figures_of(settings(metrics=PUBLISHED, judge=JudgeRules(slow=(SLOW,))))

    # Then
    assert of(figures, "canary_bad_1") == MetricQuery(
        "canary_bad_1", "Checkout", "Slow", {"Side": "canary"}, "Sum", 10
    )
    assert {query.period_seconds for query in figures.queries} == {10}


@pytest.mark.parametrize(("history", "more"), [(None, 0), (ZONES, 6), (GROUPS, 4)])
def test_the_groups_are_read_only_live_and_only_with_a_history(history, more: int):
    strategy = settings(history=history)
    assert len(figures_of(strategy).queries) == 4
    assert len(figures_of(strategy, live=True).queries) == 4 + more
    assert len(figures_of(strategy, live=True).groups) == more / 2


def test_a_zone_is_a_dimension_beside_the_others():
    figures = figures_of(settings(history=ZONES), live=True)
    assert of(figures, "group_2_errors").dimensions == {
        "LoadBalancer": "app/shop/1111",
        "TargetGroup": "targetgroup/checkout/aaaa",
        "AvailabilityZone": "use1-az3",
    }
    assert figures.groups[2] == ("group_2_requests", "group_2_errors")


def test_zones_have_no_figures_of_ten_seconds():
    strategy = settings(metrics=PUBLISHED, history=ZONES)
    assert figures_of(strategy, live=True).groups == ()
    assert {query.period_seconds for query in history_of(strategy).queries} == {60}


def test_the_history_is_of_the_stable_side_and_of_each_of_its_groups():
    # When
    slow = JudgeRules(slow=(SLOW,))
    zones = history_of(settings(judge=slow, history=ZONES))
    groups = history_of(settings(judge=slow, history=GROUPS))

    # Then zones split slow responses too; groups that the application publishes do not
    assert len(zones.queries) == 3 + 6 + 3
    assert len(groups.queries) == 3 + 4
    assert not [query for query in zones.queries if query.id.startswith("canary")]
    assert of(zones, "group_0_bad_1").statistic == "TC(0.8:)"
