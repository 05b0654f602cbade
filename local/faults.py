"""Faults that somebody asked for: error responses of AWS APIs, and failures of functions."""

from __future__ import annotations

import itertools
import re
import threading
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from local.origins import NOWHERE, Origin

CallKind = Literal["throttle", "access_denied", "error", "timeout", "fail_after_effect", "pause", "surprise"]
InvocationKind = Literal["function_timeout", "function_crash", "invoke_twice", "pause"]
FUNCTION_KINDS = frozenset(get_args(InvocationKind))
CALL_KINDS = frozenset(get_args(CallKind))
ANYWHERE = "*"
MOST_EXECUTIONS = 20


@dataclass
class Fault:
    """One fault to inject.

    Attributes:
        kind: What goes wrong. `fail_after_effect` carries the call out and then answers with an error;
            `timeout` stays silent for `seconds` and closes the connection without an answer.
            `function_timeout` and `function_crash` lose the result of a run that has taken effect, unless
            `before` is set; `invoke_twice` hands the same event to the function twice. `pause` stops a call
            that names a service, or an invocation, after its effect or before it, until the fault is removed,
            but no longer than `seconds`. `surprise` carries a call out and rewrites its answer.
        caller: Function or state machine name, or a pattern with `*`. For a fault of an invocation, the
            function that is invoked.
        service: SDK name of the service, or `*`.
        action: API action, or `*`.
        times: How often; None for until it is deleted.
        match: Request parameters that must have these values (patterns with `*`).
        about: Text that is in the event which a function was given, or in the input or the ARN of the
            execution behind it; empty for any. So a fault hits one story of many.
        state: `<machine>/<name of the state>` from whose task the call or the invocation comes, or a pattern.
        rewrite: Of a `surprise`: a regular expression, and what takes the place of all it finds.
        status: Of a `surprise`: the HTTP status of the answer, where it is to be another one.
        seconds: How long a `timeout` stays silent and a `pause` lasts at most.
        before: Whether a function fails before it runs instead of after.
        id: Given by the registry.
        injected: How often it has happened.
        executions: ARNs of the executions in whose states it has happened, the first ones.
    """

    kind: str
    caller: str = "*"
    service: str = "*"
    action: str = "*"
    times: int | None = 1
    match: dict[str, Any] = field(default_factory=dict)
    about: str = ""
    state: str = ANYWHERE
    rewrite: list[str] | None = None
    status: int | None = None
    seconds: float = 1.0
    before: bool = False
    id: int = 0
    injected: int = 0
    executions: list[str] = field(default_factory=list)

    def strikes(self, origin: Origin) -> bool:
        """Whether this is about what goes back to `origin`."""
        return self.about in origin.text and fnmatchcase(origin.state, self.state)

    def happened(self, origin: Origin) -> None:
        """Count it."""
        self.injected += 1
        if origin.execution and len(self.executions) < MOST_EXECUTIONS:
            self.executions.append(origin.execution)

    def public(self) -> dict[str, Any]:
        """The fault as JSON."""
        return asdict(self)


class BadFaultError(ValueError):
    """The description of a fault makes no sense; the message names the field."""


class Faults:
    """The faults that are waiting to happen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._every: dict[int, Fault] = {}
        self._gone: dict[int, threading.Event] = {}
        self._ids = itertools.count(1)

    def add(self, description: dict[str, Any]) -> Fault:
        """Take in a fault.

        Raises:
            BadFaultError: Unknown field, kind, or a wrong type.
        """
        allowed = set(Fault.__dataclass_fields__) - {"id", "injected", "executions"}
        if unknown := set(description) - allowed:
            raise BadFaultError(f"unknown field {min(unknown)!r}; there are {', '.join(sorted(allowed))}")
        kind = description.get("kind")
        if kind not in FUNCTION_KINDS | CALL_KINDS:
            raise BadFaultError(f"kind {kind!r} is none of {', '.join(sorted(FUNCTION_KINDS | CALL_KINDS))}")
        times = description.get("times", 1)
        if times is not None and (not isinstance(times, int) or times < 1):
            raise BadFaultError("times must be a whole number from 1, or null for always")
        if not isinstance(description.get("match", {}), dict):
            raise BadFaultError("match must be an object of request parameters")
        if kind == "surprise":
            _check_rewrite(description.get("rewrite"))
        fault = Fault(**{**description, "id": next(self._ids)})
        with self._lock:
            self._faults.append(fault)
            self._every[fault.id] = fault
            self._gone[fault.id] = threading.Event()
        return fault

    def get(self, number: int) -> Fault | None:
        """A fault by its id, also one that cannot happen any more."""
        return self._every.get(number)

    def remove(self, number: int) -> Fault | None:
        """Let a fault happen no more, and whatever it has stopped go on; returns it."""
        with self._lock:
            self._faults = [fault for fault in self._faults if fault.id != number]
        if number in self._gone:
            self._gone[number].set()
        return self._every.get(number)

    def pause(self, fault: Fault) -> None:
        """Wait until the fault is removed, or its time is up."""
        self._gone[fault.id].wait(fault.seconds)

    def listed(self) -> list[dict[str, Any]]:
        """All faults that can still happen."""
        with self._lock:
            return [fault.public() for fault in self._faults]

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()
            self._every.clear()
            gates = list(self._gone.values())
        for gate in gates:
            gate.set()

    def for_call(
        self, caller: str, service: str, action: str, ask: Any, origin: Origin = NOWHERE
    ) -> Fault | None:
        """The fault that this API call meets, if any; it counts as having happened.

        Args:
            caller: Who calls.
            service: SDK name.
            action: API action.
            ask: Function from a parameter's name to its value.
            origin: What the call goes back to.
        """
        if not self._faults:
            return None
        return self._first(
            lambda fault: (
                fault.kind in CALL_KINDS
                and (fault.kind != "pause" or fault.service != ANYWHERE)
                and fault.strikes(origin)
                and fnmatchcase(caller, fault.caller)
                and fnmatchcase(service, fault.service)
                and fnmatchcase(action, fault.action)
                and all(_value_matches(ask(name), wanted) for name, wanted in fault.match.items())
            ),
            origin,
        )

    def for_invocation(self, function: str, origin: Origin = NOWHERE) -> Fault | None:
        """The fault that this run of a function meets, if any."""
        if not self._faults:
            return None
        return self._first(
            lambda fault: (
                fault.kind in FUNCTION_KINDS
                and (fault.kind != "pause" or fault.service == ANYWHERE)
                and fault.strikes(origin)
                and fnmatchcase(function, fault.caller)
            ),
            origin,
        )

    def _first(self, fits: Any, origin: Origin) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fits(fault):
                    fault.happened(origin)
                    if fault.times is not None and fault.injected >= fault.times:
                        self._faults.remove(fault)
                    return fault
        return None


_faults = Faults()

add = _faults.add
listed = _faults.listed
get = _faults.get
remove = _faults.remove
pause = _faults.pause
clear = _faults.clear
for_call = _faults.for_call
for_invocation = _faults.for_invocation


def _check_rewrite(rewrite: Any) -> None:
    """A pattern and a text.

    Raises:
        BadFaultError: They are none.
    """
    try:
        pattern, instead = rewrite
        re.compile(pattern)
    except (TypeError, ValueError, re.error) as error:
        raise BadFaultError(f"rewrite must be a regular expression and a text: {error}") from error
    if not isinstance(instead, str):
        raise BadFaultError("rewrite must be a regular expression and a text")


def _value_matches(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, list) and not isinstance(wanted, list):
        return any(_value_matches(one, wanted) for one in actual)
    if isinstance(wanted, str) and isinstance(actual, str):
        return fnmatchcase(actual, wanted)
    return bool(actual == wanted)
