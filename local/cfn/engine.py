"""Make, change and delete stacks, and undo what failed.

The order of things, the states and the words of the reasons are CloudFormation's
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html).
"""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from local.cfn import types
from local.cfn.accepted import ACCEPTED
from local.cfn.resources import TYPES, Made, NeedsReplacement, Request, ResourceType
from local.cfn.scope import Scope, in_order
from local.cfn.shapes import PropertyError
from local.cfn.stacks import Resource, Stack, Stacks
from local.cfn.template import Json, Template, TemplateError

_LOG = logging.getLogger(__name__)
_KEPT = {"Retain", "RetainExceptOnCreate"}

__all__ = ["StackError", "check_types", "create", "delete", "types", "update"]


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
class _Change:
    """What an update has done so far, to be undone or finished."""

    created: list[Resource] = field(default_factory=list)
    updated: list[tuple[Resource, dict[str, Json]]] = field(default_factory=list)
    replaced: list[Resource] = field(default_factory=list)

    def superseded(self, template: Template) -> list[Resource]:
        """The replaced resources that nobody wants to keep."""
        policies = {
            one.logical_id: _policy(template, one.logical_id, "UpdateReplacePolicy") for one in self.replaced
        }
        return [one for one in self.replaced if policies[one.logical_id] not in _KEPT]


def check_types(template: Template) -> None:
    """Refuse a template with a type that the local cloud cannot make.

    Raises:
        TemplateError: Every such type is named.
    """
    kinds = {str(one.get("Type")) for one in (template.get("Resources") or {}).values()}
    unknown = sorted(kind for kind in kinds if kind not in TYPES and kind not in ACCEPTED)
    if unknown:
        raise TemplateError(
            f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]. The local cloud "
            "makes the types registered in local/cfn/types, and accepts those of local/cfn/accepted.py."
        )


def create(stack: Stack, stacks: Stacks, scope: Scope, on_failure: str = "ROLLBACK") -> None:
    """Create every resource of a stack; what fails is undone as `on_failure` says.

    Args:
        stack: With its template and parameters.
        stacks: All stacks, for exports.
        scope: Resolves the template's names.
        on_failure: `ROLLBACK`, `DELETE` or `DO_NOTHING`.
    """
    stack.note("CREATE_IN_PROGRESS", "User Initiated")
    try:
        for name in in_order(stack.template):
            if _wanted(stack.template, name, scope):
                _make(stack, name, scope)
        _finish(stack, stacks, scope)
        stack.note("CREATE_COMPLETE")
    except (StackError, TemplateError) as error:
        if on_failure == "DO_NOTHING":
            stack.note("CREATE_FAILED", str(error))
            return
        stack.note("ROLLBACK_IN_PROGRESS", f"{error} Rollback requested by user.")
        clean = _remove(stack, list(stack.resources.values()), after_failed_create=True)
        stack.note("ROLLBACK_COMPLETE" if clean else "ROLLBACK_FAILED")
        if on_failure == "DELETE" and clean:
            delete(stack, stacks)


def update(stack: Stack, stacks: Stacks, scope: Scope, template: Template) -> None:
    """Change a stack into what another template says; a failure brings the old state back.

    Args:
        stack: The stack, with its present template.
        stacks: All stacks, for exports.
        scope: Resolves the names of the new template.
        template: The new template.
    """
    stack.note("UPDATE_IN_PROGRESS", "User Initiated")
    old = copy.copy(stack.template)
    change = _Change()
    try:
        stack.template = template
        wanted = [name for name in in_order(template) if _wanted(template, name, scope)]
        for name in wanted:
            _make_or_change(stack, name, scope, change)
        _finish(stack, stacks, scope)
    except (StackError, TemplateError) as error:
        stack.template = old
        stack.note("UPDATE_ROLLBACK_IN_PROGRESS", str(error))
        clean = _undo(stack, change)
        stack.note("UPDATE_ROLLBACK_COMPLETE" if clean else "UPDATE_ROLLBACK_FAILED", str(error))
        return
    stack.note("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    gone = [resource for name, resource in stack.resources.items() if name not in wanted]
    for resource in gone:
        if _policy(old, resource.logical_id, "DeletionPolicy") in _KEPT:
            del stack.resources[resource.logical_id]
    _remove(stack, [*change.superseded(old), *(one for one in gone if one.logical_id in stack.resources)])
    stack.note("UPDATE_COMPLETE")


def delete(stack: Stack, stacks: Stacks) -> None:
    """Delete a stack's resources, last made first; what the template retains stays.

    Raises:
        TemplateError: Another stack uses one of its exports.
    """
    stacks.refuse_if_imported([output.export for output in stack.outputs if output.export])
    stack.note("DELETE_IN_PROGRESS", "User Initiated")
    doomed = []
    for resource in stack.resources.values():
        if _policy(stack.template, resource.logical_id, "DeletionPolicy") in _KEPT:
            stack.note_resource(resource, "DELETE_SKIPPED")
        else:
            doomed.append(resource)
    if not _remove(stack, doomed):
        failed = [one.logical_id for one in doomed if one.status == "DELETE_FAILED"]
        stack.note("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        return
    stacks.forget(stack)
    stack.note("DELETE_COMPLETE")
    stack.deleted = stack.events[-1].timestamp


def _wanted(template: Template, name: str, scope: Scope) -> bool:
    condition = template["Resources"][name].get("Condition")
    return condition is None or scope.resolver.condition(condition)


def _policy(template: Template, name: str, which: str) -> str:
    return str(template["Resources"].get(name, {}).get(which, "Delete"))


def _type_of(resource: Resource) -> ResourceType:
    return TYPES.get(resource.type) or _Accepted()


def _make(stack: Stack, name: str, scope: Scope) -> Resource:
    declared = stack.template["Resources"][name]
    resource = Resource(name, str(declared["Type"]))
    stack.resources[name] = resource
    _try(stack, resource, "CREATE", lambda: _create(stack, resource, declared, scope))
    return resource


def _create(stack: Stack, resource: Resource, declared: Json, scope: Scope) -> None:
    resource.properties = scope.resolver.resolve(declared.get("Properties") or {})
    made = _type_of(resource).create(stack.request(resource, copy.deepcopy(resource.properties)))
    resource.made = made


def _make_or_change(stack: Stack, name: str, scope: Scope, change: _Change) -> None:
    declared = stack.template["Resources"][name]
    present = stack.resources.get(name)
    if present is None or present.made is None:
        change.created.append(_make(stack, name, scope))
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


def _change(stack: Stack, resource: Resource, properties: dict[str, Json], change: _Change) -> None:
    before, made = resource.properties, resource.made
    assert made is not None  # noqa: S101 - only what is there is changed
    request = stack.request(resource, copy.deepcopy(properties))
    changed = _type_of(resource).update(request, made, copy.deepcopy(before))
    if changed.physical_id != made.physical_id:
        change.replaced.append(copy.copy(resource))
    change.updated.append((resource, before))
    resource.made, resource.properties = changed, properties


def _replace(stack: Stack, old: Resource, kind: str, properties: dict[str, Json], change: _Change) -> None:
    """Make a new resource in the place of the old one, which is deleted when all has gone well."""
    new = Resource(old.logical_id, kind, properties=properties, attempt=old.attempt + 1)
    reason = "Requested update requires the creation of a new physical resource; hence creating one."
    stack.note_resource(old, "UPDATE_IN_PROGRESS", reason)

    def make() -> None:
        new.made = _type_of(new).create(stack.request(new, copy.deepcopy(properties)))

    _try(stack, new, "UPDATE", make)
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


def _finish(stack: Stack, stacks: Stacks, scope: Scope) -> None:
    stack.outputs = scope.outputs(stack.template)
    stacks.take_over_exports(stack)
    for users in stacks.imports.values():
        users.discard(stack.identifier)
    for name in scope.imports:
        stacks.imports.setdefault(name, set()).add(stack.identifier)


def _remove(stack: Stack, resources: list[Resource], *, after_failed_create: bool = False) -> bool:
    """Delete resources, last made first. Whether all of them are gone."""
    clean = True
    for resource in reversed(resources):
        retained = _policy(stack.template, resource.logical_id, "DeletionPolicy")
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


def _undo(stack: Stack, change: _Change) -> bool:
    """Bring the old state back: old properties, old resources in place of new ones."""
    clean = True
    for resource, before in reversed(change.updated):
        try:
            back = functools.partial(_change, stack, resource, before, _Change())
            _try(stack, resource, "UPDATE", back)
        except (StackError, NeedsReplacement):
            clean = False
    clean = _remove(stack, change.created) and clean
    new = {id(one) for one, _ in change.updated}
    stack.resources.update({one.logical_id: one for one in change.replaced if id(one) not in new})
    for name in [name for name, one in stack.resources.items() if one.made is None]:
        del stack.resources[name]
    return clean
