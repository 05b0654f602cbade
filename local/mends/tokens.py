"""Mend: task tokens, from the task that waits for one to the calls that answer it.

moto looks a token up in every execution, lets it be answered as often as one likes while its execution runs,
reuses it for the next attempt, and loses the cause of a failure. On AWS a token belongs to one attempt and is
closed with it: a later answer is `TaskTimedOut`, an unknown token `InvalidToken`
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html).
"""

from __future__ import annotations

import json
import threading

from local import origins
from local.mends.language import ASL, PARSER, SERVICE, Component, Environment, api_error
from local.mends.patching import Foreign, Mends, load
from local.origins import Origin

MENDS = Mends()

_BACKEND = f"{PARSER}.models:StepFunctionsParserBackend"
_CALLBACK = f"{ASL}.eval.callback.callback"

CallbackOutcomeSuccess = load(f"{_CALLBACK}:CallbackOutcomeSuccess")
CallbackOutcomeFailure = load(f"{_CALLBACK}:CallbackOutcomeFailure")
EmptyResult = load("moto.core.responses:EmptyResult")
WAIT_FOR_TASK_TOKEN = load(f"{SERVICE}.resource:ResourceCondition").WaitForTaskToken

_lock = threading.Lock()
_open: dict[str, Foreign] = {}
_waiting: dict[str, Origin] = {}
_closed: set[str] = set()


def renew(state: Component, env: Environment) -> None:
    """Give the attempt that begins a token of its own, where its task waits for one."""
    close(env)
    context = env.states.context_object
    context.context_object_data.pop("Task", None)
    if _waits_for_token(state):
        token = context.update_task_token()
        _waiting[token] = origin_of(state, env)
        env.callback_pool_manager.add(token)


def origin_of(state: Component, env: Environment) -> Origin:
    """What a task of an execution goes back to."""
    execution = env.states.context_object.context_object_data["Execution"]
    return origins.of_task(state.name, execution["Id"], json.dumps(execution["Input"], default=str))


def waiting(token: str) -> Origin | None:
    """The task that a token was given to."""
    return _waiting.get(token)


def _waits_for_token(state: Component) -> bool:
    patterns = getattr(state, "_supported_integration_patterns", ())
    return WAIT_FOR_TASK_TOKEN in patterns and state.resource.condition is not None


def close(env: Environment) -> None:
    """End the life of the current attempt's token and wake whoever still waits for it."""
    task = env.states.context_object.context_object_data.get("Task")
    if not task:
        return
    token = task["Token"]
    with _lock:
        endpoint = _open.pop(token, None)
        if endpoint is not None:
            _closed.add(token)
    if endpoint is not None:
        endpoint.interrupt_all()


def _answer(token: str, outcome: Foreign) -> None:
    """Hand an outcome to the task that waits, once.

    Raises:
        TaskTimedOut: The token was answered before, or its task is over.
        InvalidToken: There never was such a token.
    """
    with _lock:
        endpoint = _open.pop(token, None)
        known = endpoint is not None or token in _closed
        if endpoint is not None:
            _closed.add(token)
    if endpoint is not None:
        endpoint.notify(outcome=outcome)
        return
    raise _refusal(known=known)


def _refusal(*, known: bool) -> Exception:
    if known:
        return api_error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    return api_error("InvalidToken", "Invalid Token: 'Invalid token'")


@MENDS.wraps(f"{_CALLBACK}:CallbackPoolManager.add", "642af2a3229b")
def add_token(original: Foreign, self: Foreign, callback_id: str) -> Foreign:
    """moto keeps tokens per execution only, so every answer searches all of them."""
    endpoint = original(self, callback_id)
    with _lock:
        _open[callback_id] = endpoint
    return endpoint


@MENDS.replaces(f"{_BACKEND}.send_task_success", "2e95c66f0d67")
def send_task_success(self: Foreign, task_token: str, outcome: str) -> None:  # noqa: ARG001
    """moto accepts a second answer and an output that is not JSON."""
    try:
        json.loads(outcome)
    except ValueError as error:
        raise api_error("InvalidOutput", f"Invalid Output: '{error}'") from error
    _answer(task_token, CallbackOutcomeSuccess(callback_id=task_token, output=outcome))


@MENDS.replaces(f"{_BACKEND}.send_task_failure", "2d5a9597cf1d")
def send_task_failure(
    self: Foreign,  # noqa: ARG001
    task_token: str,
    error: str | None = None,
    cause: str | None = None,
) -> None:
    """moto accepts a second answer."""
    _answer(task_token, CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause))


@MENDS.replaces(f"{_BACKEND}.send_task_heartbeat", "279ad79cd7a2")
def send_task_heartbeat(self: Foreign, task_token: str) -> None:  # noqa: ARG001
    """moto searches every execution for the token."""
    with _lock:
        endpoint = _open.get(task_token)
        known = endpoint is not None or task_token in _closed
    if endpoint is None:
        raise _refusal(known=known)
    endpoint.notify_heartbeat()


@MENDS.replaces("moto.stepfunctions.responses:StepFunctionResponse.send_task_failure", "f0fed5e80576")
def respond_send_task_failure(self: Foreign) -> Foreign:
    """moto drops the cause."""
    get = self._get_param
    self.stepfunction_backend.send_task_failure(get("taskToken"), error=get("error"), cause=get("cause"))
    return EmptyResult()
