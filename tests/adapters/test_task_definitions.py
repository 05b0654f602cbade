"""What `ports.TaskDefinitions` promises."""

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.adapters.worlds import WorkloadWorld, definition
from tidegate.aws.clients import Clients
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.errors import Terminal, Transient

TAGS = [{"key": "tidegate:release", "value": "r1"}]


def test_the_same_definition_is_registered_once(world: WorkloadWorld):
    # Given
    first = world.ports.task_definitions.register(HOME, definition("app:1"))

    # When it is registered again, also in a family of its own
    again = world.ports.task_definitions.register(HOME, definition("app:1"))
    elsewhere = world.ports.task_definitions.register(HOME, definition("app:1", family="basket"))

    # Then
    assert first == again == "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-prod:1"
    assert elsewhere.endswith("/basket:1")


def test_another_definition_is_another_revision(world: WorkloadWorld):
    world.ports.task_definitions.register(HOME, definition("app:1"))

    second = world.ports.task_definitions.register(HOME, definition("app:2"))
    third = world.ports.task_definitions.register(HOME, definition("app:1"))

    assert (second[-2:], third[-2:]) == (":2", ":3")


def test_a_definition_is_described_with_its_tags(world: WorkloadWorld):
    arn = world.ports.task_definitions.register(HOME, definition("app:1", tags=TAGS))

    described = world.ports.task_definitions.describe(HOME, arn)

    assert described["taskDefinitionArn"] == arn
    assert described["containerDefinitions"][0]["image"] == "app:1"
    assert described["tags"] == TAGS


def test_a_definition_without_tags_has_none(world: WorkloadWorld):
    arn = world.ports.task_definitions.register(HOME, definition("app:1"))

    assert world.ports.task_definitions.describe(HOME, arn)["tags"] == []


def test_a_definition_that_does_not_exist_is_a_mistake(world: WorkloadWorld):
    with pytest.raises(Terminal, match="ClientException"):
        world.ports.task_definitions.describe(HOME, "checkout-prod:1")


def test_two_registrations_at_once_are_tried_again(clients: Clients):
    ecs = Scripted(clients.at("ecs", HOME))
    ecs.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.")
    sentence = "Too many concurrent attempts to create a new revision of the specified family."
    ecs.refuse("RegisterTaskDefinition", "ClientException", sentence)

    with pytest.raises(Transient, match="Too many concurrent attempts"):
        EcsTaskDefinitions(clients).register(HOME, definition("app:1"))
