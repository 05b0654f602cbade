"""Step Functions state machines, from text, an object or a file in S3, with their substitutions."""

from __future__ import annotations

import json
import re

from local.cfn import shapes
from local.cfn.resources import Made, Request, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json, parse

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_DEFINITION = ("Definition", "DefinitionString", "DefinitionS3Location", "DefinitionSubstitutions")
_RENAMED = {"StateMachineName": "Name", "StateMachineType": "Type"}


@resource_type("AWS::StepFunctions::StateMachine")
class StateMachine:
    """A state machine; definition, role and configuration change in place."""

    def create(self, request: Request) -> Made:
        """Create it."""
        name = request.properties.get("StateMachineName") or request.name(80)
        plain = {**self._properties(request), "Name": name}
        arguments = shapes.arguments("stepfunctions", "create_state_machine", plain)
        arn = request.client("stepfunctions").create_state_machine(**arguments)["stateMachineArn"]
        return Made(arn, {"Arn": arn, "Name": name})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change it; executions that run keep the definition they started with."""
        replace_on(request, before, "StateMachineName", "StateMachineType")
        plain = self._properties(request)
        for only_at_creation in ("Type", "Name", "Tags"):
            plain.pop(only_at_creation, None)
        plain["StateMachineArn"] = made.physical_id
        arguments = shapes.arguments("stepfunctions", "update_state_machine", plain)
        request.client("stepfunctions").update_state_machine(**arguments)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(
            request.client("stepfunctions").delete_state_machine, stateMachineArn=made.physical_id
        )

    def _properties(self, request: Request) -> dict[str, Json]:
        plain = {_RENAMED.get(key, key): value for key, value in request.without(*_DEFINITION).items()}
        plain["Definition"] = definition(request)
        return plain


def definition(request: Request) -> str:
    """The machine's definition as JSON text, its `${placeholders}` filled in.

    A placeholder without a substitution stays, as on AWS: the parser then refuses the machine, or not.

    Raises:
        PropertyError: There is no definition.
    """
    given = request.properties.get("DefinitionSubstitutions") or {}
    text = _PLACEHOLDER.sub(lambda match: _text(given.get(match[1], match[0])), _unsubstituted(request))
    return text if text.lstrip().startswith("{") else json.dumps(parse(text))


def _unsubstituted(request: Request) -> str:
    properties = request.properties
    if "DefinitionS3Location" in properties:
        place = properties["DefinitionS3Location"]
        stored = request.client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"])
        return str(stored["Body"].read().decode())
    if "DefinitionString" in properties:
        return str(properties["DefinitionString"])
    if "Definition" in properties:
        return json.dumps(properties["Definition"])
    raise shapes.PropertyError("Properties: a state machine needs a definition")


def _text(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
