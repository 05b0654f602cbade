"""Task definitions are rendered whole, and recognised again however ECS returns them."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.contracts.manifests import EXAMPLES, example
from tidegate.contracts.manifest import parse
from tidegate.domain.service import Overrides
from tidegate.domain.task_definition import fingerprint, images_of, normalised, render

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout@sha256:" + "a" * 64
SIDECAR = "public.ecr.aws/example/collector@sha256:" + "b" * 64
TEMPLATE: dict[str, Any] = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "taskRoleArn": "arn:aws:iam::123456789012:role/task",
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "tags": [{"key": "team", "value": "shop"}, {"key": "tidegate:release", "value": "old"}],
    "volumes": [{"name": "shared"}],
    "containerDefinitions": [
        {
            "name": "app",
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": "STAGE", "value": "none"}, {"name": "COLOUR", "value": "blue"}],
            "secrets": [{"name": "DATABASE", "valueFrom": "arn:1"}],
            "dependsOn": [{"containerName": "collector", "condition": "START"}],
            "mountPoints": [{"sourceVolume": "shared", "containerPath": "/x", "readOnly": True}],
            "healthCheck": {"command": ["CMD", "/probe"], "interval": 10},
        },
        {"name": "collector", "image": SIDECAR, "essential": False},
    ],
}


def rendered(**overrides: Any) -> dict[str, Any]:
    tags = {"tidegate:release": "new", "tidegate:service": "checkout"}
    return render(TEMPLATE, Overrides(**overrides), {"app": IMAGE}, "checkout-dev", tags)


def described(request: dict[str, Any]) -> dict[str, Any]:
    """A request as DescribeTaskDefinition returns it.

    What is added and filled in was read in answers of the real service, as quoted in
    https://github.com/getmoto/moto/pull/3584 and shown in
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html
    """
    answer = copy.deepcopy(request)
    answer.pop("tags", None)
    for container in answer["containerDefinitions"]:
        filled = {"cpu": 0, "essential": True, "environment": [], "mountPoints": [], "volumesFrom": []}
        filled |= {"portMappings": [], "systemControls": []}
        for key, value in filled.items():
            container.setdefault(key, value)
        for mapping in container["portMappings"]:
            mapping.setdefault("hostPort", mapping["containerPort"])
            mapping.setdefault("protocol", "tcp")
        if "healthCheck" in container:
            for key, value in {"interval": 30, "timeout": 5, "retries": 3}.items():
                container["healthCheck"].setdefault(key, value)
        container["environment"] = container["environment"][::-1]
    for volume in answer.get("volumes", ()):
        volume.setdefault("host", {})
    return {
        "placementConstraints": [],
        "volumes": [],
        **answer,
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-dev:7",
        "revision": 7,
        "status": "ACTIVE",
        "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.ecr-auth"}],
        "compatibilities": ["EC2", "FARGATE"],
        "registeredAt": datetime(2026, 11, 23, tzinfo=UTC),
        "registeredBy": "arn:aws:sts::123456789012:assumed-role/x/y",
    }


def test_a_request_has_the_images_the_family_and_the_tags():
    # When a template is rendered
    request = rendered()
    # Then fed containers have their digest, and the sidecar keeps its own
    assert images_of(request) == {"app": IMAGE, "collector": SIDECAR}
    # And the family is set, and given tags win over those of the template
    assert request["family"] == "checkout-dev"
    assert {tag["key"]: tag["value"] for tag in request["tags"]} == {
        "team": "shop",
        "tidegate:release": "new",
        "tidegate:service": "checkout",
    }
    # And everything else is the template's
    assert request["volumes"] == TEMPLATE["volumes"]
    assert request["containerDefinitions"][0]["healthCheck"] == {"command": ["CMD", "/probe"], "interval": 10}


def test_overrides_replace_size_roles_and_variables():
    request = rendered(
        cpu="512",
        memory="1024",
        environment={"app": {"STAGE": "dev", "NEW": "1"}},
        secrets={"app": {"TOKEN": "arn:2"}, "collector": {"KEY": "arn:3"}},
        task_role_arn="arn:task",
        execution_role_arn="arn:execution",
    )
    app, collector = request["containerDefinitions"]
    assert (request["cpu"], request["memory"]) == ("512", "1024")
    assert (request["taskRoleArn"], request["executionRoleArn"]) == ("arn:task", "arn:execution")
    assert app["environment"] == [
        {"name": "COLOUR", "value": "blue"},
        {"name": "NEW", "value": "1"},
        {"name": "STAGE", "value": "dev"},
    ]
    assert app["secrets"] == [
        {"name": "DATABASE", "valueFrom": "arn:1"},
        {"name": "TOKEN", "valueFrom": "arn:2"},
    ]
    assert collector["secrets"] == [{"name": "KEY", "valueFrom": "arn:3"}]
    assert "environment" not in collector


def test_an_override_may_turn_a_secret_into_a_value_and_a_value_into_a_secret():
    # Given a variable that the template gives in the other kind
    request = rendered(environment={"app": {"DATABASE": "local"}}, secrets={"app": {"STAGE": "arn:9"}})
    app = request["containerDefinitions"][0]
    # Then it is given once, in the kind of the override
    assert app["environment"] == [{"name": "COLOUR", "value": "blue"}, {"name": "DATABASE", "value": "local"}]
    assert app["secrets"] == [{"name": "STAGE", "valueFrom": "arn:9"}]


def test_rendering_leaves_the_template_alone_and_gives_the_same_each_time():
    before = copy.deepcopy(TEMPLATE)
    assert rendered(cpu="512") == rendered(cpu="512")
    assert before == TEMPLATE


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ({}, "there is no image for container app"),
        ({"app": "checkout:1.0"}, "the image checkout:1.0 of container app is not pinned by digest"),
        ({"app": IMAGE, "web": IMAGE}, "has no container web"),
    ],
)
def test_a_request_without_the_right_images_is_never_made(images, message):
    with pytest.raises(ValueError, match=message):
        render(TEMPLATE, Overrides(), images, "checkout-dev", {})


def test_a_registered_definition_is_recognised_again():
    assert fingerprint(described(rendered())) == fingerprint(rendered())


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_recognised_again_in_every_environment(name):
    # Given each environment's request and what ECS returns of it
    service = parse(example(name)).to_domain()
    images = dict.fromkeys(service.containers, IMAGE)
    requests = [
        render(service.task_definition, each.overrides, images, service.family(each.name), {"a": each.name})
        for each in service.environments
    ]
    # Then both have one fingerprint, and each environment its own
    prints = [fingerprint(request) for request in requests]
    assert [fingerprint(described(request)) for request in requests] == prints
    assert len(set(prints)) == len(prints)


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("size", {"cpu": "512"}),
    ("role", {"taskRoleArn": "arn:other"}),
    ("family", {"family": "other"}),
    ("volume", {"volumes": [{"name": "other"}]}),
    ("network", {"networkMode": "bridge"}),
    ("storage", {"ephemeralStorage": {"sizeInGiB": 30}}),
]


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
def test_a_change_of_the_task_changes_the_fingerprint(change):
    assert fingerprint({**rendered(), **change}) != fingerprint(rendered())


CONTAINER_CHANGES: list[dict[str, Any]] = [
    {"image": SIDECAR},
    {"essential": False},
    {"command": ["x"]},
    {"cpu": 64},
    {"environment": []},
    {"environment": [{"name": "STAGE", "value": ""}, {"name": "COLOUR", "value": "blue"}]},
    {"secrets": []},
    {"portMappings": [{"containerPort": 8081}]},
    {"portMappings": [{"containerPort": 8080, "protocol": "udp"}]},
    {"healthCheck": {"command": ["CMD", "/probe"]}},
    {"mountPoints": [{"sourceVolume": "shared", "containerPath": "/x"}]},
    {"dependsOn": []},
    {"readonlyRootFilesystem": True},
    {"stopTimeout": 30},
]


@pytest.mark.parametrize("change", CONTAINER_CHANGES, ids=str)
def test_a_change_of_a_container_changes_the_fingerprint(change):
    request = rendered()
    request["containerDefinitions"][0] |= change
    assert fingerprint(request) != fingerprint(rendered())


def test_on_a_bridge_network_a_fixed_host_port_is_a_difference_and_a_dynamic_one_is_none():
    # Given the same mapping with no, a dynamic and a fixed host port
    bridge = {**rendered(), "networkMode": "bridge"}
    none, dynamic, fixed = (copy.deepcopy(bridge) for _ in range(3))
    dynamic["containerDefinitions"][0]["portMappings"] = [{"containerPort": 8080, "hostPort": 0}]
    fixed["containerDefinitions"][0]["portMappings"] = [{"containerPort": 8080, "hostPort": 8080}]
    # Then only the fixed one is another definition
    assert fingerprint(none) == fingerprint(dynamic) != fingerprint(fixed)


SAID: dict[str, Any] = {
    "disableNetworking": False,
    "interactive": False,
    "privileged": False,
    "pseudoTerminal": False,
}
SAID |= {"readonlyRootFilesystem": False, "versionConsistency": "enabled", "essential": True, "cpu": 0}


@pytest.mark.parametrize(("key", "value"), SAID.items())
def test_saying_a_default_is_the_same_as_not_saying_it(key, value):
    said = rendered()
    said["containerDefinitions"][0][key] = value
    assert fingerprint(said) == fingerprint(rendered())


def test_defaults_inside_of_volumes_mounts_and_health_checks_may_be_said_too():
    # Given a task with a file system and a health check, said as briefly as possible
    brief: dict[str, Any] = {
        "volumes": [{"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        "containerDefinitions": [
            {
                "name": "app",
                "mountPoints": [{"sourceVolume": "files", "containerPath": "/x"}],
                "volumesFrom": [{"sourceContainer": "other"}],
                "healthCheck": {"command": ["CMD", "x"]},
            }
        ],
    }
    # When the defaults are said
    long = copy.deepcopy(brief)
    long["enableFaultInjection"] = False
    long["volumes"][0]["efsVolumeConfiguration"] |= {"rootDirectory": "/", "transitEncryption": "DISABLED"}
    container = long["containerDefinitions"][0]
    container["mountPoints"][0]["readOnly"] = container["volumesFrom"][0]["readOnly"] = False
    container["healthCheck"] |= {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0}
    # Then nothing else is meant, while any other value means something
    assert fingerprint(long) == fingerprint(brief)
    container["volumesFrom"][0]["readOnly"] = True
    assert fingerprint(long) != fingerprint(brief)


def test_an_order_that_means_nothing_changes_nothing():
    request = rendered(environment={"app": {"A": "1", "B": "2"}})
    shuffled = copy.deepcopy(request)
    shuffled["containerDefinitions"].reverse()
    shuffled["containerDefinitions"][1]["environment"].reverse()
    assert fingerprint(shuffled) == fingerprint(request)


def test_the_order_of_a_command_means_something():
    request, other = rendered(), rendered()
    request["containerDefinitions"][0]["command"] = ["a", "b"]
    other["containerDefinitions"][0]["command"] = ["b", "a"]
    assert fingerprint(request) != fingerprint(other)


NAMES = st.text("ABC", min_size=1, max_size=2)
VARIABLES = st.dictionaries(NAMES, st.text(max_size=3), max_size=4)


@given(VARIABLES, VARIABLES, VARIABLES)
def test_overrides_win_and_no_variable_is_given_twice(base, environment, secrets):
    # Given any variables in a template and any overrides of them
    secrets = {name: value for name, value in secrets.items() if name not in environment}
    container = {
        "name": "app",
        "environment": [{"name": name, "value": value} for name, value in base.items()],
    }
    overrides = Overrides(environment={"app": environment}, secrets={"app": secrets})
    # When rendered
    request = render({"containerDefinitions": [container]}, overrides, {"app": IMAGE}, "f", {})
    app = request["containerDefinitions"][0]
    plain = {item["name"]: item["value"] for item in app.get("environment", ())}
    secret = {item["name"]: item["valueFrom"] for item in app.get("secrets", ())}
    # Then each name is there once, with the override's value where there is one
    assert not plain.keys() & secret.keys()
    assert plain | secret == base | environment | secrets
    assert secret == secrets
    # And what ECS would return of it is recognised
    assert fingerprint(described(request)) == fingerprint(request)


def test_normalising_twice_changes_nothing():
    once = normalised(described(rendered()))
    assert normalised(once) == once
