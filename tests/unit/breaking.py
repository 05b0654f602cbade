"""Break a step at every call that it makes, and look whether trying again ends as if nothing had happened.

A call breaks before it does anything, or after: then only its answer was lost. The state of all fakes is
compared with that after an undisturbed run; times and the salts of minted ids may differ, nothing else.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import fields
from typing import Any

from tests.support.fakes import Fake
from tests.support.ports import FakePorts
from tidegate.errors import Terminal, Transient

Run = Callable[[], dict[str, Any]]
Make = Callable[[], tuple[FakePorts, Run]]
Called = tuple[str, str]

FORGIVEN: frozenset[Called] = frozenset({("notifier", "publish"), ("notifier", "ask_approver")})
"""Calls whose failure stops no step: what they do is given up after a second try."""
_OF_ONE_TRY = (
    (re.compile(r"datetime\.datetime\([^)]*\)"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:]+(\.\d+)?(Z|\+00:00)"), "<time>"),
    (re.compile(r"\d{8}T\d{6}Z-00000[0-9a-f]"), "<minted>"),
    (re.compile(r"'value': [\d.]+, 'unit': 'Seconds'"), "<duration>"),
    (re.compile(r"\bversion=\d+"), "version=<count>"),  # of a record, which counts how often it was stored
)


def fakes_of(ports: FakePorts) -> Iterator[tuple[str, Fake]]:
    for field in fields(ports):
        fake = getattr(ports, field.name)
        if isinstance(fake, Fake) and field.name != "clock":
            yield field.name, fake


def plain(value: object) -> str:
    """Any value as text, without what differs between tries: times, minted ids, order of writing."""
    if isinstance(value, dict):
        return "\n".join(sorted(f"{plain(key)}: {plain(item)}" for key, item in value.items()))
    text = repr(value)
    for pattern, instead in _OF_ONE_TRY:
        text = pattern.sub(instead, text)
    return text


def world(ports: FakePorts) -> dict[str, str]:
    """What every fake holds. A mail may be sent twice, never not at all."""
    held = {
        f"{name}.{attribute}": value
        for name, fake in fakes_of(ports)
        for attribute, value in vars(fake).items()
        if attribute != "calls" and not attribute.startswith("_") and not callable(value)
    }
    held["notifier.messages"] = sorted({plain(each) for each in ports.notifier.messages})
    held["notifier.asked"] = sorted({plain(each) for each in ports.notifier.asked})
    held["intake.claims"] = {
        key: claim for key, claim in ports.intake.claims.items() if not key.endswith("/tried")
    }
    return {name: plain(value) for name, value in held.items()}


class Breaker:
    """Counts the calls of all ports, not what a fake asks of itself, and lets one of them break."""

    def __init__(self, ports: FakePorts) -> None:
        self.made: list[Called] = []
        self.inside = False
        self.at = -1
        self.after = False
        self.error: Exception = Transient("throttled")
        for name, fake in fakes_of(ports):
            for method in {each for each in dir(type(fake)) if not each.startswith("_")}:
                call = getattr(fake, method)
                if callable(call):
                    setattr(fake, method, self._counted((name, method), call))

    def _counted(self, called: Called, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            if self.inside:
                return call(*arguments, **options)
            self.made.append(called)
            breaks = len(self.made) - 1 == self.at
            if breaks and not self.after:
                raise self.error
            self.inside = True
            try:
                result = call(*arguments, **options)
            finally:
                self.inside = False
            if breaks:
                raise self.error
            return result

        return counted


def check_repeatable(make: Make, *, forgiven: Collection[Called] = FORGIVEN) -> None:
    """Run a step twice, and once more for every way in which one of its calls can break.

    Args:
        make: Sets the stage anew, and returns its ports and a call of the step.
        forgiven: Calls that may break without stopping the step.
    """
    ports, run = make()
    breaker = Breaker(ports)
    expected, calls = run(), list(breaker.made)
    ended = world(ports)
    assert calls, "the step asked nothing of the world"
    ports.clock.advance(1)
    assert plain(run()) == plain(expected), "a second run says something else"
    assert world(ports) == ended, "a second run changed something"
    for number, called in enumerate(calls):
        for after in (False, True):
            for error in (Transient("throttled"), Terminal("access denied")):
                _break(make, number, called, after, error, plain(expected), ended, called in forgiven)


def _break(
    make: Make,
    number: int,
    called: Called,
    after: bool,
    error: Exception,
    expected: str,
    ended: dict[str, str],
    is_forgiven: bool,
) -> None:
    where = f"{type(error).__name__} {'after' if after else 'in'} call {number}, {'.'.join(called)}"
    ports, run = make()
    breaker = Breaker(ports)
    breaker.at, breaker.after, breaker.error = number, after, error
    raised = _raised(run)
    if raised is None:
        assert is_forgiven, f"{where} went unnoticed"
        return
    assert (type(raised), str(raised)) == (type(error), str(error)), f"{where}: {raised!r}"
    ports.clock.advance(1)
    assert plain(run()) == expected, f"{where}: the next try says something else"
    now = world(ports)
    differs = {name: (now[name], ended[name]) for name in ended if now[name] != ended[name]}
    assert not differs, f"{where}: the next try left something else: {differs}"


def _raised(run: Run) -> Exception | None:
    try:
        run()
    except (Transient, Terminal) as error:
        return error
    return None
