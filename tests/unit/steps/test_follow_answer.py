"""Putting what people decided about an inconclusive canary into its record."""

from typing import Any

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.canary_stage import edit, living, prepared, record
from tests.unit.examples import APPROVER, at
from tests.unit.stage import Stage
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.asking import approval_id
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import ApprovalRule
from tidegate.steps.approving import MOST_REQUESTS
from tidegate.steps.follow_answer import Command, run

ROUND = 100


def asking(step: int = 0, *, ask: bool = True, **more: Any) -> Stage:
    """The figures allow no conclusion, and people were asked."""
    rule = ApprovalRule(approvers=(APPROVER,), expires_after_seconds=900)
    given = {"phase": "asking", "decision": "ask", "reason": "Too few requests."}
    stage = living(step, prepared(approval=rule), **{**given, **more})
    if ask:
        request(stage)
    return stage


def request(stage: Stage, again: int = 0) -> str:
    name = approval_id(stage.release.id, "dev", 1, ROUND, again)
    stage.ports.approvals.create(
        Approval(
            id=name,
            release=stage.release.id,
            service="checkout",
            environment="dev",
            digests=stage.release.digests,
            from_task_definition=None,
            from_images={},
            requested_at=at(0),
            expires_at=at(900),
            requested_by=None,
            asked=(APPROVER,),
        ),
        {},
    )
    return name


def answer(stage: Stage, status: ApprovalStatus, comment: str | None = None) -> None:
    (name,) = stage.ports.approvals.stored
    stage.ports.approvals.decide(name, status, by=APPROVER, comment=comment, at=at(30))


def follow(stage: Stage, hint: Any = None) -> dict:
    return run(Command(**stage.given(round=ROUND, hint=hint)), stage.ports)


def test_an_approved_step_may_end_and_the_pulse_goes_on():
    # Given
    stage = asking(1)
    answer(stage, ApprovalStatus.APPROVED, "I know why.")

    # When
    result = follow(stage)

    # Then
    assert result["outcome"] == "approved"
    canary = record(stage)
    assert (canary.phase, canary.decision, canary.accepted) == ("analysing", "none", 1)
    assert "I know why." in canary.reason


def test_a_rejected_canary_returns_without_evidence_against_the_image():
    # Given
    stage = asking()
    answer(stage, ApprovalStatus.REJECTED, "Not today.")

    # When
    follow(stage)

    # Then
    canary = record(stage)
    assert (canary.decision, canary.evidence) == ("roll_back", None)
    assert canary.reason.startswith("Too few requests. Rejected by ")


def test_a_question_that_nobody_answers_is_no_consent():
    # Given
    stage = asking()
    stage.ports.clock.advance(900)

    # When
    result = follow(stage)

    # Then
    assert result["outcome"] == "expired"
    assert record(stage).decision == "roll_back"


def test_a_canary_about_which_nobody_can_be_asked_returns():
    # Given
    stage = asking(ask=False)

    # When
    result = follow(stage, {"outcome": "failed", "reason": "Nobody can approve."})

    # Then
    assert result["outcome"] == "failed"
    assert record(stage).decision == "roll_back"
    assert "Nobody can approve." in record(stage).reason


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_takes_its_canary_back(signal: StopSignal):
    # Given
    stage = asking()
    stage.stop(signal, "Enough.")

    # When
    follow(stage)

    # Then
    assert (record(stage).decision, record(stage).reason) == ("cancel", "Enough.")


def test_a_wake_up_without_an_answer_changes_nothing():
    # Given
    stage = asking()
    before = record(stage)

    # Then
    assert follow(stage)["outcome"] == "pending"
    assert record(stage) == before


@pytest.mark.parametrize(
    "given", [{"decision": "roll_back"}, {"decision": "promote"}, {"phase": "returning"}]
)
def test_what_the_figures_decided_meanwhile_stands_and_closes_the_question(given: dict):
    # Given
    stage = asking()
    edit(stage, **given)

    # Then
    assert follow(stage)["outcome"] == "overtaken"
    (approval,) = stage.ports.approvals.stored.values()
    assert approval.status is ApprovalStatus.CANCELLED


def test_a_question_that_was_answered_or_never_asked_needs_no_closing():
    # Given
    stage = asking()
    answer(stage, ApprovalStatus.APPROVED)
    edit(stage, decision="roll_back")

    # Then
    assert follow(stage)["outcome"] == "overtaken"
    (approval,) = stage.ports.approvals.stored.values()
    assert approval.status is ApprovalStatus.APPROVED

    # Given
    stage.ports.approvals.stored.clear()

    # Then
    assert follow(stage)["outcome"] == "overtaken"


def test_a_question_that_became_void_too_often_needs_no_closing():
    # Given
    stage = asking(ask=False)
    for again in range(MOST_REQUESTS):
        name = request(stage, again)
        stage.ports.approvals.decide(name, ApprovalStatus.VOID, by=None, comment=None, at=at(1))
    edit(stage, decision="roll_back")

    # Then
    assert follow(stage)["outcome"] == "overtaken"


def test_the_pulse_may_decide_while_the_answer_is_read():
    # Given
    stage = asking()
    answer(stage, ApprovalStatus.APPROVED)
    save, late = stage.ports.canaries.save, []

    def overtaken(canary):
        if not late:
            late.append(canary)
            edit(stage, decision="roll_back", evidence="judge")
        return save(canary)

    stage.ports.canaries.save = overtaken

    # When
    follow(stage)

    # Then
    assert (record(stage).decision, record(stage).accepted) == ("roll_back", -1)


@pytest.mark.parametrize("status", [ApprovalStatus.APPROVED, ApprovalStatus.REJECTED, None])
def test_whatever_breaks_trying_again_finishes_it(status: ApprovalStatus | None):
    def make():
        stage = asking()
        if status is not None:
            answer(stage, status)
        follow(stage)
        return stage.ports, lambda: follow(stage) and {"decision": record(stage).decision}

    check_repeatable(make)
