"""Mend: the names of request and response members in service integrations.

A state machine writes and reads PascalCase (`TaskDefinition`, nested members too), whatever the service's
own API does; a response's times are ISO 8601 text, in the optimised integrations milliseconds. moto left both
translations empty. What Step Functions refuses is refused here with its words
(https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
"""

from __future__ import annotations

import json
from typing import TypeAlias

from botocore import xform_name
from botocore.model import OperationModel

from local.mends.error_names import ALIASES
from local.mends.language import SERVICE, STATE, Component, Environment, failure
from local.mends.members import UnsupportedField, request
from local.mends.members import response as translated_response
from local.mends.patching import Mends
from local.mends.service_models import operation

Json: TypeAlias = object

MENDS = Mends()

_TASK = f"{SERVICE}.state_task_service:StateTaskService"


@MENDS.replaces(f"{_TASK}._get_boto_service_name", "89e578864a3d")
def boto_service_name(self: Component, boto_service_name: str | None = None) -> str:
    """moto knows two of the services that a state machine calls otherwise than boto3 does."""
    name = (boto_service_name or self.resource.api_name).lower()
    return ALIASES.get(name, name)


@MENDS.replaces(f"{_TASK}._get_boto_service_action", "e57277e8efaa")
def boto_service_action(self: Component, service_action_name: str | None = None) -> str:
    """moto splits words otherwise than boto3 does, so that some actions are not found."""
    if service_action_name:
        return service_action_name  # moto's own calls give the name that boto3 has
    action: str = self.resource.api_action
    return xform_name(action[:1].upper() + action[1:])


@MENDS.replaces(f"{_TASK}._normalise_parameters", "dece59e76fd5")
def normalise_parameters(
    self: Component,
    parameters: dict[str, Json],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    """moto left this empty."""
    service = self._get_boto_service_name(boto_service_name)
    model = operation(service, self._get_boto_service_action(service_action_name))
    if model is None or model.input_shape is None:
        return
    try:
        translated = request(service, parameters, model.input_shape)
    except UnsupportedField as error:
        raise UnsupportedField(refusal(parameters, [str(error)])) from error
    parameters.clear()
    parameters.update(translated)


@MENDS.replaces(f"{_TASK}._normalise_response", "00e0b0a50b1d")
def normalise_response(
    self: Component,
    response: Json,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    """moto left this empty."""
    if not isinstance(response, dict):
        return
    service = self._get_boto_service_name(boto_service_name)
    model = operation(service, self._get_boto_service_action(service_action_name))
    translated = _translate(response, model, iso=self.resource.service_name == "aws-sdk")
    response.clear()
    response.update(translated)


def _translate(value: dict[str, Json], model: OperationModel | None, *, iso: bool) -> dict[str, Json]:
    translated = translated_response(value, model.output_shape if model else None, iso=iso)
    return translated if isinstance(translated, dict) else value


@MENDS.replaces(f"{STATE}.exec.state_task.state_task:StateTask._eval_parameters", "f98779b805f9")
def evaluate_parameters(self: Component, env: Environment) -> dict[str, Json]:
    """moto drops arguments that an optimised integration does not know; Step Functions refuses them."""
    parameters: dict[str, Json] = {}
    if self.parargs is not None:
        self.parargs.eval(env=env)
        parameters = env.stack.pop()
    known = self._get_supported_parameters() or parameters.keys()
    unknown = [
        f'The field "{name}" is not supported by Step Functions' for name in parameters if name not in known
    ]
    if unknown:
        raise failure(env, "States.Runtime", refusal(parameters, unknown))
    return parameters


def refusal(parameters: dict[str, Json], reasons: list[str]) -> str:
    """How Step Functions words arguments with which a task cannot be started."""
    shown = json.dumps(parameters, default=str)
    return f"The Parameters '{shown}' could not be used to start the Task: [{', '.join(reasons)}]"
