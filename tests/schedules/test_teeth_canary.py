"""Mistakes with canaries that are made on purpose: the schedules must find each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.schedules.test_teeth import found
from tidegate.domain.pacing import pace
from tidegate.steps import pulse, pulsing, withdrawing
from tidegate.steps.canary_traffic import Returned

pytestmark = pytest.mark.thorough


def test_a_pulse_that_leaves_a_canary_alone_whose_execution_is_dead(monkeypatch: pytest.MonkeyPatch):
    assert "Violation" in found(monkeypatch, pulse, "is_abandoned", lambda *_: False)


def test_a_withdrawal_that_leaves_the_weights(monkeypatch: pytest.MonkeyPatch):
    def unchanged(ports: Any, scope: Any, canary: Any, fence: Any) -> Returned:
        return Returned(canary, changed=False, blocked=False, said="")

    assert "loses tasks while it has" in found(monkeypatch, withdrawing, "return_traffic", unchanged)


def test_a_withdrawal_that_leaves_the_scaling_held(monkeypatch: pytest.MonkeyPatch):
    assert "scales as" in found(monkeypatch, withdrawing, "given_back", lambda now, before: now)


def test_a_canary_that_goes_on_whatever_the_judge_says(monkeypatch: pytest.MonkeyPatch):
    def blind(settings: Any, now: Any) -> Any:
        return pace(settings, replace(now, verdict="promote"))

    assert "it is harmful" in found(monkeypatch, pulsing, "pace", blind)
