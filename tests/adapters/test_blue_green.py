"""What `ports.Services` promises of blue/green deployments, whose fake is told where a test needs it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.test_canary_services import described
from tests.adapters.values import HOME, NOON
from tests.local.world.support import Region, forward
from tests.support.fakes import FakeServices
from tidegate.aws.clients import Clients
from tidegate.aws.services import EcsServices
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.domain.strategy import BlueGreenSettings, CircuitBreaker, DeploymentAlarms, RollingSettings
from tidegate.domain.workload import DeploymentHook, ServiceDeployment
from tidegate.errors import Terminal, Transient

PLACE = (HOME, "prod", "checkout")
SETTINGS = BlueGreenSettings(
    production_rule="production",
    test_rule="test",
    target_groups=("green", "stable"),
    infrastructure_role="arn:aws:iam::123456789012:role/shift",
    test_url="https://test",
    alarms=DeploymentAlarms(names=("errors",)),
)
ADVANCED = {
    "alternateTargetGroupArn": "green",
    "productionListenerRule": "production",
    "testListenerRule": "test",
    "roleArn": SETTINGS.infrastructure_role,
}
GROUP = {"targetGroupArn": "stable", "containerName": "app", "containerPort": 8080}
PAUSE = {
    "targetType": "PAUSE",
    "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
    "timeoutConfiguration": {"timeoutInMinutes": 60, "action": "ROLLBACK"},
}


# --- in the simulated world ---------------------------------------------------------------------------------


class Web:
    """The service `checkout` behind a production rule and a test rule, with two target groups."""

    def __init__(self, region: Region, clients: Clients) -> None:
        self.region = region
        region.repository()
        self.balancer = region.load_balancer(groups=("blue", "green"))
        self.groups = self.balancer.groups
        rules = {}
        for priority, (name, path) in enumerate({"test": "/test/*", "production": "/*"}.items(), 1):
            rule = region.elbv2.create_rule(
                ListenerArn=self.balancer.listener,
                Priority=priority,
                Conditions=[{"Field": "path-pattern", "Values": [path]}],
                Actions=[forward({self.groups["blue"]: 1, self.groups["green"]: 0})],
            )
            rules[name] = rule["Rules"][0]["RuleArn"]
        self.settings = replace(
            SETTINGS,
            production_rule=rules["production"],
            test_rule=rules["test"],
            target_groups=(self.groups["blue"], self.groups["green"]),
            bake_minutes=1,
            alarms=DeploymentAlarms(),
        )
        self.definitions = [region.task_definition(region.push(number)) for number in (1, 2, 3)]
        # A rolling service until now: nothing of it says anything of blue/green.
        region.service(self.definitions[0], loadBalancers=self.balancer.attached("blue"))
        self.port = EcsServices(clients, EcsTaskDefinitions(clients))

    @property
    def newest(self) -> ServiceDeployment:
        return self.port.deployments(*PLACE)[0]

    def waiting(self) -> DeploymentHook | None:
        return next((hook for hook in self.newest.hooks if hook.waits), None)

    def live(self) -> str:
        """The name of the group that gets all production traffic."""
        (rule,) = self.region.elbv2.describe_rules(RuleArns=[self.settings.production_rule])["Rules"]
        groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
        (only,) = (each["TargetGroupArn"] for each in groups if each["Weight"])
        return next(name for name, arn in self.groups.items() if arn == only)


@pytest.fixture
def web(untouched: Clients) -> Any:
    with Region.kind() as region:
        yield Web(region, untouched)


def test_a_deployment_pauses_before_the_switch_until_it_is_told_to_go_on(web: Web):
    # When
    web.port.deploy(*PLACE, web.definitions[1], web.settings)
    web.region.until(lambda: web.waiting() is not None, within=60)

    # Then blue has the traffic, and the pause says where and until when
    hook = web.waiting()
    assert hook is not None
    assert (web.live(), web.newest.production_weight) == ("blue", None)
    assert (web.newest.lifecycle_stage, hook.stage) == ("POST_TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT")
    assert hook.expires_at is not None
    assert hook.expires_at > datetime.fromtimestamp(web.region.clock.now(), UTC)

    # When
    assert web.port.continue_deployment(HOME, web.newest.arn, hook.id, go_on=True)
    assert not web.port.continue_deployment(HOME, web.newest.arn, hook.id, go_on=True)
    web.region.until_status("SUCCESSFUL")

    # Then
    assert (web.live(), web.newest.production_weight) == ("green", 100.0)
    assert web.newest.target_groups == (web.groups["green"],)
    assert [(each.status, each.stage) for each in web.newest.hooks] == [("SUCCEEDED", None)]


def test_a_pause_that_is_answered_with_a_return_goes_back(web: Web):
    # Given
    web.port.deploy(*PLACE, web.definitions[1], web.settings)
    web.region.until(lambda: web.waiting() is not None, within=60)
    hook = web.waiting()
    assert hook is not None

    # When
    assert web.port.continue_deployment(HOME, web.newest.arn, hook.id, go_on=False)
    web.region.until_status("ROLLBACK_SUCCESSFUL")

    # Then
    assert web.live() == "blue"
    state = web.port.describe(*PLACE)
    assert state is not None
    assert state.task_definition == web.definitions[0]


def test_restoring_waits_for_nobody_and_the_groups_take_turns(web: Web):
    # Given a version that went through without a pause
    web.port.deploy(*PLACE, web.definitions[1], web.settings, pause=False)
    web.region.until_status("SUCCESSFUL")
    assert web.live() == "green"

    # When the older version comes back, and once more the newer one, the other way round in the manifest
    web.port.deploy(*PLACE, web.definitions[0], web.settings, pause=False)
    web.region.until_status("SUCCESSFUL")
    assert web.live() == "blue"
    turned = replace(web.settings, target_groups=(web.groups["green"], web.groups["blue"]))
    web.port.deploy(*PLACE, web.definitions[2], turned, pause=False)
    web.region.until_status("SUCCESSFUL")

    # Then no deployment was begun but these
    assert web.live() == "green"
    assert [each.hooks for each in web.port.deployments(*PLACE)] == [(), (), (), ()]


def test_a_service_goes_from_blue_green_to_rolling(web: Web):
    # Given
    web.port.deploy(*PLACE, web.definitions[1], web.settings, pause=False)
    web.region.until_status("SUCCESSFUL")

    # When
    web.port.deploy(*PLACE, web.definitions[2], RollingSettings())
    web.region.until_status("SUCCESSFUL")

    # Then
    state = web.port.describe(*PLACE)
    assert state is not None
    assert (state.task_definition, state.settled, web.live()) == (web.definitions[2], True, "green")


# --- the adapter alone --------------------------------------------------------------------------------------


@pytest.fixture
def ecs(untouched: Clients) -> Scripted:
    return Scripted(untouched.at("ecs", HOME))


@pytest.fixture
def services(untouched: Clients, ecs: Scripted) -> EcsServices:
    return EcsServices(untouched, EcsTaskDefinitions(untouched))


def asked(ecs: Scripted, services: EcsServices, service: dict[str, Any], **options: Any) -> dict[str, Any]:
    ecs.answer("DescribeServices", {"services": [service]})
    ecs.answer("UpdateService", {})
    services.deploy(*PLACE, "checkout:7", SETTINGS, **options)
    (request,) = ecs.requests["UpdateService"]
    return request


def test_the_first_deployment_tells_ecs_of_the_rules_and_of_the_other_group(
    services: EcsServices, ecs: Scripted
):
    other = {"targetGroupArn": "internal", "containerName": "app", "containerPort": 9090}

    assert asked(ecs, services, described(loadBalancers=[other, GROUP])) == {
        "cluster": "prod",
        "service": "checkout",
        "taskDefinition": "checkout:7",
        "loadBalancers": [other, {**GROUP, "advancedConfiguration": ADVANCED}],
        "deploymentConfiguration": {
            "strategy": "BLUE_GREEN",
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "bakeTimeInMinutes": 10,
            "deploymentCircuitBreaker": {
                "enable": True,
                "rollback": True,
                "resetOnHealthyTask": CircuitBreaker().reset_on_healthy_task,
                "thresholdConfiguration": {"type": "BOUNDED_PERCENT", "value": 50},
            },
            "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
            "lifecycleHooks": [PAUSE],
        },
    }


def test_what_ecs_knows_already_is_not_told_again(services: EcsServices, ecs: Scripted):
    known = described(loadBalancers=[{**GROUP, "advancedConfiguration": ADVANCED}])

    assert "loadBalancers" not in asked(ecs, services, known)


def test_a_restore_has_no_pause_and_no_bake_but_keeps_a_teams_own_hooks(services: EcsServices, ecs: Scripted):
    # Given a service with a function of the team's and the pause of the last deployment
    function = {"targetType": "AWS_LAMBDA", "hookTargetArn": "f", "lifecycleStages": ["PRE_SCALE_UP"]}
    service = described(deploymentConfiguration={"lifecycleHooks": [function, PAUSE]})

    # When
    told = asked(ecs, services, service, pause=False)["deploymentConfiguration"]

    # Then
    assert told["lifecycleHooks"] == [function]
    assert told["bakeTimeInMinutes"] == 0


def test_past_a_point_of_no_return_only_an_unanswered_pause_ends_green(services: EcsServices, ecs: Scripted):
    told = asked(ecs, services, described(), roll_back=False)["deploymentConfiguration"]

    assert told["alarms"] == {"alarmNames": ["errors"], "enable": True, "rollback": False}
    assert not told["deploymentCircuitBreaker"]["rollback"]
    assert told["lifecycleHooks"] == [PAUSE]


def test_a_service_in_other_groups_is_not_deployed_so(services: EcsServices, ecs: Scripted):
    with pytest.raises(
        Terminal, match="checkout is registered in none of the target groups green and stable"
    ):
        asked(ecs, services, described(loadBalancers=[{**GROUP, "targetGroupArn": "elsewhere"}]))


def test_a_service_that_is_gone_is_refused_by_ecs(services: EcsServices, ecs: Scripted):
    ecs.answer("DescribeServices", {"services": []})
    ecs.refuse("UpdateService", "ServiceNotFoundException", "Service not found.")

    with pytest.raises(Terminal, match="ServiceNotFoundException"):
        services.deploy(*PLACE, "checkout:7", SETTINGS)


@pytest.mark.parametrize(("go_on", "action"), [(True, "CONTINUE"), (False, "ROLLBACK")])
def test_a_pause_is_always_answered_with_an_action(
    services: EcsServices, ecs: Scripted, go_on: bool, action: str
):
    ecs.answer("ContinueServiceDeployment", {"serviceDeploymentArn": "one"})

    assert services.continue_deployment(HOME, "one", "hook", go_on=go_on)
    assert ecs.requests["ContinueServiceDeployment"] == [
        {"serviceDeploymentArn": "one", "hookId": "hook", "action": action}
    ]


def test_a_pause_that_waits_although_it_took_no_answer_is_answered_again(
    services: EcsServices, ecs: Scripted
):
    # Given
    hook = {"hookId": "hook", "targetType": "PAUSE", "status": "AWAITING_ACTION"}
    found = {"serviceDeploymentArn": "one", "status": "IN_PROGRESS", "createdAt": NOON}
    ecs.refuse("ContinueServiceDeployment", "ClientException", "not now")
    ecs.answer(
        "DescribeServiceDeployments", {"serviceDeployments": [{**found, "lifecycleHookDetails": [hook]}]}
    )

    # Then
    with pytest.raises(Transient, match="Hook hook awaits an action"):
        services.continue_deployment(HOME, "one", "hook", go_on=True)
    assert not services.continue_deployment(HOME, "one", "another", go_on=True)


# --- the fake -----------------------------------------------------------------------------------------------


def test_the_fake_lets_a_hook_be_answered_once():
    fake = FakeServices()
    fake.hooks.add("hook")

    assert fake.continue_deployment(HOME, "one", "hook", go_on=False)
    assert not fake.continue_deployment(HOME, "one", "hook", go_on=False)
    assert fake.continued == [("one", "hook", False)]
