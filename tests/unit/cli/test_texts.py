"""Text on a terminal: escaped, short, in the right words."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.exits import Exit, exit_of
from cli.stages import STAGES, stage_of
from cli.text import duration, seconds_of, shown, shown_lines
from cli.timeline import happening
from tests.statemachines.machines import load_all
from tests.unit.examples import digest
from tidegate.domain.outcome import Outcome


@given(st.text())
def test_nothing_that_is_shown_acts_upon_a_terminal(text: str):
    said = shown(text)
    assert all(each.isprintable() or unicodedata.category(each) == "Zs" for each in said)
    assert said.encode().decode() == said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text ✓ 東京", "plain text ✓ 東京"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("\x9b", "\\x9b"),
        ("\u202e\u200b\u2028", "\\u202e\\u200b\\u2028"),
        ("\udc80", "\\udc80"),
        ("\U000e0041", "\\U000e0041"),
        (None, "None"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, expected: str):
    assert shown(text) == expected


def test_a_text_of_several_lines_keeps_them():
    assert shown_lines("a\nb\x1b") == ["a", "b\\x1b"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("1d", 86_400),
        ("", None),
        ("-1s", None),
        ("1w", None),
    ],
)
def test_durations_are_read(text: str, seconds):
    assert seconds_of(text) == seconds


def test_durations_are_written_in_their_two_largest_units():
    assert [duration(each) for each in (0, 59.6, 3725, 90_000)] == ["0 s", "1 min", "1 h 2 min", "1 d 1 h"]


def test_every_outcome_has_an_exit_code_of_its_own():
    codes = [exit_of(outcome) for outcome in Outcome]
    assert len(set(codes)) == len(Outcome)
    assert exit_of("succeeded") == 0
    assert exit_of("something new") is Exit.FAILED


# --- the timeline -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "entry", "expected"),
    [
        (
            "release.created",
            {"trigger": "push", "images": {"app": f"checkout:1@{digest('a')}"}},
            "created (push) from checkout:1@sha256:aaaaaaaaaaaa",
        ),
        (
            "release.created",
            {"trigger": "operator", "requested_by": "ana", "images": {}, "reason": "Again."},
            "created (operator by ana) from nothing: Again.",
        ),
        ("release.started", {"attempt": 2, "environments": ["dev", "prod"]}, "attempt 2 started: dev → prod"),
        ("scan.blocked", {"reason": "1 CRITICAL."}, "scan blocked: 1 CRITICAL."),
        (
            "approval.requested",
            {"asked": ["a", "b"], "expires_at": "2026-11-23T12:00:00.000000Z"},
            "approval asked of a, b, until 2026-11-23 12:00 UTC",
        ),
        ("approval.rejected", {"by": "a", "comment": "No."}, "approval rejected by a: No."),
        ("approval.expired", {}, "approval expired"),
        (
            "deployment.progress",
            {"running": 1, "requested": 4, "failed": 2, "status": "IN_PROGRESS"},
            "1 of 4 tasks run, 2 failed (in progress)",
        ),
        (
            "deployment.succeeded",
            {"checks": [{"name": "a", "status": "passed"}, {"name": "b", "status": "not_run"}]},
            "deployment succeeded, 1 checks passed, b not run",
        ),
        ("deployment.rolled_back", {"reason": "Unhealthy."}, "deployment rolled back: Unhealthy."),
        (
            "operator.lift_quarantine",
            {
                "action": "lift_quarantine",
                "digest": digest("a"),
                "requested_by": "ana",
                "outcome": "succeeded",
            },
            "lift quarantine sha256:aaaaaaaaaaaa asked for by ana, succeeded",
        ),
        ("rollback.started", {"requested_by": "ana", "reason": "Slow."}, "rollback started by ana: Slow."),
        ("release.failed", {"reason": "It broke."}, "release failed: It broke."),
        ("weather.turned", {"reason": "Rain."}, "turned: Rain."),
        ("odd", {}, "odd"),
        ("odd", None, "odd"),
    ],
)
def test_an_entry_of_the_journal_is_a_line(kind, entry, expected: str):
    line = {"at": "2026-11-23T12:00:00.000000Z", "kind": kind, "key": "k", "entry": entry}
    assert happening(line).what == expected


# --- where a release is -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["normal_deployment", "deploy"])
def test_every_task_of_a_release_is_a_stage(name: str):
    machine = next(each for each in load_all() if each.name == name)
    assert {state for state, _ in machine.tasks()} <= set(STAGES)


def test_every_stage_is_a_task():
    tasks = {state for each in load_all() if each.storey == "use case" for state, _ in each.tasks()}
    assert set(STAGES) <= tasks


@pytest.mark.parametrize(
    ("entered", "text", "environment"),
    [
        ([], "starting", None),
        (["Plan release", "Planned?"], "planning", None),
        (["Plan release", "Scan gate", "Scanned?", "Next environment?"], "scanning", None),
        (["Scan gate", "Approval needed?", "Approve"], "waiting for approval", "dev"),
        (["Approve", "Enter environment"], "entering", "dev"),
        (["Approve", "Enter environment", "Entered?", "Approve", "Enter environment"], "entering", "dev"),
        (["Enter environment", "Leave environment", "Enter environment"], "entering", "prod"),
        (["Enter environment", "Leave environment", "Soak", "Soaked?"], "soaking", "dev"),
        (
            ["Enter environment", "Leave environment", "Soak", "Approve", "Enter environment"],
            "entering",
            "prod",
        ),
        (["Enter environment", "Deploy", "Something new"], "deploying", "dev"),
        (["Enter environment", "Leave environment"] * 9, "recording", None),
        (["Enter environment", "Conclude"], "writing the record", "dev"),
    ],
)
def test_the_states_that_were_entered_say_where_a_release_is(entered, text, environment):
    stage = stage_of(entered, ("dev", "prod"))
    assert (stage.text, stage.environment) == (text, environment)


def test_the_way_only_gets_shorter():
    # Given
    each = ["Approve", "Enter environment", "Deploy", "Verify", "Leave environment", "Soak"]
    way = ["Plan release", "Scan gate", *each, *each, "Conclude"]

    # When
    shares = [stage_of(way[:at], ("dev", "prod")).share for at in range(len(way) + 1)]

    # Then
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
