"""Mend: state machines that start state machines.

A task `states:startExecution.sync[:2]` ends when its child ends, without a poll in between; a task that is
given up on (the parent stopped, a sibling branch failed, the task timed out) stops its child, as AWS does on
its best effort (https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from local.mends import executions
from local.mends.clients import client
from local.mends.interruption import sleep
from local.mends.language import SERVICE, Component, Environment, failure
from local.mends.patching import Foreign, Mends

Json: TypeAlias = object

MENDS = Mends()

_POLL_SECONDS = 0.5
_CALLBACK = f"{SERVICE}.state_task_service_callback:StateTaskServiceCallback"
_SFN = f"{SERVICE}.state_task_service_sfn:StateTaskServiceSfn"


class Abandoned(Exception):
    """The task is no longer wanted: its execution has ended or its time is up."""


class _Child:
    """The execution a task waits for; called, it gives the task's result, or nothing while the child runs."""

    def __init__(self, state: Component, env: Environment, arn: str, *, parsed: bool) -> None:
        self._state = state
        self._env = env
        self._arn = arn
        self._parsed = parsed
        self._region = arn.split(":")[3]

    def __call__(self) -> dict[str, Json] | None:
        described = client("stepfunctions", self._region).describe_execution(executionArn=self._arn)
        if described["status"] == "RUNNING":
            return None
        described.pop("ResponseMetadata", None)
        if self._parsed:
            described |= {key: json.loads(described[key]) for key in ("input", "output") if key in described}
        self._state._normalise_response(response=described, service_action_name="describe_execution")  # noqa: SLF001
        if described["Status"] == "SUCCEEDED":
            return dict(described)
        raise failure(
            self._env,
            "States.TaskFailed",
            json.dumps(described, separators=(",", ":")),
            resource=self._state._get_sfn_resource(),  # noqa: SLF001
            resourceType=self._state._get_sfn_resource_type(),  # noqa: SLF001
        )

    def wait(self) -> None:
        """Until the child has ended, or nobody waits for it any more."""
        executions.wait_for_end(self._arn, self._env)

    def abort(self) -> None:
        """Stop the child; that it is gone already is as good."""
        with suppress(ClientError, BotoCoreError):
            client("stepfunctions", self._region).stop_execution(
                executionArn=self._arn,
                error="States.TaskAborted",
                cause="The task of the parent execution that waited for this execution was aborted.",
            )


@MENDS.replaces(f"{_SFN}._build_sync_resolver", "0a833c2f9a9c")
def wait_for_child(
    self: Component,
    env: Environment,
    resource_runtime_part: Foreign,  # noqa: ARG001
    normalised_parameters: Foreign,  # noqa: ARG001
    state_credentials: Foreign,  # noqa: ARG001
) -> _Child:
    """moto polls the child twice a second and leaves it running when the task is given up on."""
    return _Child(self, env, env.stack.pop()["ExecutionArn"], parsed=False)


@MENDS.replaces(f"{_SFN}._build_sync2_resolver", "fbbf50b684b9")
def wait_for_child_parsed(
    self: Component,
    env: Environment,
    resource_runtime_part: Foreign,  # noqa: ARG001
    normalised_parameters: Foreign,  # noqa: ARG001
    state_credentials: Foreign,  # noqa: ARG001
) -> _Child:
    """The same; `.sync:2` gives the child's input and output as JSON, not as text."""
    return _Child(self, env, env.stack.pop()["ExecutionArn"], parsed=True)


@MENDS.replaces(f"{_CALLBACK}._eval_sync", "b8f76de4d514")
def evaluate_sync(
    self: Component,  # noqa: ARG001
    env: Environment,
    sync_resolver: Callable[[], Json],
    timeout_seconds: float | None,  # noqa: ARG001
    callback_endpoint: Foreign,  # noqa: ARG001
    heartbeat_endpoint: Foreign,  # noqa: ARG001
) -> Json:
    """moto reports a task that was given up on as one that succeeded with nothing."""
    while env.is_running():
        result = sync_resolver()
        if result:
            return result
        wait = getattr(sync_resolver, "wait", None)
        if wait:
            wait()
        else:
            sleep(env, _POLL_SECONDS)
    abort = getattr(sync_resolver, "abort", None)
    if abort:
        abort()
    raise Abandoned


@MENDS.wraps(f"{SERVICE}.state_task_service:StateTaskService._after_eval_execution", "118261fe0a62")
def after_execution(
    original: Foreign, self: Component, env: Environment, *args: Json, **kwargs: Json
) -> None:
    """moto writes the success of a task into the history although its execution has ended meanwhile."""
    if not env.is_running():
        raise Abandoned
    original(self, env, *args, **kwargs)


@MENDS.wraps(f"{_CALLBACK}._after_eval_execution", "baf0479ea012")
def after_callback(original: Foreign, self: Component, env: Environment, *args: Json, **kwargs: Json) -> None:
    """The same, before moto waits for a token or a child."""
    if not env.is_running():
        raise Abandoned
    original(self, env, *args, **kwargs)
