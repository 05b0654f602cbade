"""The kinds of faults, and what each asks of the local cloud for one state of one story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.faults import surprises
from tests.faults.reached import ANSWER, INVOKE, PREFIX, START, Reached

Fault = dict[str, Any]
Act = Literal["abort root", "abort nested", "let the event come first", "answer twice"]
Request = Callable[[str], list[Fault]]
"""From the text that tells a story's events to the faults to add."""

LONGEST_PAUSE = 60
PEOPLE = "approval_page"
"""The function through which people answer: an event of theirs comes twice when they press twice."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault at one state.

    Attributes:
        name: As cases and reports call it.
        recoverable: Whether the story must end as if nothing had happened.
        faults: What to add to the local cloud, for the story whose events contain a text; it has been brought
            about when one of them has happened.
        act: What the runner does when the fault has stopped something, or people do.
        anywhere: Whether a later scenario counts where the first that reaches the state does not have it.
        sweeps: Whether it is the sweep that must find what is wrong.
    """

    name: str
    recoverable: bool
    faults: Request
    act: Act | None = None
    anywhere: bool = False
    sweeps: bool = False


def kinds_of(state: Reached) -> list[Kind]:
    """Every kind of fault that applies to a state."""
    found = list(_requests(state))
    if state.function is not None:
        found += [*_functions(state), *_calls(state), *_waiting(state), *surprises_of(state)]
    return [*found, *_aborts(state)]


def _requests(state: Reached) -> Iterator[Kind]:
    """The request that the machine makes for its task."""
    service, action = INVOKE if state.function else START
    aim: Fault = {"service": service, "action": action, "state": state.full_state}
    yield from _throttles("request", aim)
    if state.function is None:
        yield Kind("request denied", False, _one(aim, kind="access_denied", times=None))
        # Step Functions takes a second start for the first only while that runs; of a part that has ended
        # meanwhile nobody learns the answer any more, so the release ends, on the safe side.
        # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        yield Kind("answer lost", False, _one(aim, kind="fail_after_effect"))


def _functions(state: Reached) -> Iterator[Kind]:
    aim: Fault = {"caller": f"{PREFIX}{state.function}", "state": state.full_state}
    yield Kind("function times out", True, _one(aim, kind="function_timeout"))
    yield Kind("function fails before", True, _one(aim, kind="function_crash", before=True))
    yield Kind("function fails after", True, _one(aim, kind="function_crash"))
    yield Kind("function invoked twice", True, _one(aim, kind="invoke_twice"))


def _calls(state: Reached) -> Iterator[Kind]:
    """The calls that the function makes."""
    if not state.calls:
        return
    aim: Fault = {"caller": f"{PREFIX}{state.function}", "state": state.full_state, "service": "*"}
    yield from _throttles("calls", aim)
    service, action = (*state.changes, *state.calls)[0]
    yield Kind(
        "calls denied", False, _one(aim, service=service, action=action, kind="access_denied", times=None)
    )
    for service, action in state.changes:
        name = f"answer of {service}:{action} lost"
        yield Kind(name, True, _one(aim, service=service, action=action, kind="fail_after_effect"))


def _throttles(what: str, aim: Fault) -> Iterator[Kind]:
    yield Kind(f"{what} throttled once", True, _one(aim, kind="throttle", times=1))
    yield Kind(f"{what} throttled twice", True, _one(aim, kind="throttle", times=2))
    yield Kind(f"{what} throttled for good", False, _one(aim, kind="throttle", times=None))


def _waiting(state: Reached) -> Iterator[Kind]:
    """What a state waits for comes not at all, twice, or before anybody waits."""
    if not state.wakers:
        return
    lost = [_lost(waker) for waker in state.wakers]
    yield Kind("event lost", True, _every(lost), anywhere=True, sweeps=True)
    doubled = [
        {"caller": f"{PREFIX}{waker}", "kind": "invoke_twice", "times": None} for waker in state.wakers
    ]
    twice: Act | None = "answer twice" if PEOPLE in state.wakers else None
    yield Kind("event doubled", True, _every(doubled), act=twice, anywhere=True)
    if state.waits:
        stop = {
            "kind": "pause",
            "before": True,
            "seconds": LONGEST_PAUSE,
            "state": state.full_state,
            "service": "dynamodb",
            "action": "TransactWriteItems",
            "match": {"TableName": "*Waits*"},
        }
        yield Kind("event early", True, _one(stop), act="let the event come first", anywhere=True)


def _lost(waker: str) -> Fault:
    """A function that events invoke never runs; of another, only its word to the machine is lost."""
    aim: Fault = {"caller": f"{PREFIX}{waker}"}
    if waker.startswith("receive_"):
        return {**aim, "kind": "function_crash", "before": True, "times": None}
    return {**aim, "service": "stepfunctions", "action": ANSWER, "kind": "access_denied", "times": 1}


def _aborts(state: Reached) -> Iterator[Kind]:
    """An execution is stopped while the state is at work: its function, or its child, goes on."""
    stop: Fault = {"kind": "pause", "seconds": LONGEST_PAUSE, "state": state.full_state}
    if state.function is None:
        service, action = START
        yield Kind("root aborted", False, _one(stop, service=service, action=action), act="abort root")
        return
    aim = {"caller": f"{PREFIX}{state.function}", **stop}
    # The function of a plan may write its release when the safety net has looked already and found none.
    outlives = state.is_root
    yield Kind("root aborted", False, _one(aim, before=True), act="abort root", sweeps=outlives)
    if not state.is_root:
        yield Kind("nested aborted", False, _one(aim), act="abort nested")


def surprises_of(state: Reached) -> list[Kind]:
    """What a dependency may answer that nobody expects."""
    aim: Fault = {"caller": f"{PREFIX}{state.function}", "state": state.full_state, "times": None}
    return [Kind(name, False, _one(aim, **fault)) for name, fault in surprises.of_calls(state.calls)]


def _one(aim: Fault, **more: Any) -> Request:
    return lambda about: [{**aim, **more, "about": about}]


def _every(faults: list[Fault]) -> Request:
    return lambda about: [{**fault, "about": about} for fault in faults]
