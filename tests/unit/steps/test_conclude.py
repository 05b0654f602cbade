"""Writing the terminal record of an execution."""

import json

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.examples import at, deployment, execution_arn, wait
from tests.unit.stage import Stage, deployed, entered, locked, planned
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.errors import Terminal, Transient
from tidegate.steps.conclude import Command, run

ROLLBACK = execution_arn("by-hand", "rollback")


def conclude(stage: Stage, outcome: str = "failed", reason: str = "It broke.", **more) -> dict:
    given = {"kind": "release", **stage.given(), "outcome": outcome, "reason": reason}
    return run(Command(**{**given, **more}), stage.ports)


def rolled_back(stage: Stage, outcome: str = "succeeded", reason: str = "dev runs it again.") -> dict:
    return conclude(stage, outcome, reason, kind="rollback", root=ROLLBACK)


def ended(stage: Stage, outcome: Outcome = Outcome.SUCCEEDED) -> Stage:
    stage.ports.releases.end(stage.release.id, outcome, "Long ago.", at=at(-10), environment=None)
    return stage


def question(stage: Stage) -> str:
    times = {"requested_at": at(0), "expires_at": at(600)}
    place = {"release": stage.release.id, "service": "checkout", "environment": "dev"}
    seen = {"digests": {}, "from_task_definition": None, "from_images": {}}
    asked = Approval(id="question", requested_by=None, asked=("ops@example.com",), **place, **seen, **times)
    stage.ports.approvals.stored[asked.id] = asked
    return asked.id


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_release_ends_once_in_ledger_journal_and_mail(outcome: Outcome):
    # Given
    stage = planned()

    # When
    result = conclude(stage, str(outcome))

    # Then
    key = f"ended/{stage.release.id}"
    assert result == {
        "outcome": str(outcome),
        "reason": "It broke.",
        "release": stage.release.id,
        "record": f"{stage.release.id}/{key}",
    }
    assert (stage.now.outcome, stage.now.outcome_reason) == (outcome, "It broke.")
    assert (stage.now.failed_environment, stage.now.ended_at) == ("dev", at(0))
    assert stage.ports.journal.kinds(stage.release.id) == [f"release.{outcome}"]
    (message,) = stage.ports.notifier.messages
    assert message.attributes == {"kind": str(outcome), "service": "checkout"}
    assert "Reason: It broke." in message.body


def test_an_outcome_that_nobody_knows_is_a_failure():
    assert conclude(planned(), "unheard_of")["outcome"] == "failed"


def test_the_first_terminal_record_stands():
    # Given
    stage = ended(planned(), Outcome.SUPERSEDED)

    # When
    result = conclude(stage, "failed")

    # Then
    assert (result["outcome"], result["reason"]) == ("superseded", "Long ago.")
    assert stage.now.outcome is Outcome.SUPERSEDED


def test_the_release_of_another_execution_is_left_alone():
    # Given a release that was taken by another execution, which has the lock and waits
    stage = entered()
    wait(stage.ports, "approval/1", stage.release.id)
    question(stage)
    stranger = execution_arn("stranger")

    # When
    result = conclude(stage, "rejected", root=stranger)

    # Then
    assert result["outcome"] == "rejected"
    assert not stage.now.ended
    assert stage.ports.locks.held
    assert stage.ports.waits.stored
    assert stage.ports.approvals.stored["question"].status is ApprovalStatus.PENDING
    assert stage.deployment().outcome is None


def test_nothing_outlives_the_execution_that_made_it():
    # Given
    stage = entered()
    wait(stage.ports, "approval/question", stage.release.id, "mine")
    wait(stage.ports, "lock/checkout/dev", "somebody else", "next")
    question(stage)

    # When
    conclude(stage, "superseded", "A newer push took its place.")

    # Then
    assert not stage.ports.locks.held
    told = {"next": {"signal": "released"}, "mine": {"signal": "ended"}}
    assert stage.ports.machines.answers == told, "a part that was left behind looks again"
    assert not stage.ports.waits.stored
    assert stage.ports.approvals.stored["question"].status is ApprovalStatus.VOID
    assert stage.deployment().outcome is Outcome.SUPERSEDED
    assert stage.deployment().reason == "A newer push took its place."


def test_what_a_broken_restore_has_left_half_done_stays_locked_for_the_rollback_that_finishes_it():
    # Given
    stage = entered()
    wait(stage.ports, "lock/checkout/dev", "somebody else", "next")

    # When
    conclude(stage, "failed", "The checks failed. Then the restore broke.")

    # Then the release has its record, and nobody else may change the environment yet
    assert stage.now.outcome is Outcome.FAILED
    assert stage.deployment().outcome is None
    lock = stage.ports.locks.holder("checkout", "dev")
    assert lock is not None
    assert lock.owner == stage.root
    assert not stage.ports.machines.answers


def test_a_restore_that_could_do_nothing_has_given_its_lock_back_and_closed_its_deployment():
    # Given
    stage = entered()
    stage.ports.locks.release("checkout", "dev", owner=stage.root)

    # When
    conclude(stage, "failed", "There is nothing to come back to.")

    # Then
    assert stage.deployment().outcome is Outcome.FAILED
    assert not stage.ports.locks.held


def test_a_rollback_whose_restore_broke_keeps_its_lock_although_the_release_was_good():
    # Given
    stage = deployed()
    stage.ports.locks.held.clear()
    locked(stage, owner=ROLLBACK)

    # When
    rolled_back(stage, "failed", "Restore broke.")

    # Then
    lock = stage.ports.locks.holder("checkout", "dev")
    assert lock is not None
    assert lock.owner == ROLLBACK


def test_a_lock_of_somebody_else_is_not_given_back():
    # Given
    stage = entered()
    stage.ports.locks.held.clear()
    locked(stage, owner=execution_arn("other"))

    # When
    conclude(stage)

    # Then
    assert stage.ports.locks.held["checkout", "dev"].owner == execution_arn("other")


@pytest.mark.parametrize(("outcome", "closed"), [("superseded", "superseded"), ("succeeded", "failed")])
def test_what_was_left_open_ends_like_the_release_but_never_as_a_success(outcome: str, closed: str):
    # Given a release that was told to stop between its touch and its deployment
    stage = entered()

    # When
    conclude(stage, outcome)

    # Then
    assert stage.deployment().outcome == closed
    assert not stage.deployment().good


# --- a plan that broke -------------------------------------------------------------------------------------


def broken_plan(stage: Stage, root: str) -> dict:
    return conclude(stage, "failed", "Plan broke.", root=root, release=None, service=None, environment=None)


def test_a_release_whose_planning_broke_gets_its_terminal_record():
    # Given
    stage = planned()

    # When
    result = broken_plan(stage, stage.root)

    # Then
    assert result["release"] == stage.release.id
    assert stage.now.outcome is Outcome.FAILED


def test_an_attempt_whose_planning_broke_leaves_the_ending_before_it():
    # Given
    stage = ended(planned(), Outcome.EXPIRED)

    # When
    result = broken_plan(stage, execution_arn(f"{stage.release.id}-a2"))

    # Then
    assert (result["outcome"], result["release"]) == ("failed", None)
    assert stage.now.outcome is Outcome.EXPIRED


def test_bad_input_of_a_person_is_recorded_without_a_release():
    # Given
    stage = planned()
    root = execution_arn("console-4711")

    # When
    result = broken_plan(stage, root)

    # Then
    assert result == {
        "outcome": "failed",
        "reason": "Plan broke.",
        "release": None,
        "record": f"{root}/ended/console-4711",
    }
    (message,) = stage.ports.notifier.messages
    assert message.subject == "Tidegate: release failed"
    assert not stage.now.ended


# --- rollbacks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "of_release"), [("succeeded", Outcome.ROLLED_BACK), ("failed", Outcome.FAILED)]
)
def test_a_rollback_ends_the_release_that_it_stopped(outcome: str, of_release: Outcome):
    # Given
    stage = planned()
    question(stage)

    # When
    result = rolled_back(stage, outcome)

    # Then
    assert result["outcome"] == outcome
    assert stage.now.outcome is of_release
    assert stage.ports.approvals.stored["question"].status is ApprovalStatus.VOID
    assert stage.ports.journal.kinds("checkout/dev") == [f"rollback.{outcome}"]
    assert stage.ports.notifier.messages[0].subject == f"checkout: rollback {outcome} in dev"


def test_a_rollback_of_a_release_that_ended_long_ago_is_recorded_and_its_ending_stands():
    # Given
    stage = ended(planned())

    # When
    result = rolled_back(stage)

    # Then
    assert (result["outcome"], result["reason"]) == ("succeeded", "dev runs it again.")
    assert (stage.now.outcome, stage.now.outcome_reason) == (Outcome.SUCCEEDED, "Long ago.")
    assert stage.ports.journal.kinds("checkout/dev") == ["rollback.succeeded"]
    assert len(stage.ports.notifier.messages) == 1


@pytest.mark.parametrize("outcome", ["rejected", "cancelled"])
def test_a_rollback_that_was_refused_ends_nothing(outcome: str):
    # Given
    stage = entered()
    question(stage)

    # When
    result = rolled_back(stage, outcome, "target: it is archived.")

    # Then
    assert result["outcome"] == outcome
    assert not stage.now.ended
    assert stage.ports.approvals.stored["question"].status is ApprovalStatus.PENDING
    assert stage.ports.locks.held
    assert stage.deployment().outcome is None


def test_a_rollback_whose_restore_broke_leaves_no_deployment_open_here_and_none_closed_elsewhere():
    # Given
    stage = entered()
    elsewhere = deployment(stage.ports, stage.now, "prod", opened=10)

    # When
    rolled_back(stage, "failed", "Restore broke.")

    # Then
    assert stage.deployment().outcome is Outcome.FAILED
    assert stage.ports.deployments.stored["checkout", "prod", elsewhere.id].outcome is None


def test_a_rollback_leaves_the_waits_of_another_rollback_of_the_release():
    # Given
    stage = planned()
    wait(stage.ports, "lock/checkout/prod", stage.release.id)

    # When
    rolled_back(stage)

    # Then
    assert stage.ports.waits.stored


def test_a_rollback_while_a_retry_runs_leaves_its_questions_open():
    # Given a second attempt that began while the rollback of the first was being done
    stage = ended(planned(), Outcome.FAILED)
    question(stage)
    again = execution_arn(f"{stage.release.id}-a2")
    end = stage.ports.releases.end

    def meanwhile(*arguments, **options):
        result = end(*arguments, **options)
        stage.ports.releases.start_attempt(stage.release.id, 2, again)
        return result

    stage.ports.releases.end = meanwhile

    # When
    rolled_back(stage)

    # Then
    assert not stage.now.ended
    assert stage.ports.approvals.stored["question"].status is ApprovalStatus.PENDING


# --- what people read --------------------------------------------------------------------------------------


def test_nested_causes_are_reduced_and_reasons_without_end_are_cut():
    # Given
    stage = planned()
    inner = json.dumps({"errorMessage": "no role" + "x" * 50_000, "errorType": "Terminal"})
    reason = f"Deploy broke: States.TaskFailed {json.dumps({'Error': 'Terminal', 'Cause': inner})}"

    # When
    result = conclude(stage, reason=reason)

    # Then
    assert result["reason"].startswith("Deploy broke: Terminal: no role")
    assert len(result["reason"]) <= 3000
    assert len(json.dumps(result)) < 8192
    assert len(stage.now.outcome_reason or "") <= 3000


def test_a_topic_that_refuses_the_message_does_not_keep_the_record_from_being_written():
    # Given
    stage = planned()
    stage.ports.notifier.fail("publish", Terminal("no such topic"))

    # Then
    assert conclude(stage, "succeeded")["outcome"] == "succeeded"
    assert stage.ports.journal.kinds("checkout") == ["notice.failed"]


def test_a_topic_that_is_out_of_order_is_tried_twice_and_then_given_up():
    # Given
    stage = planned()
    stage.ports.notifier.fail("publish", Transient("throttled"), times=2)

    # When
    with pytest.raises(Transient):
        conclude(stage, "succeeded")

    # Then
    assert conclude(stage, "succeeded")["outcome"] == "succeeded"
    assert stage.ports.journal.kinds("checkout") == ["notice.failed"]


def test_a_request_of_an_operator_ends_no_release():
    # Given
    stage = planned()

    # When
    result = conclude(stage, "failed", "Operate broke.", kind="request")

    # Then
    assert result["outcome"] == "failed"
    assert not stage.now.ended


@pytest.mark.parametrize("case", ["succeeded", "entered", "rollback", "broken_plan", "stranger"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = deployed() if case in ("entered", "rollback") else planned()
        question(stage)
        wait(stage.ports, "lock/checkout/dev", "somebody else", "next")
        wait(stage.ports, "approval/question", stage.release.id, "mine")
        stage.stop(StopSignal.CANCELLED)
        calls = {
            "succeeded": lambda: conclude(stage, "succeeded"),
            "entered": lambda: conclude(stage, "failed"),
            "rollback": lambda: rolled_back(stage),
            "broken_plan": lambda: broken_plan(stage, stage.root),
            "stranger": lambda: conclude(stage, root=execution_arn("stranger")),
        }
        return stage.ports, calls[case]

    # Who waits for the lock is called if possible.
    calling = {("waits", "on"), ("waits", "remove"), ("machines", "resume")}
    check_repeatable(make, forgiven=FORGIVEN | calling)


def test_a_rollback_is_counted_by_how_it_ended_and_a_release_is_not():
    measured = [{"metric": "RollbacksEnded", "kind": "succeeded", "value": 1, "unit": "Count"}]

    assert rolled_back(deployed())["measured"] == measured
    assert "measured" not in conclude(planned(), "succeeded")
