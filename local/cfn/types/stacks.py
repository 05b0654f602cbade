"""Stacks within stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.cfn.resources import Made, Request, replace_on, resource_type
from local.cfn.shapes import PropertyError
from local.cfn.stacks import Stack, stacks_of
from local.cfn.template import Json, TemplateError

if TYPE_CHECKING:
    from local.cfn.api import Api

_CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


@resource_type("AWS::CloudFormation::Stack")
class NestedStack:
    """A stack that belongs to a stack; its outputs are attributes."""

    def create(self, request: Request) -> Made:
        """Create it."""
        created = _api(request).create_stack({"StackName": request.name(128), **_asked(request)})
        return _outcome(request, created["StackId"], "CREATE_COMPLETE")

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Update it, if there is anything to update."""
        replace_on(request, before)
        try:
            _api(request).update_stack({"StackName": made.physical_id, **_asked(request)})
        except TemplateError as error:
            if "No updates" not in str(error):
                raise
            return made
        return _outcome(request, made.physical_id, "UPDATE_COMPLETE")

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        _api(request).delete_stack({"StackName": made.physical_id})
        stack = _find(request, made.physical_id)
        if stack.status != "DELETE_COMPLETE":
            raise PropertyError(
                f"Embedded stack {made.physical_id} was not successfully deleted: {stack.reason}"
            )


def _api(request: Request) -> Api:
    from local.cfn.api import Api  # the API makes stacks, and stacks are made of types

    return Api(request.account, request.region)


def _asked(request: Request) -> dict[str, Json]:
    given = request.properties.get("Parameters") or {}
    return {
        "TemplateURL": request.properties["TemplateURL"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": _text(given[key])} for key in given],
        "Tags": request.properties.get("Tags") or [],
        "Capabilities": _CAPABILITIES,
        "OnFailure": "DO_NOTHING",
    }


def _text(value: Json) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _find(request: Request, identifier: str) -> Stack:
    return stacks_of(request.account, request.region).find(identifier)


def _outcome(request: Request, identifier: str, wanted: str) -> Made:
    stack = _find(request, identifier)
    if stack.status != wanted:
        failed = [
            f"{one.logical_id}: {one.reason}" for one in stack.resources.values() if "FAILED" in one.status
        ]
        raise PropertyError(f"Embedded stack {identifier} was not successfully made: {'; '.join(failed)}")
    return Made(identifier, {f"Outputs.{output.key}": output.value for output in stack.outputs})
