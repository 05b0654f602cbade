"""What a call or an invocation goes back to: the state of an execution, and the event that set it off.

A function's SDK sends the trace id of its invocation with every call, in the header `X-Amzn-Trace-Id`, which
Lambda gives it in `_X_AMZN_TRACE_ID`:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html. State machines send a key of ours.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

HEADER = "X-Tidegate-Origin"
TRACE_HEADER = "X-Amzn-Trace-Id"
MOST_KEPT = 20_000
_ROOT = re.compile(r"\bRoot=([^;]+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """What something goes back to.

    Attributes:
        state: `<machine>/<name of the state>`; empty where no state machine is behind it.
        execution: ARN of the execution that was in this state.
        text: The event that a function was given, and the input of the execution.
    """

    state: str = ""
    execution: str = ""
    text: str = ""


NOWHERE = Origin()

_current = threading.local()
_known: OrderedDict[str, Origin] = OrderedDict()
_lock = threading.Lock()


def current() -> Origin:
    """What this thread works for."""
    found: Origin = getattr(_current, "origin", NOWHERE)
    return found


@contextlib.contextmanager
def acting(origin: Origin) -> Iterator[None]:
    """Let everything that is done in this thread go back to `origin`."""
    before = current()
    _current.origin = origin
    try:
        yield
    finally:
        _current.origin = before


def of_task(state: str, execution: str, text: str) -> Origin:
    """A task of an execution: machine and state are told apart by the execution's ARN."""
    machine = execution.split(":")[6] if execution.count(":") >= 7 else ""
    return Origin(f"{machine}/{state}", execution, f"{execution} {text}")


def of_invocation(trace_id: str, payload: bytes) -> Origin:
    """An invocation that begins in this thread; calls with its trace id go back to it from now on."""
    task = current()
    text = f"{payload.decode('utf-8', 'replace')} {task.text}"
    origin = Origin(task.state, task.execution, text)
    _remember(_root_of(trace_id), origin)
    return origin


def of_request(headers: Mapping[str, Any]) -> Origin:
    """What the sender of a request works for."""
    key = headers.get(HEADER) or _root_of(unquote(str(headers.get(TRACE_HEADER) or "")))
    return _known.get(str(key), NOWHERE) if key else NOWHERE


def tell(headers: dict[str, str]) -> None:
    """Say in the headers of a request what this thread works for."""
    origin = current()
    if origin is not NOWHERE:
        key = secrets.token_hex(8)
        _remember(key, origin)
        headers[HEADER] = key


def _remember(key: str, origin: Origin) -> None:
    with _lock:
        _known[key] = origin
        if len(_known) > MOST_KEPT:
            _known.popitem(last=False)


def _root_of(trace_id: str) -> str:
    found = _ROOT.search(trace_id)
    return found[1] if found else ""
