"""Whatever comes as an event ends in a plain answer or one clear sentence, and starts nothing else."""

from __future__ import annotations

import importlib
import json
import re
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import at, digest, event, registered, running, wait
from tidegate import entrypoint
from tidegate.entrypoint import step
from tidegate.errors import Terminal, Transient

RECEIVERS = {
    "receive_push": ["ecr_image_push"],
    "receive_put_image": ["cloudtrail_put_image"],
    "receive_scan": ["ecr_image_scan", "inspector2_scan"],
    "receive_ecs_event": ["ecs_deployment_completed", "ecs_hook_awaiting_action", "ecs_task_stopped"],
    "receive_alarm": ["cloudwatch_alarm"],
    "receive_failed_execution": ["execution_aborted"],
}
CASES = [(receiver, example) for receiver, examples in RECEIVERS.items() for example in examples]
LONGEST_SENTENCE = 1_000
HUGE = "x" * 240_000  # an event may have 256 KB
MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{% $states.context.Task.Token %}",
    "{{ 7 * 7 }}{% for x in ().__class__.__mro__ %}",
    "\x1b]0;owned\x07\x1b[2J",
    "a\r\nSubject: forged\r\n\r\nbody",
    "сheckout",  # noqa: RUF001 - a Cyrillic letter is meant
    "\ud800",
    "../../etc/passwd",
    "checkout#PROD",
    "${jndi:ldap://127.0.0.1/x}",
    "a\u202egpj.exe",
    "",
    " ",
    HUGE,
]
ODD = [None, True, 0, -1, 1e308, [], {}, [[[]]], {"value": {}}, ["ALARM"], *MARKUP]


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> FakePorts:
    """A service that runs, with somebody waiting for each thing that an example tells of."""
    fakes = registered(fake_ports())
    fakes.registry.push("checkout", "1.4.0", digest("a"), at(0))
    running(fakes)
    wait(fakes, "scan/checkout@sha256:" + "1a2b3c4d" * 8, "release-1")
    monkeypatch.setattr("tidegate.bootstrap.ports", lambda: fakes)
    return fakes


def handler_of(receiver: str) -> Any:
    module = importlib.import_module(f"tidegate.steps.{receiver}")
    return step(module.Command, module.run)


def answer(receiver: str, given: Any) -> str:
    """What a receiver says: a word for its result, or its sentence."""
    try:
        result = handler_of(receiver)(given, None)
    except (Terminal, Transient) as error:
        return f"refused: {error}"
    assert json.loads(json.dumps(result)) == result
    return "ignored" if result.get("ignored") else "done"


def hold(said: str, ports: FakePorts) -> None:
    """What must hold after any event whatever."""
    assert len(said) <= LONGEST_SENTENCE, said[:200]
    for name in ports.machines.executions:
        assert re.fullmatch(r"arn:aws:states:us-east-1:123456789012:execution:tidegate-\w+:[\w.-]+", name)
    for call in ports.machines.called("start"):
        assert call.arguments[0] in {"normal_deployment", "rollback"}
    assert not ports.notifier.asked


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value of an event."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, each in inner for place in places(each, (*at, key)))]


def replaced(given: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    key, *rest = place
    copy = dict(given) if isinstance(given, dict) else list(given)
    copy[key] = replaced(copy[key], tuple(rest), value)
    return copy


def without(given: Any, place: tuple[Any, ...]) -> Any:
    key, *rest = place
    copy = dict(given) if isinstance(given, dict) else list(given)
    if rest:
        copy[key] = without(copy[key], tuple(rest))
    else:
        del copy[key]
    return copy


@pytest.mark.parametrize(("receiver", "example"), CASES)
def test_an_event_with_anything_in_any_place_is_ignored_or_refused_in_a_sentence(
    receiver: str, example: str, ports: FakePorts
):
    # Given
    known = event(example)

    # When each value in turn is something else
    for place in places(known)[1:]:
        for odd in ODD:
            said = answer(receiver, replaced(known, place, odd))

            # Then
            hold(said, ports)
            assert "broke" not in said, (place, odd, said)


@pytest.mark.parametrize(("receiver", "example"), CASES)
def test_an_event_without_any_of_its_fields_is_ignored_or_refused_in_a_sentence(
    receiver: str, example: str, ports: FakePorts
):
    # Given
    known = event(example)

    # When
    for place in places(known)[1:]:
        said = answer(receiver, without(known, place))

        # Then
        hold(said, ports)
        assert "broke" not in said, (place, said)


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize(
    "given", [None, [], "", 0, {}, {"detail": None}, [{}], HUGE, {"id": "x", "time": "soon"}]
)
def test_what_is_no_event_is_refused_in_a_sentence(receiver: str, given: Any, ports: FakePorts):
    # When
    said = answer(receiver, given)

    # Then
    hold(said, ports)
    assert said.startswith(f"refused: {receiver}: ")
    assert ports.machines.called("start") == []


@pytest.mark.parametrize(("receiver", "example"), CASES)
def test_an_event_of_absurd_depth_and_size_is_read_like_any_other(
    receiver: str, example: str, ports: FakePorts
):
    # Given
    deep: Any = "end"
    for _ in range(200):
        deep = {"more": [deep]}
    known = event(example)
    known["detail"] |= {"added": deep, "list": list(range(20_000)), "text": HUGE[:100_000]}

    # Then
    plain, padded = answer(receiver, event(example)), answer(receiver, known)
    assert padded.split(":")[0] in {plain.split(":")[0], "ignored"}
    hold(padded, ports)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(("receiver", "example"), CASES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_json_breaks_a_receiver(receiver: str, example: str, data: st.DataObject, ports: FakePorts):
    # Given several values of an event that are anything
    changed = event(example)
    for place in data.draw(st.lists(st.sampled_from(places(changed)[1:]), min_size=1, max_size=3)):
        try:
            changed = replaced(changed, place, data.draw(JSON))
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # an earlier change has taken the place away

    # When
    said = answer(receiver, changed)

    # Then
    hold(said, ports)
    assert "broke" not in said, said


@pytest.mark.parametrize("text", MARKUP)
def test_a_log_line_is_one_line_of_ascii_whatever_an_event_says(
    text: str, ports: FakePorts, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    # Given
    import sys

    class Out:
        def write(self, written: str) -> int:
            return sys.stdout.write(written)

        def flush(self) -> None:
            sys.stdout.flush()

    for handler in entrypoint.logger.registered_handler, *entrypoint.logger.handlers:
        monkeypatch.setattr(handler, "stream", Out(), raising=False)
    given = {**event("execution_aborted", status=text), "release": text, "service": text, "environment": text}
    given["time"] = text

    # When
    answer("receive_failed_execution", given)

    # Then
    lines = [line for line in capfd.readouterr().out.splitlines() if line]
    assert lines
    for line in lines:
        assert isinstance(json.loads(line), dict)
        assert set(line) <= set(string.printable) - set("\r\n\t\x0b\x0c")
        assert len(line) < 5_000
