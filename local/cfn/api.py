"""The CloudFormation API of the local cloud: stacks, their resources, events and exports.

A change is carried out before the call that asked for it returns; on AWS it goes on afterwards. Whoever waits
for a stack finds it ready at once.
"""

from __future__ import annotations

import copy
from typing import TypeAlias

from local.cfn import answers, engine
from local.cfn.requests import Arguments, check_capabilities, fetched, on_failure, wanted_stack
from local.cfn.scope import Scope
from local.cfn.stacks import Stack, Stacks, now, stacks_of
from local.cfn.template import Json, TemplateError, parse
from local.mends.language import api_error

Answer: TypeAlias = dict[str, Json]

_UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_PAGE = 100


class Api:
    """The operations, for one account and region; each is named as in boto3."""

    def __init__(self, account: str, region: str) -> None:
        self.account = account
        self.region = region
        self.stacks: Stacks = stacks_of(account, region)

    def create_stack(self, asked: Arguments) -> Answer:
        """CreateStack."""
        with self.stacks.lock:
            if self.stacks.exists(asked["StackName"]):
                raise api_error("AlreadyExistsException", f"Stack [{asked['StackName']}] already exists")
            stack = Stack(asked["StackName"], self.account, self.region)
            stack.protected = str(asked.get("EnableTerminationProtection", "")).lower() == "true"
            wanted = wanted_stack(asked, stack)
            check_capabilities(asked, wanted)
            self.stacks.add(stack)
            self.create(stack, wanted, on_failure(asked))
        return {"StackId": stack.identifier}

    def create(self, stack: Stack, wanted: Stack, failure: str) -> None:
        """Create the resources of a stack that is known already."""
        _take_over(stack, wanted)
        stack.template = wanted.template
        scope = Scope(stack, self.stacks, wanted.template, wanted.parameters)
        engine.create(stack, self.stacks, scope, failure)

    def update_stack(self, asked: Arguments) -> Answer:
        """UpdateStack."""
        with self.stacks.lock:
            stack = self.stacks.find(asked["StackName"])
            wanted = wanted_stack(asked, stack)
            check_capabilities(asked, wanted)
            if same(stack, wanted):
                raise TemplateError("No updates are to be performed.")
            self.update(stack, wanted)
        return {"StackId": stack.identifier}

    def update(self, stack: Stack, wanted: Stack) -> None:
        """Change a stack into what is wanted of it.

        Raises:
            TemplateError: It is in no state to be changed.
        """
        if stack.status not in _UPDATABLE:
            raise TemplateError(
                f"Stack:{stack.identifier} is in {stack.status} state and can not be updated."
            )
        scope = Scope(stack, self.stacks, wanted.template, wanted.parameters)
        engine.update(stack, self.stacks, scope, wanted.template)
        if stack.status == "UPDATE_COMPLETE":
            _take_over(stack, wanted)
        stack.updated = now()

    def delete_stack(self, asked: Arguments) -> Answer:
        """DeleteStack; a stack that is not there is deleted already."""
        with self.stacks.lock:
            if not self.stacks.exists(asked["StackName"]):
                return {}
            stack = self.stacks.find(asked["StackName"])
            if stack.protected:
                raise TemplateError(
                    f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                )
            engine.delete(stack, self.stacks)
        return {}

    def describe_stacks(self, asked: Arguments) -> Answer:
        """DescribeStacks: one, deleted ones by their ARN too, or all that are there."""
        if asked.get("StackName"):
            return {"Stacks": [answers.stack(self.stacks.find(asked["StackName"]))]}
        there = [stack for stack in self.stacks.all.values() if stack.status != "DELETE_COMPLETE"]
        return {"Stacks": [answers.stack(stack) for stack in there]}

    def list_stacks(self, asked: Arguments) -> Answer:
        """ListStacks."""
        wanted = set(asked.get("StackStatusFilter") or [])
        found = [one for one in self.stacks.all.values() if not wanted or one.status in wanted]
        return {"StackSummaries": [answers.summary(one) for one in reversed(found)]}

    def describe_stack_resources(self, asked: Arguments) -> Answer:
        """DescribeStackResources: of a stack, or of the stack that has a resource."""
        stack = self._stack_or_owner(asked)
        wanted = asked.get("LogicalResourceId")
        found = [one for one in stack.resources.values() if wanted in {None, one.logical_id}]
        return {"StackResources": [answers.resource(stack, one) for one in found]}

    def _stack_or_owner(self, asked: Arguments) -> Stack:
        if asked.get("StackName"):
            return self.stacks.find(asked["StackName"])
        physical = asked.get("PhysicalResourceId")
        for stack in self.stacks.all.values():
            if any(one.physical_id == physical for one in stack.resources.values()):
                return stack
        raise TemplateError(f"Stack for {physical} does not exist")

    def describe_stack_resource(self, asked: Arguments) -> Answer:
        """DescribeStackResource."""
        stack = self.stacks.find(asked["StackName"])
        found = stack.resources.get(asked["LogicalResourceId"])
        if found is None:
            raise TemplateError(
                f"Resource {asked['LogicalResourceId']} does not exist for stack {stack.name}"
            )
        return {"StackResourceDetail": answers.resource(stack, found)}

    def list_stack_resources(self, asked: Arguments) -> Answer:
        """ListStackResources, a hundred at a time."""
        stack = self.stacks.find(asked["StackName"])
        shown = [answers.resource(stack, one) for one in stack.resources.values()]
        return _page("StackResourceSummaries", shown, asked)

    def describe_stack_events(self, asked: Arguments) -> Answer:
        """DescribeStackEvents, newest first, a hundred at a time."""
        events = self.stacks.find(asked["StackName"]).events
        return _page("StackEvents", [answers.event(one) for one in reversed(events)], asked)

    def get_template(self, asked: Arguments) -> Answer:
        """GetTemplate: as it was given, or as the transform made it."""
        stack = self.stacks.find(asked["StackName"])
        processed = asked.get("TemplateStage") == "Processed"
        body = stack.template if processed else stack.body
        return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, asked: Arguments) -> Answer:
        """GetTemplateSummary: the parameters that a template declares, and its resource types."""
        template = parse(self._template_of(asked))
        kinds = sorted({one["Type"] for one in (template.get("Resources") or {}).values()})
        return {
            **_declared(template),
            "ResourceTypes": kinds,
            "Version": template.get("AWSTemplateFormatVersion"),
        }

    def validate_template(self, asked: Arguments) -> Answer:
        """ValidateTemplate: whether it can be read, and what parameters it has."""
        return _declared(parse(self._template_of(asked)))

    def _template_of(self, asked: Arguments) -> str:
        if asked.get("TemplateBody"):
            return str(asked["TemplateBody"])
        if asked.get("TemplateURL"):
            return fetched(str(asked["TemplateURL"]), self.region)
        return self.stacks.find(asked["StackName"]).body

    def list_exports(self, asked: Arguments) -> Answer:
        """ListExports."""
        shown = [
            {"Name": name, "Value": value, "ExportingStackId": owner}
            for name, (value, owner) in sorted(self.stacks.exports.items())
        ]
        return _page("Exports", shown, asked)

    def list_imports(self, asked: Arguments) -> Answer:
        """ListImports."""
        users = sorted(self.stacks.imports.get(asked["ExportName"], set()))
        if not users:
            raise TemplateError(f"Export '{asked['ExportName']}' is not imported by any stack.")
        return {"Imports": [user.split("/")[1] for user in users]}

    def update_termination_protection(self, asked: Arguments) -> Answer:
        """UpdateTerminationProtection."""
        stack = self.stacks.find(asked["StackName"])
        stack.protected = str(asked["EnableTerminationProtection"]).lower() == "true"
        return {"StackId": stack.identifier}


def same(stack: Stack, wanted: Stack) -> bool:
    """Whether a stack is what is wanted already."""
    return (stack.source, stack.parameters, stack.tags) == (wanted.source, wanted.parameters, wanted.tags)


def _take_over(stack: Stack, wanted: Stack) -> None:
    stack.body, stack.source = wanted.body, wanted.source
    stack.given, stack.parameters, stack.tags = wanted.given, copy.copy(wanted.parameters), wanted.tags


def _page(name: str, shown: list[Answer], asked: Arguments) -> Answer:
    start = int(asked.get("NextToken") or 0)
    more = {"NextToken": str(start + _PAGE)} if start + _PAGE < len(shown) else {}
    return {name: shown[start : start + _PAGE], **more}


def _declared(template: Json) -> Answer:
    declared = [
        {
            "ParameterKey": name,
            "DefaultValue": None if "Default" not in one else str(one["Default"]),
            "NoEcho": bool(one.get("NoEcho")),
            "ParameterType": one.get("Type", "String"),
            "Description": one.get("Description", ""),
        }
        for name, one in (template.get("Parameters") or {}).items()
    ]
    return {"Parameters": declared, "Description": template.get("Description", "")}
