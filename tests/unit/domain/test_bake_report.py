"""What is kept of a bake, and the picture of it."""

import xml.etree.ElementTree as ET
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.examples import at
from tidegate.domain.assembly import Measured
from tidegate.domain.bake import Bake, first_bake
from tidegate.domain.bake_report import document, picture
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.strategy import BakeRules

RULES = BakeRules(error_rate=0.01, minimum_requests=100)
SVG = "{http://www.w3.org/2000/svg}"


def canary(**more: Any) -> Canary:
    given = ("prod-1", "checkout-1", "checkout", "prod", 1, "arn:root", "checkout:2", "checkout:1", at(0))
    return Canary(*given, strategy="blue_green", shifted_at=at(60), **more)


def judged(errors: list[float], rules: BakeRules = RULES) -> tuple[Bake, list[JudgedPeriod]]:
    """Minutes of 600 requests with so many errors, judged one after the other."""
    bake, periods = first_bake(rules, "blue", "green", {}), []
    for minute, bad in enumerate(errors):
        began: datetime = at(60) + timedelta(minutes=minute)
        figures = {"errors": (600.0, bad, 0.0, 0.0)}
        if rules.slow_ms is not None:
            figures["slow"] = (600.0, 3.0, 0.0, 0.0)
        bake = bake.after(Measured(began, figures))
        state = bake.state
        periods.append(JudgedPeriod(began, 0, 100.0, figures, state.log_evidence, 0.0, state.verdict))
    return bake, periods


def words(drawn: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(drawn).iter(f"{SVG}text")]


def test_the_picture_shows_green_what_is_tolerated_the_evidence_and_where_it_ended():
    # Given
    bake, periods = judged([2, 3, 90, 80])

    # When
    drawn = picture(canary(decision="roll_back", reason="It is worse."), bake, periods)

    # Then
    shown = words(drawn)
    assert [each for each in shown if each.endswith((", %", "nats"))] == [
        "Errors, %",
        "Evidence of more than tolerated, nats",
    ]
    assert {"green", "tolerated", "of more", "roll back", "rolled back", "It is worse."} <= set(shown)
    assert "since 2026-11-23 12:01:00 UTC" in shown


def test_a_clean_bake_ends_nowhere_and_says_the_sentence_of_the_judge():
    bake, periods = judged([0, 1, 0])

    shown = " ".join(words(picture(canary(), bake, periods)))

    assert "rolled back" not in shown
    assert bake.state.sentence in shown


def test_slow_responses_have_a_panel_of_their_own():
    bake, periods = judged([0, 1], BakeRules(slow_ms=500, slow_rate=0.05))

    assert "Bad responses (slow), %" in words(picture(canary(), bake, periods))


@pytest.mark.parametrize("errors", [[], [5.0]])
def test_no_period_or_a_single_one_can_be_drawn(errors: list[float]):
    bake, periods = judged(errors)

    assert ET.fromstring(picture(canary(), bake, periods)).tag == f"{SVG}svg"


def test_a_day_of_minutes_stays_small_enough_for_a_page():
    bake, periods = judged([1.0] * 1440, BakeRules(slow_ms=500, slow_rate=0.05))

    assert len(picture(canary(), bake, periods).encode()) < 400_000


def test_the_evidence_has_the_limits_and_what_every_minute_came_to():
    bake, periods = judged([2, 90])

    found = document(canary(), bake, RULES, periods)

    assert found["limits"] == {"errors": 0.01}
    assert found["switched_at"] == at(60).isoformat()
    assert [each["errors"] for each in found["periods"]] == [[600.0, 2], [600.0, 90]]
    assert found["periods"][-1]["verdict"] == found["verdict"] == "roll_back"
