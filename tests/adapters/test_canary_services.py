"""What `ports.Services` promises of a service beside another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.local.world.support import Region
from tests.support.fakes import FakeServices
from tidegate.aws.clients import Clients
from tidegate.aws.services import EcsServices
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.errors import Terminal, Transient
from tidegate.ports import Services

STABLE = (HOME, "prod", "checkout")
CANARY = (HOME, "prod", "checkout-canary")


@dataclass(frozen=True)
class Shop:
    """The service `checkout` with two tasks in one group, another group, two task definitions."""

    port: Services
    groups: dict[str, str]
    definitions: list[str]
    settle: Callable[[], None]


@pytest.fixture
def shop(kind: str, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A service that may get a canary beside it."""
    if kind == "fake":
        fake = FakeServices()
        fake.add("prod", "checkout", "checkout:1", target_groups=("stable",))
        groups = {"stable": "stable", "canary": "canary"}
        yield Shop(fake, groups, ["checkout:1", "checkout:2"], lambda: None)
        return
    clients: Clients = request.getfixturevalue("untouched")
    with Region.kind() as region:
        region.repository()
        balancer = region.load_balancer(groups=("stable", "canary"))
        definitions = [region.task_definition(region.push(number)) for number in (1, 2)]
        region.service(definitions[0], loadBalancers=balancer.attached("stable"))
        services = EcsServices(clients, EcsTaskDefinitions(clients))
        yield Shop(services, balancer.groups, definitions, lambda: region.advance(20))


def create(shop: Shop, definition: int = 0) -> None:
    groups = {shop.groups["stable"]: shop.groups["canary"]}
    shop.port.create_canary(*STABLE, "checkout-canary", shop.definitions[definition], groups)


def test_a_canary_service_wants_nothing_at_first_and_has_its_own_group(shop: Shop):
    # When
    create(shop)
    shop.settle()

    # Then
    state = shop.port.describe(*CANARY)
    assert state is not None
    assert (state.status, state.desired, state.running) == ("ACTIVE", 0, 0)
    assert (state.task_definition, state.target_groups) == (shop.definitions[0], (shop.groups["canary"],))
    stable = shop.port.describe(*STABLE)
    assert stable is not None
    assert (stable.desired, stable.target_groups) == (2, (shop.groups["stable"],))


def test_it_is_made_once(shop: Shop):
    create(shop)
    shop.port.resize(*CANARY, 1)
    create(shop, 1)

    state = shop.port.describe(*CANARY)
    assert state is not None
    assert (state.desired, state.task_definition) == (1, shop.definitions[0])


def test_it_grows_with_a_version_and_shrinks_to_nothing(shop: Shop):
    # Given
    create(shop)

    # When
    shop.port.resize(*CANARY, 2, task_definition=shop.definitions[1])
    shop.settle()

    # Then
    state = shop.port.describe(*CANARY)
    assert state is not None
    assert (state.desired, state.task_definition) == (2, shop.definitions[1])

    # When it is told so twice
    shop.port.resize(*CANARY, 0)
    shop.port.resize(*CANARY, 0)
    shop.settle()

    # Then no task is left
    state = shop.port.describe(*CANARY)
    assert state is not None
    assert (state.desired, state.running, state.pending) == (0, 0, 0)
    assert shop.port.tasks(*CANARY) == ()


def test_only_a_canary_service_is_ever_resized(shop: Shop):
    with pytest.raises(Terminal, match="checkout is no canary service"):
        shop.port.resize(*STABLE, 1)


def test_a_canary_service_that_is_gone_can_only_be_shrunk(shop: Shop):
    shop.port.resize(*CANARY, 0)

    with pytest.raises(Terminal, match="ServiceNotFoundException"):
        shop.port.resize(*CANARY, 1)


def test_there_is_no_canary_of_a_service_that_is_not_there_or_elsewhere(shop: Shop):
    with pytest.raises(Terminal, match=r"no .*service basket"):
        shop.port.create_canary(HOME, "prod", "basket", "basket-canary", shop.definitions[0], {})
    with pytest.raises(Terminal, match="cannot have a canary beside it"):
        shop.port.create_canary(*STABLE, "checkout-canary", shop.definitions[0], {"other": "canary"})
    assert shop.port.describe(*CANARY) is None


# --- the adapter alone --------------------------------------------------------------------------------------

GROUP = {"targetGroupArn": "stable", "containerName": "app", "containerPort": 8080}
NETWORK = {"awsvpcConfiguration": {"subnets": ["a"], "securityGroups": ["b"], "assignPublicIp": "DISABLED"}}
CONNECT = {
    "enabled": True,
    "namespace": "shop",
    "services": [{"portName": "http", "clientAliases": [{"port": 80}]}],
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs"}},
}


def described(name: str = "checkout", **more: Any) -> dict[str, Any]:
    """A service as DescribeServices gives it."""
    primary = {"status": "PRIMARY", "rolloutState": "COMPLETED", **more.pop("primary", {})}
    old = {"status": "ACTIVE", "serviceConnectConfiguration": {"enabled": False}}
    base = {"serviceName": name, "status": "ACTIVE", "desiredCount": 2, "loadBalancers": [GROUP]}
    return {**base, "deployments": [old, primary], **more}


@pytest.fixture
def ecs(untouched: Clients) -> Scripted:
    return Scripted(untouched.at("ecs", HOME))


@pytest.fixture
def services(untouched: Clients, ecs: Scripted) -> EcsServices:
    return EcsServices(untouched, EcsTaskDefinitions(untouched))


def known(ecs: Scripted, *answers: dict[str, Any] | None) -> None:
    """Let DescribeServices give one service, or none, after the other."""
    ecs.answer("DescribeServices", *({"services": [each] if each else []} for each in answers))


def made(services: EcsServices) -> None:
    services.create_canary(*STABLE, "checkout-canary", "checkout:7", {"stable": "canary"})


def test_all_is_taken_over_that_two_services_can_share(services: EcsServices, ecs: Scripted):
    # Given
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    stable = described(
        availabilityZoneRebalancing="ENABLED",
        capacityProviderStrategy=strategy,
        deploymentConfiguration={"strategy": "BLUE_GREEN"},
        enableECSManagedTags=True,
        enableExecuteCommand=False,
        healthCheckGracePeriodSeconds=45,
        launchType="FARGATE",
        loadBalancers=[
            {**GROUP, "advancedConfiguration": {"roleArn": "r"}},
            {**GROUP, "targetGroupArn": "x"},
        ],
        networkConfiguration=NETWORK,
        placementConstraints=[],
        platformVersion="1.4.0",
        primary={"serviceConnectConfiguration": CONNECT},
        propagateTags="SERVICE",
        roleArn="arn:aws:iam::123456789012:role/classic",
        serviceRegistries=[{"registryArn": "names"}],
        tags=[{"key": "team", "value": "shop"}, {"key": "aws:cloudformation:stack-name", "value": "shop"}],
    )
    known(ecs, None, stable)
    ecs.answer("CreateService", {})

    # When
    made(services)

    # Then neither Cloud Map nor Service Connect lets anybody find the canary, nor does another group
    assert ecs.requests["DescribeServices"][1]["include"] == ["TAGS"]
    (asked,) = ecs.requests["CreateService"]
    assert asked == {
        "cluster": "prod",
        "serviceName": "checkout-canary",
        "taskDefinition": "checkout:7",
        "desiredCount": 0,
        "availabilityZoneRebalancing": "ENABLED",
        "capacityProviderStrategy": strategy,
        "deploymentConfiguration": {
            "strategy": "ROLLING",
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": True, "rollback": False, "resetOnHealthyTask": False},
        },
        "enableECSManagedTags": True,
        "enableExecuteCommand": False,
        "healthCheckGracePeriodSeconds": 45,
        "loadBalancers": [{**GROUP, "targetGroupArn": "canary"}],
        "networkConfiguration": NETWORK,
        "platformVersion": "1.4.0",
        "propagateTags": "SERVICE",
        "serviceConnectConfiguration": {name: value for name, value in CONNECT.items() if name != "services"},
        "tags": [{"key": "team", "value": "shop"}],
    }


def test_a_plain_service_gets_a_plain_canary(services: EcsServices, ecs: Scripted):
    known(
        ecs,
        None,
        described(launchType="FARGATE", primary={"serviceConnectConfiguration": {"enabled": False}}),
    )
    ecs.answer("CreateService", {})

    made(services)

    (asked,) = ecs.requests["CreateService"]
    assert asked["launchType"] == "FARGATE"
    assert not {"serviceConnectConfiguration", "tags", "platformVersion", "capacityProviderStrategy"} & set(
        asked
    )


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "its deployment controller is CODE_DEPLOY"),
        ({"schedulingStrategy": "DAEMON"}, r"one task on every instance \(DAEMON\)"),
        ({"primary": {"volumeConfigurations": [{"name": "data"}]}}, "Amazon EBS volumes"),
        (
            {
                "primary": {
                    "vpcLatticeConfigurations": [{"roleArn": "r", "targetGroupArn": "t", "portName": "p"}]
                }
            },
            "VPC Lattice",
        ),
        ({"loadBalancers": [{"loadBalancerName": "classic"}]}, "not registered in stable"),
    ],
)
def test_what_cannot_be_had_twice_is_refused_with_a_sentence(
    services: EcsServices, ecs: Scripted, more: dict[str, Any], sentence: str
):
    known(ecs, None, described(**more))

    with pytest.raises(Terminal, match=f"Service checkout cannot have a canary beside it: .*{sentence}"):
        made(services)


def test_of_two_who_make_it_at_once_both_have_it(services: EcsServices, ecs: Scripted):
    # Given somebody who makes it between our look and our call
    known(ecs, None, described(), described("checkout-canary"))
    ecs.refuse("CreateService", "InvalidParameterException", "Creation of service was not idempotent.")

    # Then
    made(services)


def test_a_canary_service_that_is_just_being_deleted_is_waited_for(services: EcsServices, ecs: Scripted):
    known(ecs, described("checkout-canary", status="DRAINING"))

    with pytest.raises(Transient, match="is being deleted"):
        made(services)


def resized(ecs: Scripted, services: EcsServices, desired: int, service: dict[str, Any]) -> dict[str, Any]:
    known(ecs, service)
    ecs.answer("UpdateService", {})
    services.resize(*CANARY, desired, task_definition="checkout:7")
    return ecs.requests["UpdateService"][-1]


def test_a_deployment_that_was_given_up_is_begun_anew_from_nothing_only(services: EcsServices, ecs: Scripted):
    # Given a canary service whose last image never started, which wants nothing now
    failed = described("checkout-canary", desiredCount=0, primary={"rolloutState": "FAILED"})

    # Then the circuit breaker, which has ended that deployment, is told to try again
    assert resized(ecs, services, 2, failed) == {
        "cluster": "prod",
        "service": "checkout-canary",
        "taskDefinition": "checkout:7",
        "desiredCount": 2,
        "forceNewDeployment": True,
    }


@pytest.mark.parametrize(
    ("desired", "wanted", "state"), [(2, 2, "FAILED"), (0, 0, "FAILED"), (2, 0, "COMPLETED")]
)
def test_otherwise_no_deployment_is_forced(
    services: EcsServices, ecs: Scripted, desired: int, wanted: int, state: str
):
    service = described("checkout-canary", desiredCount=wanted, primary={"rolloutState": state})

    assert "forceNewDeployment" not in resized(ecs, services, desired, service)


# --- the adapter in the simulated world ---------------------------------------------------------------------


def test_an_image_that_never_starts_is_given_up_and_can_be_tried_again(untouched: Clients):
    with Region.kind() as region:
        # Given a canary of an image that does not start
        region.repository()
        balancer = region.load_balancer(groups=("stable", "canary"))
        good, broken = region.push(1), region.push(2, starts=False)
        definitions = [region.task_definition(each) for each in (good, broken)]
        region.service(definitions[0], loadBalancers=balancer.attached("stable"))
        port = EcsServices(untouched, EcsTaskDefinitions(untouched))
        groups = {balancer.groups["stable"]: balancer.groups["canary"]}
        port.create_canary(*STABLE, "checkout-canary", definitions[1], groups)

        service = region.installation.ecs.store((HOME.account, HOME.region)).services[
            "prod", "checkout-canary"
        ]

        def is_(state: str) -> bool:
            primary = service.primary
            return primary is not None and primary.rollout_state == state

        # When
        port.resize(*CANARY, 2, task_definition=definitions[1])
        region.until(lambda: is_("FAILED"), within=300)

        # Then ECS starts no more of them
        tried = len(port.tasks(*CANARY, stopped=True))
        region.advance(60)
        assert len(port.tasks(*CANARY, stopped=True)) == tried
        assert port.tasks(*CANARY) == ()

        # When it is withdrawn, and the same version is tried once more, which starts now
        port.resize(*CANARY, 0)
        region.advance(5)
        region.images(broken, starts=True)
        port.resize(*CANARY, 2, task_definition=definitions[1])
        region.until(lambda: is_("COMPLETED"), within=120)

        # Then
        assert {task.task_definition for task in port.tasks(*CANARY)} == {definitions[1]}
        assert region.target_states(balancer.groups["canary"]) == ["healthy", "healthy"]
