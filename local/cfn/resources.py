"""What a resource type is to a stack: how it is created, changed and deleted, and what it gives back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from botocore.exceptions import ClientError

from local.cfn.template import Json
from local.mends.clients import client


@dataclass(frozen=True)
class Request:
    """One resource of one stack that is to be created or changed.

    Attributes:
        type: `AWS::SNS::Topic` and so on.
        logical_id: Its name in the template.
        stack: The stack's name.
        stack_id: The stack's ARN.
        account: Account of the stack.
        region: Region of the stack.
        properties: The properties, with every intrinsic function resolved.
        attempt: Makes the generated name of a replacement differ from that of the replaced.
    """

    type: str
    logical_id: str
    stack: str
    stack_id: str
    account: str
    region: str
    properties: dict[str, Json] = field(default_factory=dict)
    attempt: int = 0

    def client(self, service: str) -> Any:
        """A client of the local cloud in the stack's region."""
        return client(service, self.region)

    def name(self, longest: int = 255, *, lower: bool = False) -> str:
        """The name that CloudFormation makes up: stack, logical id, suffix; no longer than allowed."""
        seed = f"{self.stack_id}/{self.logical_id}/{self.attempt}"
        suffix = hashlib.sha256(seed.encode()).hexdigest()[:12].upper()
        room = longest - len(suffix) - 2
        head = f"{self.stack}-{self.logical_id}"
        if len(head) + 1 > room:
            half = room // 2
            head = f"{self.stack[:half].rstrip('-')}-{self.logical_id[: room - half - 1]}"
        name = f"{head}-{suffix}"
        return name.lower() if lower else name

    def without(self, *names: str) -> dict[str, Json]:
        """The properties except some."""
        return {key: value for key, value in self.properties.items() if key not in names}

    def having(self, **properties: Json) -> Request:
        """The same request with some properties set."""
        return replace(self, properties={**self.properties, **properties})

    def arn(self, service: str, resource: str) -> str:
        """An ARN in the stack's account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True)
class Made:
    """What a resource is once it is there.

    Attributes:
        physical_id: What `Ref` gives, and by which it is changed and deleted.
        attributes: What `Fn::GetAtt` gives.
    """

    physical_id: str
    attributes: Mapping[str, Json] = field(default_factory=dict)


class NeedsReplacement(Exception):
    """The change cannot be made to the resource as it is."""


class ResourceType(Protocol):
    """Creates, changes and deletes resources of one type."""

    def create(self, request: Request) -> Made:
        """Create it; an exception fails the resource with its message as the reason."""

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change it.

        Raises:
            NeedsReplacement: It must be created anew.
        """

    def delete(self, request: Request, made: Made) -> None:
        """Delete it; that it is gone already is no error."""


TYPES: dict[str, ResourceType] = {}


def resource_type(name: str) -> Callable[[type], type]:
    """Register a class under the CloudFormation type it stands for."""

    def register(cls: type) -> type:
        TYPES[name] = cls()
        return cls

    return register


def changed(request: Request, before: Mapping[str, Json], *names: str) -> bool:
    """Whether one of these properties differs from before."""
    return any(request.properties.get(name) != before.get(name) for name in names)


def replace_on(request: Request, before: Mapping[str, Json], *names: str) -> None:
    """Ask for a replacement when one of these properties differs."""
    if changed(request, before, *names):
        raise NeedsReplacement


def ignoring_missing(call: Callable[..., Json], **arguments: Json) -> None:
    """Call a delete operation; a resource that is not there has been deleted already."""
    try:
        call(**arguments)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        gone = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "ResourceNotFoundException")
        if not any(word in code for word in gone):
            raise
