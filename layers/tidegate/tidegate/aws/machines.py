"""Our own state machines, on AWS Step Functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call_unless
from tidegate.domain.plain import to_plain
from tidegate.ports import Execution, Machines

_UNKNOWN = ("ExecutionDoesNotExist",)
_NO_LONGER_WAITING = ("InvalidToken", "TaskDoesNotExist", "TaskTimedOut")
_ERROR = 256
_CAUSE = 32_768


class StepFunctionsMachines(Machines):
    """Machines are called by their short names; `arn_prefix` and the name make the ARN."""

    def __init__(self, clients: Clients, arn_prefix: Callable[[], str]) -> None:
        self._clients = clients
        self._arn_prefix = arn_prefix

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> str:
        arn = f"{self._arn_prefix()}{machine}"
        answer = aws_call_unless(
            ("ExecutionAlreadyExists",),
            self._client.start_execution,
            stateMachineArn=arn,
            name=name,
            input=json.dumps(to_plain(payload)),
        )
        if answer is None:
            return f"{arn.replace(':stateMachine:', ':execution:', 1)}:{name}"
        started: str = answer["executionArn"]
        return started

    def describe(self, execution: str) -> Execution | None:
        describe = self._client.describe_execution
        answer = aws_call_unless(_UNKNOWN, describe, executionArn=execution, includedData="METADATA_ONLY")
        return _read(answer) if answer else None

    def stop(self, execution: str, *, error: str, cause: str) -> None:
        stop = self._client.stop_execution
        aws_call_unless(_UNKNOWN, stop, executionArn=execution, error=error[:_ERROR], cause=cause[:_CAUSE])

    def resume(self, token: str, output: Mapping[str, Any]) -> bool:
        text = json.dumps(to_plain(output))
        send = self._client.send_task_success
        return aws_call_unless(_NO_LONGER_WAITING, send, taskToken=token, output=text) is not None

    @property
    def _client(self) -> Any:
        return self._clients.home("stepfunctions")


def _read(answer: Answer) -> Execution:
    return Execution(
        arn=answer["executionArn"],
        status=answer["status"],
        started_at=answer["startDate"],
        stopped_at=answer.get("stopDate"),
    )
