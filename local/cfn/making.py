"""Make, change and remove the single resources of a stack, each between its two events."""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from local.cfn.resources import TYPES, Made, NeedsReplacement, Request, ResourceType
from local.cfn.scope import Scope
from local.cfn.shapes import PropertyError
from local.cfn.stacks import Resource, Stack
from local.cfn.template import Json, Template, TemplateError

_LOG = logging.getLogger(__name__)
KEPT = {"Retain", "RetainExceptOnCreate"}


class StackError(Exception):
    """A resource could not be made, changed or deleted; the stack's events say which and why."""


class _Accepted:
    """Stands for a type that is accepted without effect."""

    def create(self, request: Request) -> Made:
        return Made(request.name())

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:  # noqa: ARG002
        return made

    def delete(self, request: Request, made: Made) -> None:  # noqa: ARG002
        return None


@dataclass
class Changes:
    """What an update has done so far, to be undone or finished."""

    created: list[Resource] = field(default_factory=list)
    updated: list[tuple[Resource, dict[str, Json]]] = field(default_factory=list)
    replaced: list[Resource] = field(default_factory=list)

    def superseded(self, template: Template) -> list[Resource]:
        """The replaced resources that nobody wants to keep."""
        policies = {
            one.logical_id: policy(template, one.logical_id, "UpdateReplacePolicy") for one in self.replaced
        }
        return [one for one in self.replaced if policies[one.logical_id] not in KEPT]


def policy(template: Template, name: str, which: str) -> str:
    """What the template says about a resource that is to go: `Delete`, unless it says otherwise."""
    return str(template["Resources"].get(name, {}).get(which, "Delete"))


def _type_of(resource: Resource) -> ResourceType:
    return TYPES.get(resource.type) or _Accepted()


def make(stack: Stack, name: str, scope: Scope) -> Resource:
    """Create a resource as the template declares it.

    Raises:
        StackError: It could not be created; its event says why.
    """
    declared = stack.template["Resources"][name]
    resource = Resource(name, str(declared["Type"]))
    stack.resources[name] = resource
    _try(stack, resource, "CREATE", lambda: _create(stack, resource, declared, scope))
    return resource


def _create(stack: Stack, resource: Resource, declared: Json, scope: Scope) -> None:
    resource.properties = scope.resolver.resolve(declared.get("Properties") or {})
    made = _type_of(resource).create(stack.request(resource, copy.deepcopy(resource.properties)))
    resource.made = made


def make_or_change(stack: Stack, name: str, scope: Scope, change: Changes) -> None:
    """Create a resource that is not there; change or replace one that is there and differs.

    Raises:
        StackError, TemplateError: It could not be done.
    """
    declared = stack.template["Resources"][name]
    present = stack.resources.get(name)
    if present is None or present.made is None:
        change.created.append(make(stack, name, scope))
        return
    properties = scope.resolver.resolve(declared.get("Properties") or {})
    if present.type != declared["Type"]:
        _replace(stack, present, str(declared["Type"]), properties, change)
    elif properties != present.properties:
        before = present.properties
        try:
            _try(stack, present, "UPDATE", lambda: _change(stack, present, properties, change))
        except NeedsReplacement:
            present.properties = before
            _replace(stack, present, present.type, properties, change)


def _change(stack: Stack, resource: Resource, properties: dict[str, Json], change: Changes) -> None:
    before, made = resource.properties, resource.made
    assert made is not None  # noqa: S101 - only what is there is changed
    request = stack.request(resource, copy.deepcopy(properties))
    changed = _type_of(resource).update(request, made, copy.deepcopy(before))
    if changed.physical_id != made.physical_id:
        change.replaced.append(copy.copy(resource))
    change.updated.append((resource, before))
    resource.made, resource.properties = changed, properties


def _replace(stack: Stack, old: Resource, kind: str, properties: dict[str, Json], change: Changes) -> None:
    """Make a new resource in the place of the old one, which is deleted when all has gone well."""
    new = Resource(old.logical_id, kind, properties=properties, attempt=old.attempt + 1)
    reason = "Requested update requires the creation of a new physical resource; hence creating one."
    stack.note_resource(old, "UPDATE_IN_PROGRESS", reason)

    def create() -> None:
        new.made = _type_of(new).create(stack.request(new, copy.deepcopy(properties)))

    _try(stack, new, "UPDATE", create)
    stack.resources[old.logical_id] = new
    change.created.append(new)
    change.replaced.append(old)


def _try(stack: Stack, resource: Resource, verb: str, work: Callable[[], object]) -> None:
    """Do something to a resource between its two events; its failure becomes the resource's reason."""
    stack.note_resource(resource, f"{verb}_IN_PROGRESS")
    try:
        work()
    except NeedsReplacement:
        raise
    except Exception as error:
        reason = _reason(error)
        if not isinstance(error, ClientError | BotoCoreError | PropertyError | TemplateError):
            _LOG.exception("A fault of the local cloud while it made %s", resource.logical_id)
        stack.note_resource(resource, f"{verb}_FAILED", reason)
        raise StackError(
            f"The following resource(s) failed to {verb.lower()}: [{resource.logical_id}]."
        ) from error
    stack.note_resource(resource, f"{verb}_COMPLETE")


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        answer, meta = error.response["Error"], error.response.get("ResponseMetadata", {})
        status = meta.get("HTTPStatusCode", "?")
        what = f"Operation: {error.operation_name}, Status Code: {status}, Error Code: {answer.get('Code')}"
        return f"{answer.get('Message')} ({what})"
    return str(error) or repr(error)


def remove(stack: Stack, resources: list[Resource], *, after_failed_create: bool = False) -> bool:
    """Delete resources, last made first. Whether all of them are gone."""
    clean = True
    for resource in reversed(resources):
        retained = policy(stack.template, resource.logical_id, "DeletionPolicy")
        if resource.made is None or (after_failed_create and retained == "Retain"):
            continue
        try:
            _try(stack, resource, "DELETE", functools.partial(_delete, stack, resource))
        except StackError:
            clean = False
            continue
        if stack.resources.get(resource.logical_id) is resource:
            del stack.resources[resource.logical_id]
    return clean


def _delete(stack: Stack, resource: Resource) -> None:
    if resource.made is not None:
        _type_of(resource).delete(stack.request(resource), resource.made)


def undo(stack: Stack, change: Changes) -> bool:
    """Bring the old state back: old properties, old resources in place of new ones."""
    clean = True
    for resource, before in reversed(change.updated):
        try:
            back = functools.partial(_change, stack, resource, before, Changes())
            _try(stack, resource, "UPDATE", back)
        except (StackError, NeedsReplacement):
            clean = False
    clean = remove(stack, change.created) and clean
    new = {id(one) for one, _ in change.updated}
    stack.resources.update({one.logical_id: one for one in change.replaced if id(one) not in new})
    for name in [name for name, one in stack.resources.items() if one.made is None]:
        del stack.resources[name]
    return clean
