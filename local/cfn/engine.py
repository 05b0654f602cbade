"""Make, change and delete stacks, and undo what failed.

The order of things, the states and the words of the reasons are CloudFormation's
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html).
"""

from __future__ import annotations

import copy

from local.cfn import types
from local.cfn.accepted import ACCEPTED
from local.cfn.making import KEPT, Changes, StackError, make, make_or_change, policy, remove, undo
from local.cfn.resources import TYPES
from local.cfn.scope import Scope, in_order
from local.cfn.stacks import Stack, Stacks
from local.cfn.template import Template, TemplateError

__all__ = ["StackError", "check_types", "create", "delete", "types", "update"]


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
                make(stack, name, scope)
        _finish(stack, stacks, scope)
        stack.note("CREATE_COMPLETE")
    except (StackError, TemplateError) as error:
        if on_failure == "DO_NOTHING":
            stack.note("CREATE_FAILED", str(error))
            return
        stack.note("ROLLBACK_IN_PROGRESS", f"{error} Rollback requested by user.")
        clean = remove(stack, list(stack.resources.values()), after_failed_create=True)
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
    old, outputs = copy.copy(stack.template), stack.outputs
    change = Changes()
    try:
        stack.template = template
        wanted = [name for name in in_order(template) if _wanted(template, name, scope)]
        for name in wanted:
            make_or_change(stack, name, scope, change)
        _finish(stack, stacks, scope)
    except (StackError, TemplateError) as error:
        stack.template, stack.outputs = old, outputs
        stack.note("UPDATE_ROLLBACK_IN_PROGRESS", str(error))
        clean = undo(stack, change)
        stack.note("UPDATE_ROLLBACK_COMPLETE" if clean else "UPDATE_ROLLBACK_FAILED", str(error))
        return
    stack.note("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    gone = [resource for name, resource in stack.resources.items() if name not in wanted]
    for resource in gone:
        if policy(old, resource.logical_id, "DeletionPolicy") in KEPT:
            del stack.resources[resource.logical_id]
    remove(stack, [*change.superseded(old), *(one for one in gone if one.logical_id in stack.resources)])
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
        if policy(stack.template, resource.logical_id, "DeletionPolicy") in KEPT:
            stack.note_resource(resource, "DELETE_SKIPPED")
        else:
            doomed.append(resource)
    if not remove(stack, doomed):
        failed = [one.logical_id for one in doomed if one.status == "DELETE_FAILED"]
        stack.note("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        return
    stacks.forget(stack)
    stack.note("DELETE_COMPLETE")
    stack.deleted = stack.events[-1].timestamp


def _wanted(template: Template, name: str, scope: Scope) -> bool:
    condition = template["Resources"][name].get("Condition")
    return condition is None or scope.resolver.condition(condition)


def _finish(stack: Stack, stacks: Stacks, scope: Scope) -> None:
    stack.outputs = scope.outputs(stack.template)
    stacks.take_over_exports(stack)
    for users in stacks.imports.values():
        users.discard(stack.identifier)
    for name in scope.imports:
        stacks.imports.setdefault(name, set()).add(stack.identifier)
