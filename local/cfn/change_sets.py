"""Change sets, by which `aws cloudformation deploy` and `sam deploy` make every change."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from local.cfn.api import Answer, Api, same
from local.cfn.requests import Arguments, on_failure, wanted_stack
from local.cfn.stacks import Stack, now
from local.cfn.template import Json, Template, TemplateError
from local.mends.language import api_error

_NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@dataclass
class ChangeSet:
    """A change that was asked for and may be executed."""

    name: str
    identifier: str
    stack: Stack
    wanted: Stack
    kind: str
    failure: str
    status: str = "CREATE_COMPLETE"
    reason: str = ""
    execution: str = "AVAILABLE"
    changes: list[Json] = field(default_factory=list)


_ALL: dict[str, ChangeSet] = {}


def create_change_set(api: Api, asked: Arguments) -> Answer:
    """CreateChangeSet: for a new stack or one that is there."""
    kind, name = asked.get("ChangeSetType") or "UPDATE", asked["StackName"]
    with api.stacks.lock:
        if kind == "CREATE" and not api.stacks.exists(name):
            stack = Stack(name, api.account, api.region)
        else:
            stack = api.stacks.find(name)
        wanted = wanted_stack(asked, stack)
        api.stacks.add(stack)
    place = f"arn:aws:cloudformation:{api.region}:{api.account}"
    identifier = f"{place}:changeSet/{asked['ChangeSetName']}/{uuid.uuid4()}"
    change = ChangeSet(asked["ChangeSetName"], identifier, stack, wanted, kind, on_failure(asked))
    change.changes = _changes(stack.template, wanted.template)
    if kind == "UPDATE" and same(stack, wanted):
        change.status, change.execution, change.reason = "FAILED", "UNAVAILABLE", _NOTHING
    if not stack.events:
        stack.note("REVIEW_IN_PROGRESS", "User Initiated")
    _ALL[identifier] = change
    return {"Id": identifier, "StackId": stack.identifier}


def describe_change_set(api: Api, asked: Arguments) -> Answer:
    """DescribeChangeSet."""
    change = _find(api, asked)
    return {
        "ChangeSetName": change.name,
        "ChangeSetId": change.identifier,
        "StackId": change.stack.identifier,
        "StackName": change.stack.name,
        "CreationTime": now(),
        "Status": change.status,
        "StatusReason": change.reason or None,
        "ExecutionStatus": change.execution,
        "Changes": change.changes,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": str(value)}
            for name, value in change.wanted.given.items()
        ],
    }


def execute_change_set(api: Api, asked: Arguments) -> Answer:
    """ExecuteChangeSet."""
    change = _find(api, asked)
    if change.execution != "AVAILABLE":
        raise api_error("InvalidChangeSetStatus", f"ChangeSet [{change.identifier}] cannot be executed")
    with api.stacks.lock:
        change.execution = "EXECUTE_COMPLETE"
        if change.stack.status == "REVIEW_IN_PROGRESS":
            api.create(change.stack, change.wanted, change.failure)
        else:
            api.update(change.stack, change.wanted)
    return {}


def delete_change_set(api: Api, asked: Arguments) -> Answer:
    """DeleteChangeSet."""
    del _ALL[_find(api, asked).identifier]
    return {}


def list_change_sets(api: Api, asked: Arguments) -> Answer:
    """ListChangeSets."""
    stack = api.stacks.find(asked["StackName"])
    return {
        "Summaries": [
            {
                "ChangeSetName": one.name,
                "ChangeSetId": one.identifier,
                "StackId": stack.identifier,
                "StackName": stack.name,
                "Status": one.status,
                "ExecutionStatus": one.execution,
            }
            for one in _ALL.values()
            if one.stack is stack
        ]
    }


def _find(api: Api, asked: Arguments) -> ChangeSet:
    name = asked["ChangeSetName"]
    if name in _ALL:
        return _ALL[name]
    if asked.get("StackName"):
        stack = api.stacks.find(asked["StackName"])
        for one in reversed(list(_ALL.values())):
            if one.name == name and one.stack is stack:
                return one
    raise api_error("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")


def _changes(old: Template, new: Template) -> list[Json]:
    before, after = old.get("Resources") or {}, new["Resources"]
    kinds = [("Add", name, one) for name, one in after.items() if name not in before]
    kinds += [("Modify", name, one) for name, one in after.items() if name in before and before[name] != one]
    kinds += [("Remove", name, one) for name, one in before.items() if name not in after]
    return [
        {
            "Type": "Resource",
            "ResourceChange": {"Action": action, "LogicalResourceId": name, "ResourceType": one["Type"]},
        }
        for action, name, one in kinds
    ]


__all__ = [
    "TemplateError",
    "create_change_set",
    "delete_change_set",
    "describe_change_set",
    "execute_change_set",
    "list_change_sets",
]
