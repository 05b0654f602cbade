"""The contract of the task definition knows what the SDK's model of Amazon ECS knows."""

import types
import typing
from typing import Any

import botocore.session
import pytest
from pydantic import BaseModel

from tidegate.contracts.fields import Choice
from tidegate.contracts.paths import fields_of
from tidegate.contracts.task_definition import TaskDefinition

# Tidegate sets the family itself.
LEFT_OUT = {"family"}
STRICTER = {
    # ECS takes these without their fields being required, but they mean nothing without them.
    "KeyValuePair": {"name", "value"},
    "MountPoint": {"sourceVolume", "containerPath"},
    "VolumeFrom": {"sourceContainer"},
    "Tag": {"key", "value"},
    "ContainerDefinition": {"name"},
    "Volume": {"name"},
    "SystemControl": {"namespace", "value"},
    "TaskDefinitionPlacementConstraint": {"type"},
}


def request() -> Any:
    service = botocore.session.get_session().get_service_model("ecs")
    return service.operation_model("RegisterTaskDefinition").input_shape


def inner(annotation: Any) -> tuple[Any, list[Any]]:
    """The annotation without Annotated, list and `| None`, and all metadata on the way."""
    metadata: list[Any] = []
    while True:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            metadata += arguments[1:]
            annotation = arguments[0]
        elif origin in (typing.Union, types.UnionType):
            annotation = next(each for each in arguments if each is not type(None))
        elif origin is list:
            annotation = arguments[0]
        else:
            return annotation, metadata


def pairs(model: type[BaseModel], shape: Any, path: str = "") -> list[tuple[str, type[BaseModel], Any]]:
    """Every model of the contract beside the structure of the SDK that it stands for."""
    found = [(path or "RegisterTaskDefinition", model, shape)]
    for name, field in fields_of(model).items():
        member = shape.members[name]
        while member.type_name == "list":
            member = member.member
        child, _ = inner(field.rebuild_annotation())
        if isinstance(child, type) and issubclass(child, BaseModel):
            found += pairs(child, member, f"{path}.{name}" if path else name)
    return found


PAIRS = pairs(TaskDefinition, request())


@pytest.mark.parametrize(("path", "model", "shape"), PAIRS, ids=[path for path, _, _ in PAIRS])
def test_a_structure_has_the_fields_of_the_sdk(path, model, shape):
    assert set(fields_of(model)) == set(shape.members) - LEFT_OUT


@pytest.mark.parametrize(("path", "model", "shape"), PAIRS, ids=[path for path, _, _ in PAIRS])
def test_a_structure_requires_what_the_sdk_requires(path, model, shape):
    required = {name for name, field in fields_of(model).items() if field.is_required()}
    assert required == (set(shape.required_members) - LEFT_OUT) | STRICTER.get(shape.name, set())


@pytest.mark.parametrize(("path", "model", "shape"), PAIRS, ids=[path for path, _, _ in PAIRS])
def test_a_structure_allows_the_words_of_the_sdk(path, model, shape):
    for name, field in fields_of(model).items():
        member = shape.members[name]
        while member.type_name == "list":
            member = member.member
        choices = [each for each in inner(field.rebuild_annotation())[1] if isinstance(each, Choice)]
        if choices:
            assert set(choices[0].words) == set(member.enum) or not member.enum, f"{path}.{name}"
        elif getattr(member, "enum", ()):
            # The one list of words that grows with every Windows release is a pattern instead.
            assert name == "operatingSystemFamily"
