"""Mistakes that are made on purpose: the schedules must find each of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schedules.running import run
from tests.support.fakes import FakeLocks
from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.lock import Lock
from tidegate.steps import (
    close_approval,
    mint,
    planning,
    prepare_environment,
    receive_failed_execution,
    sweep,
)

pytestmark = pytest.mark.thorough

EXAMPLES, SEED = 400, 3


def found(monkeypatch: pytest.MonkeyPatch, *mistake: Any) -> str:
    """What the schedules say of a mistake: the attribute of a module that is something else."""
    monkeypatch.setattr(*mistake)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it was noticed
        run(EXAMPLES, SEED, shorten=False)
    return f"{caught.type.__name__}: {caught.value}"


def test_a_lock_that_everybody_gets(monkeypatch: pytest.MonkeyPatch):
    def acquire(
        self: FakeLocks, service: str, environment: str, *, owner: str, release: str, at: Any
    ) -> Lock:
        return self._give(service, environment, owner, release, at)

    assert "Violation" in found(monkeypatch, FakeLocks, "acquire", acquire)


def test_a_sweep_that_does_nothing(monkeypatch: pytest.MonkeyPatch):
    nothing = {"found": {}, "services": 0}
    assert "Violation" in found(monkeypatch, sweep, "run", lambda command, ports: nothing)


def test_a_safety_net_that_does_nothing_and_a_sweep_without_eyes_for_locks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sweep, "_lock", lambda *_: None)
    monkeypatch.setattr(sweep, "mend_release", lambda *_: None)
    ignored = {"ignored": "not_stopped"}
    assert "Violation" in found(monkeypatch, receive_failed_execution, "run", lambda command, ports: ignored)


def test_a_newer_push_that_supersedes_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mint, "is_newer", lambda one, other: False)
    monkeypatch.setattr(planning, "supersedes", lambda newer, older: False)
    assert "Violation" in found(monkeypatch, mint, "supersede_older", lambda *_: ())


def test_a_production_that_needs_no_approval(monkeypatch: pytest.MonkeyPatch):
    ready = planning.ready

    def without(*given: Any) -> dict[str, Any]:
        plan = ready(*given)
        return plan | {"environments": [each | {"approval": False} for each in plan["environments"]]}

    from tidegate.steps import plan_deployment, plan_release

    monkeypatch.setattr(prepare_environment, "_unapproved", lambda *_: None)
    monkeypatch.setattr(plan_deployment, "ready", without)
    assert "Violation" in found(monkeypatch, plan_release, "ready", without)


def test_a_request_that_expires_as_approved(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prepare_environment, "_unapproved", lambda *_: None)

    def decided(approval: Any) -> dict[str, Any]:
        yes = approval.status is not ApprovalStatus.PENDING
        return close_approval._result("approved" if yes else "pending", "Yes.", approval)

    assert "Violation" in found(monkeypatch, close_approval, "_decided", decided)


def test_a_good_image_that_is_put_in_quarantine(monkeypatch: pytest.MonkeyPatch):
    from tidegate.steps import record_deployment

    assert "a good image" in found(monkeypatch, record_deployment, "_evidence", lambda command: "health")
