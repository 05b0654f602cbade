"""The HTTP front of the load balancers, and the control of images.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

import pytest
from flask import Flask

from local.world import control
from tests.local.world.support import forward

VERSION = "x-tidegate-version"


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


def test_a_request_names_the_version_that_answered_it(web, http):
    # When
    answer = http.get("/_world/lb/web/health")

    # Then
    assert (answer.status_code, answer.headers[VERSION]) == (200, web.good)
    assert answer.get_json() == {"status": "ok", "path": "/health", "version": web.good}


def test_the_root_of_a_load_balancer_answers_too(web, http):
    assert http.get("/_world/lb/web").status_code == 200
    assert http.get("/_world/lb/web/").status_code == 200


def test_a_path_answers_as_its_image_says(web, http):
    # When
    web.images(web.good, http={"/ready": 503})

    # Then
    assert http.get("/_world/lb/web/ready").status_code == 503
    assert http.get("/_world/lb/web/other").status_code == 200


def test_an_image_answers_errors_by_its_rate(web, http):
    # When
    web.images(web.good, error_rate=0.5)
    codes = [http.get("/_world/lb/web/pay").status_code for _ in range(200)]

    # Then
    assert set(codes) == {200, 500}
    assert 60 < codes.count(500) < 140


def test_a_listener_is_found_by_its_port(web, http):
    # Given a test listener on the canary's group
    canary = web.push(2)
    web.elbv2.create_listener(
        LoadBalancerArn=web.balancer.arn,
        Protocol="HTTP",
        Port=8443,
        DefaultActions=[forward({web.balancer.groups["canary"]: 1})],
    )
    web.service(
        web.task_definition(canary), name="canary", desired=1, loadBalancers=web.balancer.attached("canary")
    )

    # Then
    assert http.get("/_world/lb/web:8443/").headers[VERSION] == canary
    assert http.get("/_world/lb/web:80/").headers[VERSION] == web.good
    assert http.get("/_world/lb/web:81/").status_code == 404
    assert http.get("/_world/lb/elsewhere/").status_code == 404


@pytest.mark.parametrize(
    ("condition", "request_"),
    [
        ({"Field": "path-pattern", "Values": ["/beta/*"]}, {"path": "/beta/pay"}),
        (
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Beta", "Values": ["yes"]}},
            {"headers": {"x-beta": "yes"}},
        ),
        ({"Field": "host-header", "Values": ["beta.example.com"]}, {"headers": {"host": "beta.example.com"}}),
        (
            {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "beta", "Value": "1"}]}},
            {"query_string": {"beta": "1"}},
        ),
        (
            {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}},
            {"method": "POST"},
        ),
    ],
)
def test_rules_choose_by_their_conditions(web, http, condition, request_):
    # Given
    web.elbv2.create_rule(
        ListenerArn=web.balancer.listener,
        Priority=1,
        Conditions=[condition],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "418"}}],
    )
    asked = dict(request_)
    path = asked.pop("path", "/pay")

    # Then
    assert http.open(f"/_world/lb/web{path}", **{"method": "GET", **asked}).status_code == 418
    assert http.get("/_world/lb/web/pay").status_code == 200


def test_requests_are_shared_out_by_weight(web, http):
    # Given
    canary = web.push(2)
    web.service(
        web.task_definition(canary), name="canary", desired=1, loadBalancers=web.balancer.attached("canary")
    )
    groups = web.balancer.groups
    action = forward({groups["checkout"]: 3, groups["canary"]: 1})
    web.elbv2.modify_listener(ListenerArn=web.balancer.listener, DefaultActions=[action])

    # When
    versions = [http.get("/_world/lb/web/").headers[VERSION] for _ in range(400)]

    # Then
    assert 60 < versions.count(canary) < 140


def test_without_targets_the_load_balancer_itself_answers(web, http):
    # Given
    web.update(desiredCount=0)
    web.until(lambda: web.describe()["runningCount"] == 0)

    # Then
    assert http.get("/_world/lb/web/health").status_code == 503


def test_where_no_target_is_healthy_all_of_them_get_requests(web, http):
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html"""
    # Given
    web.update(healthCheckGracePeriodSeconds=36000)
    web.images(web.good, http={"/health": 500})
    web.until(lambda: set(web.target_states(web.balancer.groups["checkout"])) == {"unhealthy"})

    # Then
    assert http.get("/_world/lb/web/pay").status_code == 200


def test_the_behaviour_of_an_image_is_set_field_by_field(region, http):
    # Given
    digest = "sha256:" + "1" * 64

    # When
    http.put(f"/_world/images/{digest}", json={"error_rate": 0.5, "tasks": {"migrate": {"exit_code": 2}}})
    http.put(f"/_world/images/{digest}", json={"slow_share": 0.1})

    # Then
    shown = http.get(f"/_world/images/{digest}").get_json()
    assert (shown["error_rate"], shown["slow_share"], shown["starts"]) == (0.5, 0.1, True)
    assert shown["tasks"] == {"migrate": {"exit_code": 2, "seconds": 0.5}}


@pytest.mark.parametrize("body", [{"error_rat": 1}, {"error_rate": 2}, {"tasks": {"a": {"code": 1}}}])
def test_a_behaviour_that_makes_no_sense_is_refused(region, http, body):
    answer = http.put("/_world/images/sha256:1", json=body)

    assert answer.status_code == 400
    assert answer.get_json()["message"]


def test_an_unknown_image_is_a_good_one(region, http):
    shown = http.get("/_world/images/sha256:unknown").get_json()

    assert shown["starts"]
    assert (shown["error_rate"], shown["exit_code"], shown["crash_after_s"]) == (0.0, 0, None)


def test_an_image_is_archived_behind_everybodys_back(region, http):
    # Given
    region.repository()
    digest = region.push(1)

    # When
    answer = http.post(f"/_world/images/{digest}/archive")

    # Then
    assert answer.get_json() == {"archived": 1}
    assert region.ecr.describe_images(repositoryName="checkout")["imageDetails"] == []
    assert http.post("/_world/images/sha256:unknown/archive").status_code == 404
