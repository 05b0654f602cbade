"""Mend: the life of an execution: start, end, stop, and who is told.

moto gives an unnamed execution the name `None`, forgets why one was aborted, leaves a timed-out one without
an end, and tells nobody of a change. Here an execution ends exactly once, and `on_status_change` is called
with the detail of the event "Step Functions Execution Status Change"
(https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html).
"""

from __future__ import annotations

import copy
import datetime
import json
import logging
import threading
import uuid
from typing import TypeAlias

from local.mends import programs, status_changes
from local.mends.interruption import woken_by
from local.mends.language import PARSER, Environment, api_error
from local.mends.patching import Foreign, Mends, load
from local.mends.status_changes import on_status_change, output_text

Json: TypeAlias = object
Execution: TypeAlias = Foreign

__all__ = ["LONGEST_INPUT", "MENDS", "find", "on_status_change", "output_text", "stop", "wait_for_end"]

MENDS = Mends()

LONGEST_INPUT = 256 * 1024
_LOG = logging.getLogger(__name__)

_EXECUTION = f"{PARSER}.backend.execution"
MotoExecution = load(f"{_EXECUTION}:Execution")
ExecutionWorker = load(f"{PARSER}.backend.execution_worker:ExecutionWorker")
TMP_THREADS = load(f"{PARSER}.utils:TMP_THREADS")
_STATUS = {
    "ProgramEnded": "SUCCEEDED",
    "ProgramStopped": "ABORTED",
    "ProgramError": "FAILED",
    "ProgramTimedOut": "TIMED_OUT",
}

_start = threading.Lock()
_by_arn: dict[str, Execution] = {}


def find(arn: str) -> Execution | None:
    """The execution of that ARN, if it was started in this process."""
    return _by_arn.get(arn)


def wait_for_end(arn: str, env: Environment) -> None:
    """Return when the execution has ended, or when the frame `env` has stopped running."""
    execution = find(arn)
    if execution is None:
        return
    either = threading.Event()
    with _end_lock(execution):
        if execution.local_stop_date is not None:
            return
        execution.local_waiting.append(either)
    with woken_by(env, either):
        either.wait()


def _end_lock(execution: Execution) -> threading.Lock:
    lock: threading.Lock = execution.local_lock
    return lock


@MENDS.replaces(f"{PARSER}.models:StepFunctionsParserBackend.start_execution", "0f8d9dd57baf")
def start_execution(
    self: Foreign,
    state_machine_arn: str,
    name: str | None = None,
    execution_input: str | None = None,
    trace_header: str | None = None,
) -> Execution:
    """moto checks neither name nor size, and two starts at once may both get the same name."""
    machine = self.describe_state_machine(state_machine_arn)
    text = execution_input if execution_input is not None else "{}"
    name = name or str(uuid.uuid4())
    self._validate_name(name)
    _validate_input(text)
    with _start:
        existing = machine._handle_name_input_idempotency(name, text)  # noqa: SLF001
        if existing is not None:
            return existing
        execution = _new_execution(self, machine, name, text, trace_header)
        _prepare(execution)
        machine.executions.append(execution)
        _by_arn[execution.exec_arn] = execution
    TMP_THREADS.clear()  # moto keeps every thread it ever started
    execution.start()
    return execution


def _validate_input(text: str) -> None:
    if len(text.encode()) > LONGEST_INPUT:
        raise api_error(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {LONGEST_INPUT}",
        )
    try:
        json.loads(text)
    except ValueError as error:
        raise api_error(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
        ) from error


def _new_execution(
    backend: Foreign, machine: Foreign, name: str, text: str, trace_header: str | None
) -> Execution:
    snapshot = copy.copy(machine)
    snapshot.executions = []
    execution = MotoExecution(
        name=name,
        sm_type=machine.sm_type,
        role_arn=machine.roleArn,
        exec_arn=f"arn:{backend.partition}:states:{backend.region_name}:{backend.account_id}"
        f":execution:{machine.name}:{name}",
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=snapshot,
        start_date=datetime.datetime.now(tz=datetime.UTC),
        cloud_watch_logging_session=None,
        input_data=text,
        trace_header=trace_header,
        activity_store={},
    )
    execution.local_lock = threading.Lock()
    execution.local_waiting = []
    execution.local_stop_date = None
    return execution


@MENDS.replaces(f"{_EXECUTION}:Execution.start", "07e927c2d5f9")
def start(self: Execution) -> None:
    """moto prepares the execution in its thread, so that one stopped at once is not stopped at all."""
    if self.exec_worker is None:
        _prepare(self)
    self.exec_worker.start()


def _prepare(execution: Execution) -> None:
    """Everything that a reader of the execution needs, before anybody can find it."""
    worker = execution._get_start_execution_worker()  # noqa: SLF001
    worker.local_execution = execution
    worker.local_program = programs.parse(worker._evaluation_details.state_machine_details.definition)  # noqa: SLF001
    worker.env = worker._get_evaluation_environment()  # noqa: SLF001
    worker.env.next_state_name = worker.local_program.start_at.start_at_name
    execution.exec_worker = worker
    execution.exec_status = _status("RUNNING")


@MENDS.replaces(f"{PARSER}.backend.execution_worker:ExecutionWorker.start", "0b502dd3a4e5")
def start_worker(self: Foreign) -> None:
    """moto keeps a list of all threads for ever."""
    threading.Thread(target=_run, args=(self,), daemon=True, name=self.local_execution.exec_arn).start()


def _run(worker: Foreign) -> None:
    execution = worker.local_execution
    status_changes.tell(execution, "RUNNING")
    try:
        _record_start(worker)
        worker.local_program.eval(worker.env)
    except Exception as error:  # noqa: BLE001 - whatever it is, the execution must not stay RUNNING
        _LOG.exception("The execution %s ended by a fault of the local cloud", execution.exec_arn)
        worker.env.set_error({"error": "States.Runtime", "cause": repr(error)})
    _end(execution)


def _record_start(worker: Foreign) -> None:
    details = load(f"{PARSER}.api:HistoryEventExecutionDataDetails")(truncated=False)
    worker.env.event_manager.add_event(
        context=worker.env.event_history_context,
        event_type=load(f"{PARSER}.api:HistoryEventType").ExecutionStarted,
        event_details={
            "executionStartedEventDetails": {
                "input": worker.local_execution.execution_input,
                "inputDetails": details,
                "roleArn": worker.local_execution.role_arn,
            }
        },
        update_source_event_id=False,
    )


def _end(execution: Execution) -> None:
    """Write down how the execution ended, then wake and tell whoever waited for it."""
    state = execution.exec_worker.env.program_state()
    details = getattr(state, "error", None)
    with _end_lock(execution):
        if execution.local_stop_date is not None:
            return
        status = _STATUS[type(state).__name__]
        if status == "SUCCEEDED":
            execution.output = execution.exec_worker.env.states.get_input()
        elif status == "ABORTED":
            execution.error, execution.cause = state.error, state.cause
        elif status == "FAILED" and details:
            execution.error, execution.cause = details.get("error"), details.get("cause")
        execution.stop_date = datetime.datetime.now(tz=datetime.UTC)
        execution.exec_status = _status(status)
        execution.local_stop_date = execution.stop_date
        waiting = list(execution.local_waiting)
    for event in waiting:
        event.set()
    status_changes.tell(execution, status)


def stop(execution: Execution, error: str | None, cause: str | None) -> datetime.datetime:
    """Stop an execution as StopExecution does; one that has ended stays as it is.

    Returns:
        When it ended.
    """
    ended = threading.Event()
    with _end_lock(execution):
        if execution.local_stop_date is not None:
            date: datetime.datetime = execution.local_stop_date
            return date
        execution.local_waiting.append(ended)
    now = datetime.datetime.now(tz=datetime.UTC)
    execution.exec_worker.env.set_stop(stop_date=now, error=error, cause=cause)
    ended.wait(timeout=10)
    return execution.local_stop_date or now


def _status(name: str) -> Foreign:
    return load(f"{PARSER}.api:ExecutionStatus")(name)
