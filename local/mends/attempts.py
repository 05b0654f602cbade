"""Mend: one attempt at a Task, Map or Parallel state, and what Retry and Catch make of it.

Where moto differs from https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html:
an attempt cannot be interrupted, and a failing Output of a Task cannot be caught.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable

from local import origins
from local.mends import tokens
from local.mends.interruption import woken_by
from local.mends.language import (
    COMMON,
    STATE,
    Component,
    Environment,
    FailureEventException,
    HistoryEventType,
)
from local.mends.patching import Foreign, Mends, load

MENDS = Mends()

_EXECUTION_STATE = f"{STATE}.exec.execute_state:ExecutionState"
EvalTimeoutError = load(f"{COMMON}.timeouts.timeout:EvalTimeoutError")
CatchOutcome = load(f"{COMMON}.catch.catch_outcome:CatchOutcome")
RetryOutcome = load(f"{COMMON}.retry.retry_outcome:RetryOutcome")
CommonStateField = load(f"{STATE}.state:CommonStateField")

Record = Callable[[Environment, Foreign], None]


def _record_task(env: Environment, failed: Foreign) -> None:
    env.event_manager.add_event(
        context=env.event_history_context, event_type=failed.event_type, event_details=failed.event_details
    )


def _record_map(env: Environment, failed: Foreign) -> None:
    if failed.event_type == HistoryEventType.EvaluationFailed:
        _record_task(env, failed)
    if failed.event_type != HistoryEventType.ExecutionFailed:
        _record_plain(env, HistoryEventType.MapStateFailed)


def _record_parallel(env: Environment, failed: Foreign) -> None:
    if failed.event_type == HistoryEventType.EvaluationFailed:
        _record_task(env, failed)
    _record_plain(env, HistoryEventType.ParallelStateFailed)


def _record_plain(env: Environment, event_type: Foreign) -> None:
    env.event_manager.add_event(context=env.event_history_context, event_type=event_type)


@MENDS.replaces(f"{_EXECUTION_STATE}._eval_state", "88a5f8e4c72b")
def evaluate_task(self: Component, env: Environment) -> None:
    """moto evaluates Output after Retry and Catch are over, so an error in it could not be caught."""
    _attempt_until_decided(self, env, _record_task, record_before_retry=True)


@MENDS.replaces(f"{STATE}.exec.state_map.state_map:StateMap._eval_state", "bc5ea7fa3b82")
def evaluate_map(self: Component, env: Environment) -> None:
    """moto evaluates Output after Retry and Catch are over, so an error in it could not be caught."""
    _attempt_until_decided(self, env, _record_map, record_before_retry=False)


@MENDS.replaces(f"{STATE}.exec.state_parallel.state_parallel:StateParallel._eval_state", "1d86cbe57c76")
def evaluate_parallel(self: Component, env: Environment) -> None:
    """moto evaluates Arguments and Output where Catch does not reach."""
    state_input = copy.deepcopy(env.stack.pop())

    def prepare() -> None:
        env.stack.append(copy.deepcopy(state_input))
        if self.parargs is not None:
            self.parargs.eval(env=env)

    _attempt_until_decided(self, env, _record_parallel, record_before_retry=False, prepare=prepare)


def _attempt_until_decided(
    state: Component,
    env: Environment,
    record: Record,
    *,
    record_before_retry: bool,
    prepare: Callable[[], None] = lambda: None,
) -> None:
    """Try until the state succeeds, is caught, or fails for good.

    Args:
        state: The Task, Map or Parallel state.
        env: Its frame.
        record: Writes the state's failure into the history.
        record_before_retry: Task states record every failed attempt, the others only the last.
        prepare: Puts on the stack what the attempt works on.
    """
    context = env.states.context_object.context_object_data["State"]
    context["RetryCount"] = 0
    while env.is_running():
        try:
            prepare()
            state._evaluate_with_timeout(env)  # noqa: SLF001
            if env.is_running():
                CommonStateField._eval_state_output(state, env=env)  # noqa: SLF001
                env.stack.append(CatchOutcome.Caught)  # tells moto that the output is done
            return
        except Exception as error:  # noqa: BLE001 - moto's interpreter speaks in exceptions of every kind
            if not env.is_running():
                return
            failed = state._from_error(env=env, ex=error)  # noqa: SLF001
        if _decided(state, env, failed, record, record_before_retry=record_before_retry):
            return


def _decided(
    state: Component, env: Environment, failed: Foreign, record: Record, *, record_before_retry: bool
) -> bool:
    """Whether Catch took the failure; False asks for another attempt.

    Raises:
        FailureEventException: Neither Retry nor Catch wants it.
    """
    output = state._construct_error_output_value(failure_event=failed)  # noqa: SLF001
    if record_before_retry:
        record(env, failed)
    env.states.set_error_output(output)
    if state.retry and state._handle_retry(env=env, failure_event=failed) == RetryOutcome.CanRetry:  # noqa: SLF001
        return False
    if not env.is_running():
        return True
    if not record_before_retry:
        record(env, failed)
    if state.catch:
        state._handle_catch(env=env, failure_event=failed)  # noqa: SLF001
        if env.stack[-1] == CatchOutcome.Caught:
            return True
    raise FailureEventException(failure_event=failed)


@MENDS.replaces(f"{_EXECUTION_STATE}._evaluate_with_timeout", "c56deda08a42")
def evaluate_with_timeout(self: Component, env: Environment) -> None:
    """moto waits for the end of an attempt even when the execution was stopped or timed out."""
    self.timeout.eval(env=env)
    seconds = env.stack.pop()
    tokens.renew(self, env)
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    attempt = _Attempt(self, frame)
    with woken_by(env, attempt.over):
        attempt.start()
        in_time = attempt.over.wait(seconds)
    frame.set_ended()
    env.close_frame(frame)
    tokens.close(env)
    if not env.is_running():
        return
    if not in_time:
        raise EvalTimeoutError
    _take_result(self, env, attempt.result())


def _take_result(state: Component, env: Environment, result: Foreign) -> None:
    env.stack.append(result)
    if not state._is_language_query_jsonpath():  # noqa: SLF001
        env.states.set_result(result)
    for part in (state.assign_decl, state.result_selector):
        if part:
            part.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


class _Attempt:
    """One run of a state's work in a thread of its own, which may be given up on."""

    def __init__(self, state: Component, frame: Environment) -> None:
        self._state = state
        self._frame = frame
        self._error: Exception | None = None
        self.over = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name=f"attempt {self._state.name}").start()

    def _run(self) -> None:
        try:
            with origins.acting(tokens.origin_of(self._state, self._frame)):
                self._state._eval_execution(self._frame)  # noqa: SLF001
        except Exception as error:  # noqa: BLE001 - handed to the waiting thread
            self._error = error
        self.over.set()

    def result(self) -> Foreign:
        if self._error is not None:
            raise self._error
        return self._frame.stack.pop()
