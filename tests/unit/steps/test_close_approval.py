"""Reading what was decided about an approval."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import check_repeatable
from tests.unit.examples import APPROVER, at, registered, running, service
from tidegate.domain.approval import Approval, ApprovalStatus, Vote
from tidegate.domain.asking import approval_id
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.domain.service import Notifications
from tidegate.errors import Terminal, Transient
from tidegate.steps.approving import MOST_REQUESTS, SLACK_SECONDS
from tidegate.steps.close_approval import Command, run


def asked(ports: FakePorts, of: Release, again: int = 0) -> Approval:
    approval = Approval(
        id=approval_id(of.id, "prod", 1, 0, again),
        release=of.id,
        service="checkout",
        environment="prod",
        digests=of.digests,
        from_task_definition=None,
        from_images={},
        requested_at=at(0),
        expires_at=at(3600),
        requested_by=None,
        asked=(APPROVER,),
    )
    ports.approvals.create(approval, {})
    return approval


def given_ports() -> tuple[FakePorts, Release]:
    ports = registered(fake_ports())
    ports.clock.advance(60)
    return ports, running(ports)


def command(of: Release, hint: Any = None) -> Command:
    return Command(root="root", release=of.id, service="checkout", environment="prod", hint=hint)


def test_an_approval_is_returned_with_who_and_what_they_said():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.approvals.decide(approval.id, ApprovalStatus.APPROVED, by=APPROVER, comment="looks good", at=at(30))

    # When
    results = [run(command(release), ports) for _ in range(2)]

    # Then
    expected = {
        "outcome": "approved",
        "reason": f"Approved by {APPROVER}: looks good",
        "approved_by": APPROVER,
        "comment": "looks good",
        "approval": approval.id,
        "measured": [{"metric": "ApprovalTime", "kind": "approved", "value": 30.0, "unit": "Seconds"}],
    }
    assert results == [expected, expected]
    assert ports.journal.kinds(release.id) == ["approval.approved"]


def test_a_rejection_is_an_outcome():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.approvals.decide(
        approval.id, ApprovalStatus.REJECTED, by=APPROVER, comment="not on Friday", at=at(30)
    )

    # Then
    result = run(command(release), ports)
    assert (result["outcome"], result["reason"]) == ("rejected", f"Rejected by {APPROVER}: not on Friday")


def test_while_nobody_has_decided_the_machine_waits_on():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)

    # Then
    result = run(command(release, {"signal": "approved"}), ports)
    assert result["outcome"] == "pending"
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING


def test_a_request_whose_time_is_over_becomes_expired_for_good():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.clock.at = at(3600)

    # When
    result = run(command(release, {"signal": "timeout"}), ports)

    # Then
    assert (result["outcome"], result["reason"]) == ("expired", "Nobody decided until 2026-11-23 13:00 UTC.")
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.EXPIRED
    assert not ports.approvals.decide(
        approval.id, ApprovalStatus.APPROVED, by=APPROVER, comment=None, at=at(3599)
    )


@pytest.mark.parametrize(
    ("signal", "status"),
    [
        (StopSignal.SUPERSEDED, ApprovalStatus.SUPERSEDED),
        (StopSignal.CANCELLED, ApprovalStatus.CANCELLED),
        (StopSignal.ROLLED_BACK, ApprovalStatus.CANCELLED),
    ],
)
def test_a_stop_signal_ends_the_request(signal: StopSignal, status: ApprovalStatus):
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.releases.stop(release.id, signal, "because", unless_production=False)

    # When
    result = run(command(release), ports)

    # Then
    assert (result["outcome"], result["reason"]) == (signal.value, "because")
    assert ports.approvals.stored[approval.id].status is status


def test_an_approved_release_that_must_stop_all_the_same_stops():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.approvals.decide(approval.id, ApprovalStatus.APPROVED, by=APPROVER, comment=None, at=at(30))
    ports.releases.stop(release.id, StopSignal.SUPERSEDED, "because", unless_production=True)

    # Then
    assert run(command(release), ports)["outcome"] == "superseded"


def test_a_rejection_stands_whatever_came_afterwards():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.approvals.decide(approval.id, ApprovalStatus.REJECTED, by=APPROVER, comment="no", at=at(30))
    ports.releases.stop(release.id, StopSignal.SUPERSEDED, "because", unless_production=True)

    # Then
    assert run(command(release), ports)["outcome"] == "rejected"


def test_a_decision_in_the_last_moment_stands_against_the_expiry():
    # Given it is decided between our reading and our writing
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.clock.at = at(3600)
    expire = ports.approvals.decide

    def too_late(name: str, status: ApprovalStatus, **more: Any) -> bool:
        expire(name, ApprovalStatus.APPROVED, by=APPROVER, comment=None, at=at(3599))
        return expire(name, status, **more)

    ports.approvals.decide = too_late  # type: ignore[method-assign, assignment]

    # Then
    assert run(command(release), ports)["outcome"] == "approved"
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED


def test_a_void_request_makes_the_machine_ask_again():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.approvals.decide(approval.id, ApprovalStatus.VOID, by=None, comment="changed", at=at(30))

    # Then
    assert run(command(release, {"signal": "void"}), ports)["outcome"] == "pending"


def test_the_request_that_took_the_place_of_a_void_one_counts():
    # Given
    ports, release = given_ports()
    first, second = asked(ports, release), asked(ports, release, again=1)
    ports.approvals.decide(first.id, ApprovalStatus.VOID, by=None, comment="changed", at=at(30))
    ports.approvals.decide(second.id, ApprovalStatus.APPROVED, by=APPROVER, comment=None, at=at(40))

    # Then
    assert run(command(release), ports)["approval"] == second.id


def test_a_question_that_became_void_too_often_fails():
    # Given
    ports, release = given_ports()
    for again in range(MOST_REQUESTS):
        approval = asked(ports, release, again)
        ports.approvals.decide(approval.id, ApprovalStatus.VOID, by=None, comment="changed", at=at(30))

    # Then
    result = run(command(release), ports)
    assert result["outcome"] == "failed"
    assert "kept changing" in result["reason"]


def test_when_nobody_could_be_asked_the_reason_is_passed_on():
    # Given
    ports, release = given_ports()
    hint = {"outcome": "failed", "reason": "Nobody can approve: ops has not confirmed."}

    # Then
    result = run(command(release, hint), ports)
    assert (result["outcome"], result["reason"]) == ("failed", "Nobody can approve: ops has not confirmed.")


@pytest.mark.parametrize("hint", [None, {"signal": "timeout"}, "text", {"outcome": "approved"}, []])
def test_without_a_request_no_hint_is_believed(hint: Any):
    # Given
    ports, release = given_ports()

    # Then
    assert run(command(release, hint), ports)["outcome"] == "pending"


def test_a_failed_hint_is_not_believed_when_somebody_was_asked():
    # Given
    ports, release = given_ports()
    asked(ports, release)

    # Then
    assert run(command(release, {"outcome": "failed", "reason": "forged"}), ports)["outcome"] == "pending"


def test_a_release_that_has_ended_does_not_ask_for_ever():
    # Given its record was written from outside and its requests are void
    ports, release = given_ports()
    approval = asked(ports, release)
    ports.approvals.decide(approval.id, ApprovalStatus.VOID, by=None, comment="ended", at=at(30))
    ports.releases.end(release.id, Outcome.CANCELLED, "aborted", at=at(40), environment=None)

    # Then
    result = run(command(release), ports)
    assert (result["outcome"], result["reason"]) == ("cancelled", "aborted")


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(
    ("port", "method"),
    [("releases", "get"), ("approvals", "decide"), ("journal", "append")],
)
def test_a_failed_call_is_an_error_and_the_retry_answers(port: str, method: str, error: Exception):
    # Given
    ports, release = given_ports()
    asked(ports, release)
    ports.clock.at = at(4000)
    getattr(ports, port).fail(method, error)

    # When
    with pytest.raises(type(error)):
        run(command(release), ports)

    # Then
    assert run(command(release), ports)["outcome"] == "expired"


@given(st.lists(st.sampled_from(["approve", "reject", "expire", "stop", "void", "close"]), max_size=8))
def test_whatever_happens_in_whatever_order_the_outcome_never_changes_once_it_is_final(happenings: list[str]):
    # Given
    ports, release = given_ports()
    asked(ports, release)
    seen: list[str] = []
    for what in happenings:
        ports.clock.advance(10)
        now = ports.clock.at
        for name in list(ports.approvals.stored):
            if what == "approve":
                ports.approvals.decide(name, ApprovalStatus.APPROVED, by=APPROVER, comment=None, at=now)
            if what == "reject":
                ports.approvals.decide(name, ApprovalStatus.REJECTED, by=APPROVER, comment="no", at=now)
            if what == "void":
                ports.approvals.decide(name, ApprovalStatus.VOID, by=None, comment="changed", at=now)
        if what == "expire":
            ports.clock.at = max(now, at(3600))
        if what == "stop":
            ports.releases.stop(release.id, StopSignal.CANCELLED, "because", unless_production=False)
        if what == "close":
            seen.append(run(command(release), ports)["outcome"])

    # Then what is final stays, except that an approved release may still be stopped
    final = [outcome for outcome in seen if outcome != "pending"]
    assert all(outcome != "pending" for outcome in seen[len(seen) - len(final) :])
    changes = {(one, two) for one, two in pairwise(final) if one != two}
    assert changes <= {("approved", "cancelled"), ("expired", "cancelled")}


# --- the others are told ------------------------------------------------------------------------------------

OTHER = "security@example.com"


def several(ports: FakePorts, of: Release, **more: Any) -> Approval:
    approval = replace(asked(ports, of), asked=(APPROVER, OTHER), **more)
    ports.approvals.stored[approval.id] = approval
    return approval


@pytest.mark.parametrize(
    ("status", "by", "told", "first"),
    [
        (ApprovalStatus.APPROVED, OTHER, [APPROVER], f"approval approved by {OTHER}"),
        (ApprovalStatus.REJECTED, APPROVER, [OTHER], f"approval rejected by {APPROVER}"),
        (ApprovalStatus.SUPERSEDED, None, [APPROVER, OTHER], "approval superseded"),
        (ApprovalStatus.CANCELLED, None, [APPROVER, OTHER], "approval cancelled"),
        (ApprovalStatus.EXPIRED, None, [APPROVER, OTHER], "approval expired"),
    ],
)
def test_everybody_else_who_was_asked_is_told_how_it_ended_once(
    status: ApprovalStatus, by: str | None, told: list[str], first: str
):
    # Given
    ports, release = given_ports()
    approval = several(ports, release)
    ports.approvals.decide(approval.id, status, by=by, comment="because", at=at(30))

    # When
    for _ in range(2):
        run(command(release), ports)

    # Then
    assert [address for address, _, _ in ports.notifier.asked] == told
    _, subject, body = ports.notifier.asked[0]
    assert subject == body.splitlines()[0] == f"checkout in prod: {first}"
    assert f"Release: {release.id}" in body
    assert "Reason: because" in body
    assert body.splitlines()[-1] == f"Look: https://tidegate.example/status/releases/{release.id}"


def test_of_several_all_are_named_and_the_last_one_is_not_told():
    # Given
    ports, release = given_ports()
    votes = (Vote(APPROVER, at(10)), Vote(OTHER, at(20), "fine"))
    several(
        ports,
        release,
        votes=votes,
        status=ApprovalStatus.APPROVED,
        decided_by=OTHER,
        decided_at=at(20),
        comment="fine",
    )

    # When
    result = run(command(release), ports)

    # Then
    assert (result["reason"], result["approved_by"]) == (
        f"Approved by {APPROVER}, {OTHER}: fine",
        f"{APPROVER}, {OTHER}",
    )
    assert [address for address, _, _ in ports.notifier.asked] == [APPROVER]


def test_a_broken_glass_is_loud():
    # Given a team that wants to hear of nothing
    topic = "arn:aws:sns:us-east-1:123456789012:team"
    ports = registered(fake_ports(), service(notifications=Notifications(topic, kinds=())))
    release = running(ports)
    vote = Vote(APPROVER, at(20), "Checkout is down.", break_glass=True)
    several(
        ports,
        release,
        votes=(vote,),
        status=ApprovalStatus.APPROVED,
        decided_by=APPROVER,
        decided_at=at(20),
        comment="Checkout is down.",
    )

    # When
    result, _ = run(command(release), ports), run(command(release), ports)

    # Then the team, the operators and everybody else who was asked hear of it
    assert result["reason"] == f"Approved by {APPROVER} alone, who broke the glass: Checkout is down."
    assert [each.topic for each in ports.notifier.messages] == [topic, None]
    assert ports.notifier.messages[0].subject == f"checkout: {APPROVER} broke the glass for prod"
    assert "Reason: Checkout is down." in ports.notifier.messages[0].body
    assert [address for address, _, _ in ports.notifier.asked] == [OTHER]


def test_while_nobody_has_decided_it_says_how_long_to_wait():
    # Given
    ports, release = given_ports()
    approval = asked(ports, release)

    # Then until the reminder first, then until it expires, and a little longer
    assert run(command(release), ports)["wait_seconds"] == 2520 - 60 + SLACK_SECONDS
    ports.clock.at = approval.remind_at
    assert run(command(release), ports)["wait_seconds"] == 3600 - 2520 + SLACK_SECONDS


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("InvalidParameter")])
def test_a_mail_that_cannot_be_sent_keeps_no_decision_back(error: Exception):
    # Given
    ports, release = given_ports()
    approval = several(ports, release)
    ports.approvals.decide(approval.id, ApprovalStatus.APPROVED, by=OTHER, comment=None, at=at(30))
    ports.notifier.fail("ask_approver", error, times=2)

    # When
    if isinstance(error, Transient):
        with pytest.raises(Transient):
            run(command(release), ports)

    # Then
    assert run(command(release), ports)["outcome"] == "approved"
    assert "notice.failed" in ports.journal.kinds(release.id)


def test_whatever_breaks_trying_again_finishes_it():
    def make() -> Any:
        ports, release = given_ports()
        approval = several(ports, release)
        ports.approvals.decide(approval.id, ApprovalStatus.APPROVED, by=OTHER, comment="ok", at=at(30))
        return ports, lambda: run(command(release), ports)

    check_repeatable(make)
