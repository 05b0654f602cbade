"""What a stack is and what has happened to it."""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.cfn.resources import Made, Request
from local.cfn.template import Json, Template, TemplateError

KIND = "AWS::CloudFormation::Stack"


def now() -> datetime.datetime:
    """The present moment in UTC."""
    return datetime.datetime.now(tz=datetime.UTC)


@dataclass
class Resource:
    """One resource of a stack as it is now."""

    logical_id: str
    type: str
    status: str = ""
    reason: str = ""
    made: Made | None = None
    properties: dict[str, Json] = field(default_factory=dict)
    attempt: int = 0
    timestamp: datetime.datetime = field(default_factory=now)

    @property
    def physical_id(self) -> str:
        """What `Ref` gives; empty while it is not made."""
        return self.made.physical_id if self.made else ""


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    stack_id: str
    stack: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str = ""
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    timestamp: datetime.datetime = field(default_factory=now)


@dataclass(frozen=True)
class Output:
    """One output of a stack."""

    key: str
    value: str
    description: str = ""
    export: str = ""


@dataclass
class Stack:
    """A stack: what was asked for, what is there, and what has happened."""

    name: str
    account: str
    region: str
    identifier: str = ""
    body: str = ""
    source: Template = field(default_factory=dict)
    template: Template = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Json] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    protected: bool = False
    created: datetime.datetime = field(default_factory=now)
    updated: datetime.datetime | None = None
    deleted: datetime.datetime | None = None

    def __post_init__(self) -> None:
        place = f"arn:aws:cloudformation:{self.region}:{self.account}"
        self.identifier = self.identifier or f"{place}:stack/{self.name}/{uuid.uuid4()}"

    def note(self, status: str, reason: str = "") -> None:
        """Give the stack a status, and write it into its history."""
        self.status, self.reason = status, reason
        self.events.append(
            Event(self.identifier, self.name, self.name, self.identifier, KIND, status, reason)
        )

    def note_resource(self, resource: Resource, status: str, reason: str = "") -> None:
        """Give a resource a status, and write it into the stack's history."""
        resource.status, resource.reason, resource.timestamp = status, reason, now()
        self.events.append(
            Event(
                self.identifier,
                self.name,
                resource.logical_id,
                resource.physical_id,
                resource.type,
                status,
                reason,
            )
        )

    def request(self, resource: Resource, properties: dict[str, Json] | None = None) -> Request:
        """What a resource type gets to see of a resource."""
        return Request(
            type=resource.type,
            logical_id=resource.logical_id,
            stack=self.name,
            stack_id=self.identifier,
            account=self.account,
            region=self.region,
            properties=resource.properties if properties is None else properties,
            attempt=resource.attempt,
        )


class Stacks:
    """The stacks of one account and region, the deleted ones too."""

    def __init__(self) -> None:
        self.all: dict[str, Stack] = {}
        self.exports: dict[str, tuple[str, str]] = {}
        self.imports: dict[str, set[str]] = {}
        self.lock = threading.RLock()

    def find(self, name: str) -> Stack:
        """A stack by its ARN, or by its name if it is not deleted.

        Raises:
            TemplateError: There is none.
        """
        if name in self.all:
            return self.all[name]
        for stack in self.all.values():
            if stack.name == name and stack.status != "DELETE_COMPLETE":
                return stack
        raise TemplateError(f"Stack with id {name} does not exist")

    def exists(self, name: str) -> bool:
        """Whether a stack of that name or ARN is there."""
        return any(
            name in {stack.name, stack.identifier} and stack.status != "DELETE_COMPLETE"
            for stack in self.all.values()
        )

    def add(self, stack: Stack) -> Stack:
        """Keep a new stack."""
        self.all[stack.identifier] = stack
        return stack

    def take_over_exports(self, stack: Stack) -> None:
        """Replace the stack's exports with those of its outputs.

        Raises:
            TemplateError: Another stack has one of the names, or uses one that would vanish.
        """
        new = {output.export: output.value for output in stack.outputs if output.export}
        for name in new:
            owner = self.exports.get(name, ("", stack.identifier))[1]
            if owner != stack.identifier:
                raise TemplateError(f"Export with name {name} is already exported by stack {_name(owner)}")
        mine = [name for name, (_, owner) in self.exports.items() if owner == stack.identifier]
        self.refuse_if_imported([name for name in mine if name not in new])
        for name in mine:
            del self.exports[name]
        self.exports.update({name: (value, stack.identifier) for name, value in new.items()})

    def refuse_if_imported(self, names: list[str]) -> None:
        """Exports that other stacks use stay.

        Raises:
            TemplateError: One of them is in use.
        """
        for name in names:
            users = [_name(user) for user in sorted(self.imports.get(name, set()))]
            if users:
                raise TemplateError(f"Export {name} cannot be deleted as it is in use by {', '.join(users)}")

    def forget(self, stack: Stack) -> None:
        """Take a deleted stack's exports and imports away."""
        self.exports = {name: one for name, one in self.exports.items() if one[1] != stack.identifier}
        for users in self.imports.values():
            users.discard(stack.identifier)


_ALL: dict[tuple[str, str], Stacks] = {}


def stacks_of(account: str, region: str) -> Stacks:
    """The stacks of an account and region."""
    return _ALL.setdefault((account, region), Stacks())


def everything() -> Mapping[tuple[str, str], Stacks]:
    """All stacks there are, by account and region."""
    return _ALL


def _name(identifier: str) -> str:
    return identifier.split("/")[1]
