"""Mend: whatever a state waits for ends the moment its execution is stopped, timed out or abandoned.

moto marks a stopped execution, but a state that waits for a task, a token, a child or a retry goes on waiting
and the execution stays RUNNING for as long. Here every wait is an event that such a change sets.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from local.mends.language import ASL, COMMON, STATE, Component, Environment
from local.mends.patching import Foreign, Mends, load

MENDS = Mends()

_ENVIRONMENT = f"{ASL}.eval.environment:Environment"
_WAKERS = "_local_wakers"

EvalComponent = load(f"{ASL}.component.eval_component:EvalComponent")
RetrierOutcome = load(f"{COMMON}.retry.retrier_outcome:RetrierOutcome")
MaxAttemptsOutcome = load(f"{COMMON}.retry.max_attempts_decl:MaxAttemptsOutcome")


@contextmanager
def woken_by(env: Environment, event: threading.Event) -> Iterator[None]:
    """Set `event` as soon as the frame `env` stops running, whatever the reason."""
    wakers: list[threading.Event] = env.__dict__.setdefault(_WAKERS, [])
    wakers.append(event)
    try:
        if not env.is_running():
            event.set()
        yield
    finally:
        wakers.remove(event)


def sleep(env: Environment, seconds: float) -> None:
    """Sleep, but no longer than the frame runs."""
    if seconds <= 0:
        return
    event = threading.Event()
    with woken_by(env, event):
        event.wait(seconds)


def _wake(env: Environment) -> None:
    for event in list(env.__dict__.get(_WAKERS, ())):
        event.set()


@MENDS.wraps(f"{_ENVIRONMENT}.set_stop", "163c10d46b1c")
def set_stop(original: Foreign, env: Environment, *args: Foreign, **kwargs: Foreign) -> None:
    """moto only pulses an event that most waits do not look at."""
    original(env, *args, **kwargs)
    _wake(env)


@MENDS.wraps(f"{_ENVIRONMENT}.set_error", "6447409d4056")
def set_error(original: Foreign, env: Environment, *args: Foreign, **kwargs: Foreign) -> None:
    """moto only pulses an event that most waits do not look at."""
    original(env, *args, **kwargs)
    _wake(env)


@MENDS.wraps(f"{_ENVIRONMENT}.set_ended", "36f5a60b56c1")
def set_ended(original: Foreign, env: Environment, *args: Foreign, **kwargs: Foreign) -> None:
    """A frame is also ended when its state has given up on it, after a timeout for one."""
    original(env, *args, **kwargs)
    _wake(env)


@MENDS.wraps(f"{_ENVIRONMENT}.set_timed_out", "853b04bf9e6a")
def set_timed_out(original: Foreign, env: Environment, *args: Foreign, **kwargs: Foreign) -> None:
    """moto lets a timeout overwrite the outcome of a program that had just ended."""
    if env.is_running():
        original(env, *args, **kwargs)
    _wake(env)


@MENDS.replaces(f"{STATE}.wait.wait_function.wait_function:WaitFunction._wait_interval", "8f954dee8037")
def wait_interval(self: Component, env: Environment, wait_seconds: float) -> None:  # noqa: ARG001
    """moto rounds the time waited down and waits a second again where the clock ticked late."""
    sleep(env, wait_seconds)


@MENDS.replaces(f"{COMMON}.retry.retrier_decl:RetrierDecl._eval_body", "48463fff19ce")
def evaluate_retrier(self: Component, env: Environment) -> None:
    """moto sleeps between attempts whatever happens to the execution meanwhile."""
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for part in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        part.eval(env=env)
    sleep(env, env.stack.pop())
    env.stack.append(RetrierOutcome.Executed)


@MENDS.replaces(f"{ASL}.component.program.program:Program.eval", "6d701880064a")
def evaluate_program(self: Component, env: Environment) -> None:
    """moto reports a timed-out program as ended while its last state is still at work."""
    seconds = self.timeout_seconds.timeout_seconds if self.timeout_seconds else None
    env.next_state_name = self.start_at.start_at_name
    if seconds is None:
        EvalComponent.eval(self, env)
        return
    thread = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    thread.start()
    thread.join(timeout=seconds)
    if thread.is_alive():
        env.set_timed_out()
        thread.join()
