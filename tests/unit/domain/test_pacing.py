"""Whether a step is over, and what follows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.canary_world import settings
from tidegate.domain.pacing import Standing, pace
from tidegate.domain.strategy import CanaryStep

STEPS = (CanaryStep(5.0, 300, 1800), CanaryStep(50.0, 300, 1800))
LAST = len(STEPS) - 1
NOW = Standing(0, "continue", "Undecided.", fresh=True, in_step=600, in_all=700)
STRATEGY = settings(steps=STEPS)

standings = st.builds(
    Standing,
    step=st.integers(0, LAST),
    verdict=st.sampled_from(["continue", "hold", "promote", "roll_back"]),
    sentence=st.just("Judged."),
    fresh=st.booleans(),
    in_step=st.floats(0, 5000),
    in_all=st.floats(0, 100_000),
    can_ask=st.booleans(),
    accepted=st.booleans(),
)
policies = st.sampled_from(["wait", "ask", "return"])


def move(policy: str = "return", **more) -> str:
    return pace(settings(steps=STEPS, when_inconclusive=policy), replace(NOW, **more)).move


def test_a_step_ends_early_when_harm_is_refuted_but_not_before_its_minimum():
    assert move(verdict="promote", in_step=299) == "wait"
    assert move(verdict="promote", in_step=300) == "next"
    assert move(verdict="promote", in_step=300, step=LAST) == "promote"


def test_an_undecided_step_ends_at_its_maximum():
    assert move(in_step=1799) == "wait"
    assert move(in_step=1800) == "next"
    assert move(in_step=1800, step=LAST) == "promote"


def test_a_step_whose_maximum_is_its_minimum_does_not_end_before():
    strategy = settings(steps=(CanaryStep(5.0, 600, 600),))
    assert pace(strategy, replace(NOW, in_step=599)).move == "wait"
    assert pace(strategy, replace(NOW, in_step=600)).move == "promote"


@pytest.mark.parametrize(
    ("policy", "can_ask", "expected"),
    [
        ("wait", True, "wait"),
        ("ask", True, "ask"),
        ("ask", False, "roll_back"),
        ("return", True, "roll_back"),
    ],
)
@pytest.mark.parametrize(
    "unknown", [{"verdict": "hold"}, {"fresh": False}, {"verdict": "promote", "fresh": False}]
)
def test_what_allows_no_conclusion_at_the_maximum_is_for_the_manifest(
    policy: str, can_ask: bool, expected: str, unknown: dict
):
    assert move(policy, in_step=1799, can_ask=can_ask, **unknown) == "wait"
    assert move(policy, in_step=1800, can_ask=can_ask, **unknown) == expected


def test_what_people_accepted_goes_on():
    assert move("ask", verdict="hold", in_step=1800, accepted=True) == "next"
    assert move("ask", verdict="hold", in_step=1800, accepted=True, step=LAST) == "promote"


def test_proven_harm_returns_the_canary_at_once():
    found = pace(STRATEGY, replace(NOW, verdict="roll_back", in_step=0))
    assert (found.move, found.evidence, found.reason) == ("roll_back", "judge", "Undecided.")


@pytest.mark.parametrize(
    ("longest", "words"),
    [(86_400, "24 hours"), (3600, "an hour"), (5400, "1.5 hours"), (300, "5 minutes"), (30, "30 s")],
)
def test_a_canary_that_takes_too_long_is_returned_without_evidence(longest: int, words: str):
    strategy = settings(steps=STEPS, longest_seconds=longest)
    found = pace(strategy, replace(NOW, in_all=longest))
    assert (found.move, found.evidence) == ("roll_back", None)
    assert found.reason.startswith(f"It took longer than {words}")


def test_the_reason_names_the_step_and_who_could_have_been_asked():
    found = pace(settings(steps=STEPS, when_inconclusive="ask"), replace(NOW, verdict="hold", in_step=1800))
    assert found.reason == (
        "The 5 % step is over without a conclusion. Undecided. "
        "There is nobody to ask: the environment has no approval rule."
    )


@given(standings, policies)
def test_no_step_ends_before_its_minimum_nor_on_what_is_unknown(now: Standing, policy: str):
    # When
    found = pace(settings(steps=STEPS, when_inconclusive=policy), now)

    # Then
    if found.move in ("next", "promote"):
        assert now.in_step >= STEPS[now.step].minimum_seconds
        assert now.verdict != "roll_back"
        assert (now.fresh and now.verdict in ("continue", "promote")) or now.accepted
        assert now.in_step >= STEPS[now.step].maximum_seconds or now.verdict == "promote" or now.accepted
        assert (found.move == "promote") == (now.step == LAST)
    if found.move == "ask":
        assert (policy, now.can_ask) == ("ask", True)
        assert now.in_step >= STEPS[now.step].maximum_seconds
    assert (found.evidence == "judge") == (now.verdict == "roll_back")


@given(standings, policies)
def test_harm_and_time_end_every_canary(now: Standing, policy: str):
    found = pace(settings(steps=STEPS, when_inconclusive=policy), now)
    if now.verdict == "roll_back" or now.in_all >= 86_400:
        assert found.move == "roll_back"
