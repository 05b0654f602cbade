"""Simulated users, and the metrics that they leave behind.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from local.world import control
from local.world.traffic.sampling import binomial, poisson, spread
from tests.local.world.support import forward


@pytest.fixture
def http():
    app = Flask("world")
    control.routes(app)
    return app.test_client()


@pytest.fixture
def web(region):
    region.repository()
    region.balancer = region.load_balancer(groups=("checkout", "canary"))
    region.good = region.push(1)
    region.service(region.task_definition(region.good), loadBalancers=region.balancer.attached(), desired=2)
    return region


def values(region, name, stat="Sum", group="checkout", seconds=60, zone=None):
    end = datetime.fromtimestamp(region.clock.now(), tz=UTC)
    zoned = [{"Name": "AvailabilityZone", "Value": zone}] if zone else []
    metric = {
        "Namespace": "AWS/ApplicationELB",
        "MetricName": name,
        "Dimensions": [*region.balancer.dimensions(group), *zoned],
    }
    answer = region.cloudwatch.get_metric_data(
        StartTime=end - timedelta(seconds=seconds),
        EndTime=end,
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}],
    )
    return answer["MetricDataResults"][0]["Values"]


@pytest.mark.parametrize(("trials", "share"), [(10, 0.3), (1000, 0.01), (100_000, 0.4), (500, 0.95)])
def test_binomial_draws_have_the_mean_and_the_spread_that_they_should(trials, share):
    # Given
    chance = random.Random(7)

    # When
    drawn = [binomial(chance, trials, share) for _ in range(2000)]

    # Then
    mean = sum(drawn) / len(drawn)
    deviation = (sum((each - mean) ** 2 for each in drawn) / len(drawn)) ** 0.5
    assert mean == pytest.approx(trials * share, rel=0.05)
    assert deviation == pytest.approx((trials * share * (1 - share)) ** 0.5, rel=0.1)
    assert min(drawn) >= 0
    assert max(drawn) <= trials


@pytest.mark.parametrize("mean", [0.5, 20, 500])
def test_poisson_draws_have_the_mean_that_they_should(mean):
    chance = random.Random(7)

    drawn = [poisson(chance, mean) for _ in range(2000)]

    assert sum(drawn) / len(drawn) == pytest.approx(mean, rel=0.1)


def test_requests_are_shared_out_by_weight_and_none_is_lost():
    shares = spread(random.Random(7), 10_000, {"a": 90, "b": 10, "c": 0})

    assert sum(shares.values()) == 10_000
    assert shares["b"] == pytest.approx(1000, rel=0.15)
    assert shares["c"] == 0


def test_users_are_counted_by_version(web, http):
    # When
    http.put("/_world/traffic/prod/checkout", json={"requests_per_second": 200})
    web.advance(10)

    # Then
    seen = http.get("/_world/traffic/checkout").get_json()
    assert seen["service"] == "prod/checkout"
    assert seen["requests"] == pytest.approx(2000, rel=0.1)
    assert seen["versions"][web.good]["requests"] == seen["requests"]
    assert (seen["bad_requests"], seen["lost_requests"], seen["failed_requests"]) == (0, 0, 0)


def test_a_rolling_update_behind_a_load_balancer_loses_no_request(web, http):
    # Given
    http.put("/_world/traffic/checkout", json={"requests_per_second": 500})

    # When
    new = web.push(2)
    web.update(web.task_definition(new))
    web.until(web.settled)
    web.advance(2)

    # Then
    seen = http.get("/_world/traffic/checkout").get_json()
    assert seen["lost_requests"] == 0
    assert set(seen["versions"]) == {web.good, new}


def test_a_crash_under_load_loses_requests(web, http):
    # Given
    http.put("/_world/traffic/checkout", json={"requests_per_second": 500})
    crashing = web.push(2, crash_after_s=3)
    web.update(web.task_definition(crashing))
    web.until(web.settled)

    # When
    web.advance(8)

    # Then
    assert http.get("/_world/traffic/checkout").get_json()["lost_requests"] > 0


def test_without_any_healthy_target_every_request_is_lost(web, http):
    # Given
    http.put("/_world/traffic/checkout", json={"requests_per_second": 100})
    web.update(desiredCount=0)
    web.until(lambda: web.describe()["runningCount"] == 0)
    before = http.get("/_world/traffic/checkout").get_json()

    # When
    web.advance(5)

    # Then
    after = http.get("/_world/traffic/checkout").get_json()
    assert after["lost_requests"] - before["lost_requests"] == after["requests"] - before["requests"] > 300


def test_requests_follow_the_weights_of_the_rule(web, http):
    # Given a canary in its own target group
    canary = web.push(2, error_rate=0.5)
    groups = web.balancer.groups
    web.service(
        web.task_definition(canary),
        name="checkout-canary",
        desired=1,
        loadBalancers=web.balancer.attached("canary"),
    )
    action = forward({groups["checkout"]: 80, groups["canary"]: 20})
    web.elbv2.modify_listener(ListenerArn=web.balancer.listener, DefaultActions=[action])

    # When
    http.put("/_world/traffic/prod/checkout", json={"requests_per_second": 500})
    web.advance(10)

    # Then
    seen = http.get("/_world/traffic/prod/checkout").get_json()
    share = seen["versions"][canary]["requests"] / seen["requests"]
    assert share == pytest.approx(0.2, abs=0.03)
    bad = seen["versions"][canary]["bad_requests"] / seen["versions"][canary]["requests"]
    assert bad == pytest.approx(0.5, abs=0.05)


def test_a_service_without_a_load_balancer_has_users_too(region, http):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1, error_rate=1.0)))
    region.advance(1)

    # When
    http.put("/_world/traffic/checkout", json={"requests_per_second": 100})
    region.advance(3)

    # Then
    seen = http.get("/_world/traffic/checkout").get_json()
    assert seen["bad_requests"] == seen["requests"] > 200


def test_the_users_of_a_service_can_be_sent_away(web, http):
    # Given
    http.put("/_world/traffic/checkout", json={"requests_per_second": 100})

    # When
    http.delete("/_world/traffic/checkout")
    web.advance(3)

    # Then
    assert http.get("/_world/traffic/checkout").status_code == 404


def test_a_name_that_means_several_services_or_none_is_refused(web, http):
    # Given
    web.ecs.create_cluster(clusterName="dev")
    web.ecs.create_service(
        cluster="dev",
        serviceName="checkout",
        taskDefinition="checkout",
        desiredCount=0,
        networkConfiguration=web.network(),
    )

    # Then
    several = http.put("/_world/traffic/checkout", json={"requests_per_second": 1})
    assert several.status_code == 409
    assert several.get_json()["message"].endswith("dev/checkout, prod/checkout")
    assert http.put("/_world/traffic/gone", json={"requests_per_second": 1}).status_code == 404
    chosen = http.put("/_world/traffic/checkout", json={"requests_per_second": 1, "cluster": "dev"})
    assert chosen.get_json()["service"] == "dev/checkout"


@pytest.mark.parametrize("body", [{}, {"requests_per_second": -1}, {"requests_per_second": "many"}])
def test_a_rate_that_is_none_is_refused(web, http, body):
    answer = http.put("/_world/traffic/checkout", json=body)

    assert answer.status_code == 400
    assert "requests_per_second" in answer.get_json()["message"]


def test_requests_leave_the_documented_metrics(web, http):
    # Given
    web.images(web.good, error_rate=0.1, slow_share=0.05)
    http.put("/_world/traffic/checkout", json={"requests_per_second": 300})

    # When
    web.advance(6)
    http.put("/_world/traffic/checkout", json={"requests_per_second": 0})
    web.advance(2)

    # Then
    seen = http.get("/_world/traffic/checkout").get_json()
    assert sum(values(web, "RequestCount")) == seen["requests"]
    assert sum(values(web, "HTTPCode_Target_5XX_Count")) == seen["bad_requests"]
    good = seen["requests"] - seen["bad_requests"]
    assert sum(values(web, "HTTPCode_Target_2XX_Count")) == good
    assert max(values(web, "TargetResponseTime", "p50")) < 0.1
    assert max(values(web, "TargetResponseTime", "p99")) >= 1
    assert set(values(web, "HealthyHostCount", "Minimum", seconds=5)) == {2.0}
    assert set(values(web, "UnHealthyHostCount", "Maximum", seconds=5)) == {0.0}


def test_counts_that_would_be_zero_are_absent(web, http):
    """ "If there are no requests … the metric is not reported": a 5xx series has gaps, and no zeros."""
    # Given
    web.advance(3)
    silent = values(web, "RequestCount")

    # When
    http.put("/_world/traffic/checkout", json={"requests_per_second": 100})
    web.advance(4)

    # Then
    assert silent == []
    assert values(web, "RequestCount")
    assert values(web, "HTTPCode_Target_5XX_Count") == []


def test_each_target_group_has_metrics_of_its_own(web, http):
    # Given
    canary = web.push(2, error_rate=1.0)
    groups = web.balancer.groups
    web.service(
        web.task_definition(canary),
        name="checkout-canary",
        desired=1,
        loadBalancers=web.balancer.attached("canary"),
    )
    action = forward({groups["checkout"]: 50, groups["canary"]: 50})
    web.elbv2.modify_listener(ListenerArn=web.balancer.listener, DefaultActions=[action])

    # When
    http.put("/_world/traffic/prod/checkout", json={"requests_per_second": 200})
    web.advance(5)

    # Then
    assert sum(values(web, "HTTPCode_Target_5XX_Count", group="canary")) > 200
    assert values(web, "HTTPCode_Target_5XX_Count", group="checkout") == []


def test_what_targets_answered_is_reported_by_zone_as_well(web, http):
    # Given
    web.images(web.good, error_rate=0.1, slow_share=0.05)
    http.put("/_world/traffic/checkout", json={"requests_per_second": 300})

    # When
    web.advance(6)
    http.put("/_world/traffic/checkout", json={"requests_per_second": 0})
    web.advance(2)

    # Then the zones of the tasks share all requests, and so do the slow ones
    zones = {task["availabilityZone"] for task in web.tasks()}
    assert len(zones) == 2
    for metric, statistic in (("RequestCount", "Sum"), ("TargetResponseTime", "TC(0.8:)")):
        shares = {zone: sum(values(web, metric, statistic, zone=zone)) for zone in zones}
        assert all(share > 0 for share in shares.values())
        assert sum(shares.values()) == sum(values(web, metric, statistic))
    seen = http.get("/_world/traffic/checkout").get_json()["versions"][web.good]
    assert sum(values(web, "TargetResponseTime", "TC(0.8:)")) == seen["slow_requests"]
