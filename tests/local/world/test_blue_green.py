"""Deployments that shift traffic: stages, hooks, weights, rollback.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html
"""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from local.world.ecs.stages import forward as stages_of
from local.world.ecs.stages import steps
from tests.local.world.support import forward

PAUSE = {
    "targetType": "PAUSE",
    "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
    "timeoutConfiguration": {"timeoutInMinutes": 10, "action": "ROLLBACK"},
}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:judge"


@pytest.fixture
def web(region):
    """A service with two target groups behind a production rule and a test rule."""
    region.repository()
    region.balancer = region.load_balancer(groups=("blue", "green"))
    groups = region.balancer.groups
    region.rules = {
        name: region.elbv2.create_rule(
            ListenerArn=region.balancer.listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [path]}],
            Actions=[forward({groups["blue"]: 1, groups["green"]: 0})],
        )["Rules"][0]["RuleArn"]
        for name, priority, path in (("test", 1, "/test/*"), ("production", 2, "/*"))
    }
    region.good = region.push(1)
    return region


def start(web, *hooks, **configuration):
    advanced = {
        "alternateTargetGroupArn": web.balancer.groups["green"],
        "productionListenerRule": web.rules["production"],
        "testListenerRule": web.rules["test"],
        "roleArn": "arn:aws:iam::123456789012:role/shift",
    }
    settings = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}
    web.service(
        web.task_definition(web.good),
        loadBalancers=[{**web.balancer.attached("blue")[0], "advancedConfiguration": advanced}],
        deploymentConfiguration=settings,
    )
    web.update(deploymentConfiguration={"lifecycleHooks": list(hooks), **configuration})
    web.advance(1)
    web.events.clear()


def weights(web, rule="production"):
    found = web.elbv2.describe_rules(RuleArns=[web.rules[rule]])["Rules"][0]["Actions"][0]
    by_arn = {each["TargetGroupArn"]: each["Weight"] for each in found["ForwardConfig"]["TargetGroups"]}
    return {name: by_arn[arn] for name, arn in web.balancer.groups.items()}


def status(web):
    return web.service_deployment()["status"]


def hook(web):
    return web.service_deployment().get("lifecycleHookDetails", [])[-1]


def awaits(web):
    details = web.service_deployment().get("lifecycleHookDetails", [])
    return bool(details) and details[-1]["status"] == "AWAITING_ACTION"


def test_traffic_moves_from_the_blue_to_the_green_target_group_at_once(web):
    # Given
    start(web)
    before = weights(web)
    stages = []

    # When
    new = web.push(2)
    web.update(web.task_definition(new))

    def done() -> bool:
        stages.append(web.service_deployment().get("lifecycleStage"))
        return status(web) == "SUCCESSFUL"

    web.until(done)

    # Then
    assert (before, weights(web)) == ({"blue": 100, "green": 0}, {"blue": 0, "green": 100})
    assert weights(web, "test") == {"blue": 0, "green": 100}
    assert web.running_digests() == {new}
    order = [stage for stage in dict.fromkeys(stages) if stage]
    assert order == [stage.name for stage in stages_of({}, reconcile=False) if stage.name in order]
    assert {"SCALE_UP", "BAKE_TIME", "CLEAN_UP"} <= set(order)


def test_the_next_deployment_goes_back_to_the_blue_target_group(web):
    # Given
    start(web)
    web.update(web.task_definition(web.push(2)))
    web.until_status("SUCCESSFUL")

    # When
    web.update(web.task_definition(web.push(3)))
    web.until_status("SUCCESSFUL")

    # Then
    assert weights(web) == {"blue": 100, "green": 0}


def test_both_revisions_run_until_the_bake_time_is_over(web):
    # Given
    start(web, bakeTimeInMinutes=2)
    new = web.push(2)

    # When
    web.update(web.task_definition(new))
    web.until_stage("BAKE_TIME")
    begun = web.clock.now()

    # Then
    assert web.running_digests() == {web.good, new}
    assert len(web.tasks()) == 4
    web.until_stage("CLEAN_UP")
    assert web.clock.now() - begun >= 2 - 0.2


def test_a_revision_tells_which_target_group_it_uses(web):
    # Given
    start(web)
    web.update(web.task_definition(web.push(2)))
    web.until_status("SUCCESSFUL")

    # When
    arn = web.service_deployment()["targetServiceRevision"]["arn"]
    found = web.ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"][0]

    # Then
    assert found["resolvedConfiguration"]["loadBalancers"] == [
        {
            "targetGroupArn": web.balancer.groups["green"],
            "productionListenerRule": web.rules["production"],
        }
    ]


def test_a_pause_hook_waits_for_an_answer_and_says_so(web):
    # Given
    start(web, PAUSE)
    new = web.push(2)
    web.update(web.task_definition(new))

    # When
    web.until(lambda: awaits(web))
    web.advance(3)

    # Then
    described = web.service_deployment()
    assert described["lifecycleStage"] == "POST_TEST_TRAFFIC_SHIFT"
    assert weights(web) == {"blue": 100, "green": 0}
    assert weights(web, "test") == {"blue": 0, "green": 100}
    assert described["targetServiceRevision"]["requestedTestTrafficWeight"] == 100.0
    event = web.events_of("ECS Hook State Change")[0]
    assert event.resources == [described["serviceDeploymentArn"]]
    assert set(event.detail) == {
        "eventType",
        "eventName",
        "hookId",
        "hookType",
        "expiresAt",
        "lifecycleStage",
        "clusterArn",
        "serviceArn",
        "serviceDeploymentArn",
        "updatedAt",
    }
    assert event.detail["eventName"] == "HOOK_AWAITING_ACTION"
    assert event.detail["hookId"] == hook(web)["hookId"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", event.detail["updatedAt"])
    assert hook(web)["timeoutAction"] == "ROLLBACK"


def test_a_paused_deployment_goes_on_when_it_is_told_to(web):
    # Given
    start(web, PAUSE)
    new = web.push(2)
    web.update(web.task_definition(new))
    web.until(lambda: awaits(web))
    arn = web.service_deployment()["serviceDeploymentArn"]

    # When
    answer = web.ecs.continue_service_deployment(
        serviceDeploymentArn=arn, hookId=hook(web)["hookId"], action="CONTINUE"
    )
    web.until_status("SUCCESSFUL")
    web.advance(1)

    # Then
    assert answer["serviceDeploymentArn"] == arn
    assert web.running_digests() == {new}
    assert web.event_names("ECS Hook State Change") == ["HOOK_AWAITING_ACTION", "HOOK_SUCCEEDED"]


def test_without_an_action_a_paused_deployment_continues(web):
    # Given
    start(web, PAUSE)
    web.update(web.task_definition(web.push(2)))
    web.until(lambda: awaits(web))

    # When
    arn = web.service_deployment()["serviceDeploymentArn"]
    web.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook(web)["hookId"])

    # Then
    assert hook(web)["status"] == "SUCCEEDED"


def test_a_paused_deployment_goes_back_when_it_is_told_to(web):
    # Given
    start(web, PAUSE)
    web.update(web.task_definition(web.push(2)))
    web.until(lambda: awaits(web))
    arn = web.service_deployment()["serviceDeploymentArn"]

    # When
    web.ecs.continue_service_deployment(
        serviceDeploymentArn=arn, hookId=hook(web)["hookId"], action="ROLLBACK"
    )
    web.until_status("ROLLBACK_SUCCESSFUL")
    web.advance(1)

    # Then
    assert web.running_digests() == {web.good}
    assert weights(web) == {"blue": 100, "green": 0}
    assert weights(web, "test") == {"blue": 100, "green": 0}
    assert web.event_names("ECS Hook State Change")[-1] == "HOOK_FAILED"
    assert "POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) failed" in web.service_deployment()["statusReason"]


@pytest.mark.parametrize(
    ("action", "ends"), [("ROLLBACK", "ROLLBACK_SUCCESSFUL"), ("CONTINUE", "SUCCESSFUL")]
)
def test_a_pause_that_nobody_answers_ends_by_itself(web, action, ends):
    # Given
    start(web, {**PAUSE, "timeoutConfiguration": {"timeoutInMinutes": 5, "action": action}})

    # When
    web.update(web.task_definition(web.push(2)))
    web.until_status(ends)
    web.advance(1)

    # Then
    assert "HOOK_TIMED_OUT" in web.event_names("ECS Hook State Change")


def test_an_answer_to_a_hook_that_does_not_wait_is_refused(web):
    # Given
    start(web, PAUSE)
    web.update(web.task_definition(web.push(2)))
    web.until(lambda: awaits(web))
    arn, hook_id = web.service_deployment()["serviceDeploymentArn"], hook(web)["hookId"]
    web.ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook_id, action="CONTINUE")

    # Then
    for wrong in ({"hookId": hook_id}, {"hookId": "ecs-pause-unknown"}):
        with pytest.raises(ClientError) as caught:
            web.ecs.continue_service_deployment(serviceDeploymentArn=arn, action="CONTINUE", **wrong)
        assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_deployment_stopped_after_the_shift_gives_the_traffic_back(web):
    # Given
    start(web, bakeTimeInMinutes=60)
    web.update(web.task_definition(web.push(2)))
    web.until_stage("BAKE_TIME")
    shifted = weights(web)
    blue = {task["taskArn"] for task in web.tasks() if web.good in str(task["containers"])}

    # When
    arn = web.service_deployment()["serviceDeploymentArn"]
    web.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    web.until_status("ROLLBACK_SUCCESSFUL")
    web.advance(1)

    # Then the very tasks that still ran serve again
    assert (shifted, weights(web)) == ({"blue": 0, "green": 100}, {"blue": 100, "green": 0})
    assert {task["taskArn"] for task in web.tasks()} == blue
    assert web.event_names()[-1] == "SERVICE_DEPLOYMENT_COMPLETED"


def test_an_alarm_in_the_bake_time_gives_the_traffic_back(web):
    # Given
    web.cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="Checkout",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    start(web, alarms={"alarmNames": ["errors"], "enable": True, "rollback": True}, bakeTimeInMinutes=60)
    web.update(web.task_definition(web.push(2)))
    web.until_stage("BAKE_TIME")

    # When
    web.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    web.until_status("ROLLBACK_SUCCESSFUL")

    # Then
    assert weights(web) == {"blue": 100, "green": 0}
    assert web.running_digests() == {web.good}


def test_tasks_that_do_not_start_never_get_traffic(web):
    # Given
    breaker = {"enable": True, "rollback": True}
    start(web, deploymentCircuitBreaker=breaker)

    # When
    web.update(web.task_definition(web.push(2, starts=False)))
    web.until_status("ROLLBACK_SUCCESSFUL")

    # Then
    assert weights(web) == {"blue": 100, "green": 0}
    assert web.running_digests() == {web.good}


def test_target_groups_that_no_rule_knows_turn_a_deployment_back(web):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html"""
    # Given
    start(web)
    only_blue = forward({web.balancer.groups["blue"]: 1})
    for rule in web.rules.values():
        web.elbv2.modify_rule(RuleArn=rule, Actions=[only_blue])

    # When
    web.update(web.task_definition(web.push(2)))
    web.until_status("ROLLBACK_SUCCESSFUL")

    # Then
    reason = web.service_deployment()["statusReason"]
    assert reason.endswith("must be associated with the productionListenerRule or testListenerRule.")


def test_a_newer_deployment_starts_again_from_what_is_live(web):
    # Given a deployment that has already shifted the traffic
    start(web, bakeTimeInMinutes=60)
    web.update(web.task_definition(web.push(2)))
    web.until_stage("BAKE_TIME")

    # When
    last = web.push(3)
    web.update(web.task_definition(last), deploymentConfiguration={"bakeTimeInMinutes": 1})
    web.until_status("SUCCESSFUL")

    # Then
    assert web.running_digests() == {last}
    assert weights(web) == {"blue": 0, "green": 100}


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ({"strategy": "BLUE_GREEN"}, [(100, 0)]),
        ({"strategy": "CANARY"}, [(5, 10), (100, 0)]),
        (
            {
                "strategy": "CANARY",
                "canaryConfiguration": {"canaryPercent": 20, "canaryBakeTimeInMinutes": 3},
            },
            [(20, 3), (100, 0)],
        ),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25, "stepBakeTimeInMinutes": 2}},
            [(25, 2), (50, 2), (75, 2), (100, 0)],
        ),
        (
            {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 30, "stepBakeTimeInMinutes": 1}},
            [(30, 1), (60, 1), (90, 1), (100, 0)],
        ),
    ],
)
def test_the_steps_of_the_production_traffic(configuration, expected):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html"""
    assert steps(configuration) == expected


def test_a_canary_gets_its_share_first_and_pauses_before_each_step(web):
    # Given
    pause = {**PAUSE, "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]}
    canary = {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 1}
    start(web, pause, strategy="CANARY", canaryConfiguration=canary)
    web.update(web.task_definition(web.push(2)))
    arn = None
    seen = []

    # When
    for _ in range(2):
        web.until(lambda: awaits(web))
        arn = arn or web.service_deployment()["serviceDeploymentArn"]
        seen.append(weights(web)["green"])
        web.ecs.continue_service_deployment(
            serviceDeploymentArn=arn, hookId=hook(web)["hookId"], action="CONTINUE"
        )
    web.until_status("SUCCESSFUL")

    # Then
    assert [*seen, weights(web)["green"]] == [0, 20, 100]


class Function:
    """A Lambda hook that answers what it is told to."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.events: list[dict] = []

    def invoke(self, region, arn, event, reply) -> None:
        assert (region, arn) == ("us-east-1", FUNCTION)
        self.events.append(dict(event))
        reply(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


def lambda_hook(*stages, **details):
    return {
        "targetType": "AWS_LAMBDA",
        "hookTargetArn": FUNCTION,
        "roleArn": "arn:aws:iam::123456789012:role/hooks",
        "lifecycleStages": list(stages),
        **({"hookDetails": details} if details else {}),
    }


def test_a_function_is_asked_with_the_documented_event(web):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html"""
    # Given
    function = Function({"hookStatus": "SUCCEEDED"})
    web.installation.ecs.hooks._invoke = function.invoke
    start(web, lambda_hook("PRODUCTION_TRAFFIC_SHIFT", limit=3))

    # When
    web.update(web.task_definition(web.push(2)))
    web.until_status("SUCCESSFUL")

    # Then
    described = web.service_deployment()
    event = function.events[0]
    green = described["targetServiceRevision"]["arn"]
    blue = described["sourceServiceRevisions"][0]["arn"]
    assert event["lifecycleStage"] == "PRODUCTION_TRAFFIC_SHIFT"
    assert event["resourceArn"] == described["serviceDeploymentArn"]
    assert event["executionDetails"]["targetServiceRevisionArn"] == green
    assert event["executionDetails"]["productionTrafficWeights"] == {green: 100, blue: 0}
    assert event["hookDetails"] == {"limit": 3}
    kept = web.describe()["deploymentConfiguration"]["lifecycleHooks"][0]
    assert kept["hookDetails"] == {"limit": 3}


def test_a_function_may_ask_to_be_called_again_and_keeps_its_details(web):
    # Given
    function = Function(
        {"hookStatus": "IN_PROGRESS", "callBackDelay": 1, "hookDetails": {"seen": 1}},
        {"hookStatus": "SUCCEEDED"},
    )
    web.installation.ecs.hooks._invoke = function.invoke
    start(web, lambda_hook("POST_SCALE_UP"))

    # When
    web.update(web.task_definition(web.push(2)))
    web.until_status("SUCCESSFUL")

    # Then
    assert [event["hookDetails"] for event in function.events] == [{}, {"seen": 1}]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"hookStatus": "FAILED"}, f"Lifecycle hook target {FUNCTION} returned FAILED status."),
        ({"status": "fine"}, "HookStatus must not be null"),
        (None, "HookStatus must not be null"),
    ],
)
def test_a_function_that_fails_or_says_nonsense_turns_the_deployment_back(web, answer, reason):
    # Given
    web.installation.ecs.hooks._invoke = Function(answer).invoke
    start(web, lambda_hook("PRE_SCALE_UP"))
    web.push(2)

    # When
    web.update(web.task_definition(web.push(3)))
    web.until_status("ROLLBACK_SUCCESSFUL")

    # Then
    found = web.service_deployment()["statusReason"]
    assert found.startswith("Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed.")
    assert found.endswith(reason)
    assert web.running_digests() == {web.good}


def test_a_function_is_asked_again_at_the_shift_back(web):
    """There is no ROLLBACK stage: a hook knows one by the target's weight of 0."""
    # Given
    function = Function({"hookStatus": "SUCCEEDED"})
    web.installation.ecs.hooks._invoke = function.invoke
    start(web, lambda_hook("PRODUCTION_TRAFFIC_SHIFT"), bakeTimeInMinutes=60)
    web.update(web.task_definition(web.push(2)))
    web.until_stage("BAKE_TIME")

    # When
    arn = web.service_deployment()["serviceDeploymentArn"]
    web.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    web.until_status("ROLLBACK_SUCCESSFUL")

    # Then
    assert len(function.events) == 2
    details = function.events[1]["executionDetails"]
    assert details["productionTrafficWeights"][details["targetServiceRevisionArn"]] == 0


@pytest.mark.parametrize(
    "hook",
    [
        {**PAUSE, "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"]},
        {**PAUSE, "hookTargetArn": FUNCTION},
        {**PAUSE, "timeoutConfiguration": {"timeoutInMinutes": 30000}},
        {"targetType": "AWS_LAMBDA", "lifecycleStages": ["PRE_SCALE_UP"]},
    ],
)
def test_hooks_that_make_no_sense_are_refused(web, hook):
    start(web)

    with pytest.raises(ClientError) as caught:
        web.update(deploymentConfiguration={"lifecycleHooks": [hook]})
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
