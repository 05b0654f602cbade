"""Mend: which errors Retry and Catch take, and what a service's error is called in a state machine.

Documented at https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html. The prefix of
an SDK integration's error is the class name of the service's client in the AWS SDK for Java, and its end is
the exception class: `Ecs.ClusterNotFoundException`; an error that has no class of its own there ends in the
service's own: `Ecs.EcsException`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from local.mends.language import (
    ASL,
    COMMON,
    SERVICE,
    STATE,
    Component,
    Environment,
    PlainErrorName,
    failure,
)
from local.mends.patching import Foreign, Mends, load
from local.mends.service_models import service_model

MENDS = Mends()

HeartbeatTimeoutError = load(f"{ASL}.eval.callback.callback:HeartbeatTimeoutError")

StateTask = load(f"{STATE}.exec.state_task.state_task:StateTask")

_NOT_TASK_FAILURES = {"States.Timeout", "States.DataLimitExceeded"}


class _HeartbeatTimeoutName(PlainErrorName):
    """Reported as `States.Timeout`, and taken by `States.HeartbeatTimeout` as well."""

    also = "States.HeartbeatTimeout"


@MENDS.replaces(f"{COMMON}.error_name.error_equals_decl:ErrorEqualsDecl._eval_body", "aeda14a0cc01")
def matches_error(self: Component, env: Environment) -> None:
    """moto lets `States.ALL` take errors that nothing may take, and knows no `States.HeartbeatTimeout`."""
    failed = env.stack.pop()
    listed = {name.error_name for name in self.error_names}
    env.stack.append(takes(listed, failed.error_name if failed else None, getattr(failed, "also", None)))


def takes(listed: set[str], error: str | None, also: str | None = None) -> bool:
    """Whether an `ErrorEquals` list takes an error, by its name or by a second name it answers to."""
    if error == "States.Runtime":
        return False
    if error in listed or (also is not None and also in listed):
        return True
    if "States.ALL" in listed:
        return error != "States.DataLimitExceeded"
    return "States.TaskFailed" in listed and error not in _NOT_TASK_FAILURES


@MENDS.replaces(f"{COMMON}.error_name.custom_error_name:CustomErrorName.__init__", "2814dc26f7ae")
def custom_error_name(self: Foreign, error_name: str | None) -> None:
    """moto refuses `States.*` here, where a failed branch or iteration passes on the error it had."""
    self.error_name = error_name


@MENDS.wraps(f"{STATE}.exec.state_task.state_task:StateTask._from_error", "8f7051977d26")
def task_failure(original: Foreign, self: Component, env: Environment, ex: Exception) -> Foreign:
    """moto forgets that it was the heartbeat, and blames the machine when a service cannot be reached."""
    if isinstance(ex, ParamValidationError):
        return failure(env, "States.Runtime", str(ex)).failure_event
    if isinstance(ex, BotoCoreError):
        service = service_prefix(self.resource.api_name)
        return failure(env, f"{service}.SdkClientException", str(ex)).failure_event
    failed = original(self, env=env, ex=ex)
    if isinstance(ex, HeartbeatTimeoutError):
        failed.error_name = _HeartbeatTimeoutName("States.Timeout")
    return failed


@MENDS.wraps(f"{SERVICE}.state_task_service_dynamodb:StateTaskServiceDynamoDB._from_error", "a27eaf8b4975")
def dynamodb_failure(original: Foreign, self: Component, env: Environment, ex: Exception) -> Foreign:
    """moto calls every failure of a DynamoDB task, even of a query in its arguments, an error of DynamoDB."""
    if isinstance(ex, ClientError):
        return original(self, env=env, ex=ex)
    return StateTask._from_error(self, env, ex)  # noqa: SLF001


@MENDS.wraps(f"{SERVICE}.state_task_service_sfn:StateTaskServiceSfn._from_error", "7cdee0936130")
def step_functions_failure(original: Foreign, self: Component, env: Environment, ex: Exception) -> Foreign:
    """moto says `ThrottlingExceptionException`, and names errors that Step Functions does not model."""
    failed = original(self, env=env, ex=ex)
    if isinstance(ex, ClientError):
        modelled = type(ex).__name__ != "ClientError"
        ending = type(ex).__name__.removesuffix("Exception") if modelled else "AWSStepFunctions"
        name = f"StepFunctions.{ending}Exception"
        failed.error_name = PlainErrorName(name)
        failed.event_details["taskFailedEventDetails"]["error"] = name
    return failed


@MENDS.replaces(f"{STATE}.choice.state_choice:StateChoice._eval_state", "47c01743c893")
def choose(self: Component, env: Environment) -> None:
    """moto fails a Choice without a match as `States.Runtime` instead of `States.NoChoiceMatched`."""
    for rule in self.choices_decl.rules:
        rule.eval(env)
        if env.stack.pop() is True:
            env.stack.append(rule.next_stmt.name)
            return
    if self.default_state is None:
        raise failure(env, "States.NoChoiceMatched", f"No choice rule matched in the state '{self.name}'.")
    env.stack.append(self.default_state.state_name)


_SDK = f"{SERVICE}.state_task_service_aws_sdk:StateTaskServiceAwsSdk"


def sdk_error_prefix(service_name: str) -> str:
    """moto knows the prefixes of two services only."""
    return service_prefix(service_name)


def sdk_error_name(norm_service_name: str, ex: Exception) -> str:
    """moto keeps endings that Java does not have: `LimitExceededFault` is `LimitExceededException`."""
    name = type(ex).__name__
    if name == "ClientError":
        return f"{norm_service_name}.{norm_service_name}Exception"
    ending = name.removesuffix("Exception").removesuffix("Fault")
    return f"{norm_service_name}.{ending}Exception"


MENDS.replaces(f"{_SDK}._normalise_service_error_name", "7fccfad3463f")(staticmethod(sdk_error_prefix))
MENDS.replaces(f"{_SDK}._normalise_exception_name", "5e93bf8cd8ab")(staticmethod(sdk_error_name))


@lru_cache
def service_prefix(api_name: str) -> str:
    """How errors name a service: `dynamodb` is `DynamoDb`, `elbv2` is `ElasticLoadBalancingV2`."""
    service = ALIASES.get(api_name.lower(), api_name.lower())
    identifier = str(service_model(service).service_id)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+", identifier)
    return "".join(word[0].upper() + word[1:].lower() for word in words)


ALIASES = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "eventbridge": "events",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "route53": "route53",
    "servicediscovery": "servicediscovery",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}
"""What a state machine calls a service, and what botocore calls it, where the two differ."""
