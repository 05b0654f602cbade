"""Mistakes with blue/green that are made on purpose: the schedules must find each of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schedules.test_teeth import found
from tidegate.steps import bake, continue_deployment

pytestmark = pytest.mark.thorough


def test_a_pause_that_is_answered_whatever_the_checks_say(monkeypatch: pytest.MonkeyPatch):
    decide = continue_deployment._decide

    def blind(command: Any, *given: Any) -> Any:
        return decide(command.model_copy(update={"outcome": "passed"}), *given)

    assert "though its checks fail" in found(monkeypatch, continue_deployment, "_decide", blind)


def test_a_bake_that_is_not_judged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bake, "_is_closing", lambda *_: False)
    assert "Violation" in found(monkeypatch, bake, "_judged", lambda ports, scope, canary, now: canary)
