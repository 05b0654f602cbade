"""Cleaning up after a root execution that failed, timed out or was aborted."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import (
    APPROVER,
    at,
    deployment,
    digest,
    event,
    execution_arn,
    registered,
    release,
    running,
    wait,
)
from tidegate.contracts.inputs import RollbackInput
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.errors import Terminal, Transient
from tidegate.steps.receive_failed_execution import Command, run
from tidegate.steps.recover import recover, roll_back_again


def stopped(ports: FakePorts, arn: str, status: str = "ABORTED", seconds: float = 300) -> Command:
    """Let an execution stop; returns the event that tells of it."""
    ports.machines.finish(arn, status)
    ports.machines.executions[arn] = replace(ports.machines.executions[arn], stopped_at=at(seconds))
    return told(arn, status)


def told(arn: str, status: str = "ABORTED", **more: Any) -> Command:
    machine = arn.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    known = {
        "executionArn": arn,
        "stateMachineArn": machine,
        "name": arn.rpartition(":")[2],
        "status": status,
    }
    return Command.model_validate(event("execution_aborted", **known, **more))


def given_ports() -> FakePorts:
    ports = registered(fake_ports())
    ports.clock.advance(301)
    return ports


def approval(of: Release) -> Approval:
    return Approval(
        id=f"{of.id}.prod.a1.r0",
        release=of.id,
        service="checkout",
        environment="prod",
        digests=of.digests,
        from_task_definition=None,
        from_images={},
        requested_at=at(10),
        expires_at=at(3610),
        requested_by=None,
        asked=(APPROVER,),
    )


def lock(ports: FakePorts, of: Release, environment: str, owner: str | None = None) -> None:
    ports.locks.acquire("checkout", environment, owner=owner or str(of.execution), release=of.id, at=at(50))


def rollbacks(ports: FakePorts) -> list[str]:
    return [arn for arn in ports.machines.executions if ":tidegate-rollback:" in arn]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("ABORTED", Outcome.CANCELLED), ("FAILED", Outcome.FAILED), ("TIMED_OUT", Outcome.FAILED)],
)
def test_where_nothing_was_touched_the_record_is_written_and_nothing_is_left(status: str, outcome: Outcome):
    # Given a release that waits for its approval
    ports = given_ports()
    alone = running(ports)
    asked = approval(alone)
    ports.approvals.create(asked, {})
    wait(ports, f"approval/{asked.id}", alone.id, "approval")

    # When
    result = run(stopped(ports, str(alone.execution), status), ports)

    # Then
    assert (result["outcome"], result["release"]) == ("ended", alone.id)
    assert ports.releases.stored[alone.id].outcome is outcome
    assert ports.approvals.stored[asked.id].status is ApprovalStatus.VOID
    assert not ports.waits.stored
    assert not rollbacks(ports)
    (message,) = ports.notifier.messages
    assert alone.id in message.body
    assert ports.journal.kinds(alone.id) == [f"release.{outcome}"]


def test_what_was_being_changed_is_rolled_back_and_keeps_its_lock_until_then():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    deployment(ports, bad, "staging")
    lock(ports, bad, "staging")

    # When
    result = run(stopped(ports, str(bad.execution)), ports)

    # Then
    assert result["outcome"] == "rollback_started"
    (rollback,) = rollbacks(ports)
    payload = RollbackInput.model_validate(ports.machines.payloads[rollback])
    assert (payload.service, payload.environment, payload.release) == ("checkout", "staging", bad.id)
    assert payload.automatic
    assert payload.evidence is None
    assert not ports.releases.stored[bad.id].ended
    assert ports.locks.holder("checkout", "staging") is not None


def test_what_a_release_that_failed_has_left_half_done_is_rolled_back():
    # Given a restore that broke: the release has its record, and its deployment is still open
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    deployment(ports, bad, "staging")
    lock(ports, bad, "staging")
    ports.releases.end(bad.id, Outcome.FAILED, "Then the restore broke.", at=at(290), environment="staging")

    # When
    result = run(stopped(ports, str(bad.execution), "FAILED"), ports)

    # Then
    assert result["outcome"] == "rollback_started"
    (rollback,) = rollbacks(ports)
    assert ports.machines.payloads[rollback]["environment"] == "staging"
    assert ports.locks.holder("checkout", "staging") is not None


def test_a_deployment_that_a_last_function_opens_meanwhile_is_rolled_back():
    # Given a function that goes on after its execution was aborted
    ports = given_ports()
    late = running(ports)
    ports.releases.touch(late.id, "staging", production=False)
    lock(ports, late, "staging")
    end = ports.releases.end

    def opened_meanwhile(*arguments: Any, **more: Any) -> bool:
        deployment(ports, late, "staging")
        return end(*arguments, **more)

    ports.releases.end = opened_meanwhile  # type: ignore[method-assign]

    # When
    result = run(stopped(ports, str(late.execution), "FAILED"), ports)

    # Then
    assert result["outcome"] == "rollback_started"
    assert len(rollbacks(ports)) == 1
    assert ports.locks.holder("checkout", "staging") is not None


def test_the_event_twice_starts_one_rollback():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    deployment(ports, bad, "staging")
    command = stopped(ports, str(bad.execution))

    # When
    results = [run(command, ports), run(command, ports)]

    # Then
    assert {result["outcome"] for result in results} == {"rollback_started"}
    assert len(rollbacks(ports)) == 1


def test_an_environment_that_was_touched_but_has_no_deployment_was_not_changed():
    # Given it was aborted between the touch and opening the deployment
    ports = given_ports()
    alone = running(ports)
    ports.releases.touch(alone.id, "prod", production=True)
    lock(ports, alone, "prod")
    asked = approval(alone)
    ports.approvals.create(asked, {})
    wait(ports, "lock/checkout/prod", "somebody else", "next in line")
    wait(ports, f"approval/{asked.id}", alone.id, "approval")

    # When
    result = run(stopped(ports, str(alone.execution)), ports)

    # Then
    assert result["outcome"] == "ended"
    assert ports.releases.stored[alone.id].outcome is Outcome.CANCELLED
    assert ports.locks.holder("checkout", "prod") is None
    told = {"next in line": {"signal": "released"}, "approval": {"signal": "ended"}}
    assert ports.machines.answers == told
    assert ports.approvals.stored[asked.id].status is ApprovalStatus.VOID
    assert not ports.waits.stored
    assert not rollbacks(ports)


def test_between_two_environments_there_is_nothing_to_roll_back():
    # Given it soaks after dev
    ports = given_ports()
    soaking = running(ports)
    ports.releases.touch(soaking.id, "dev", production=False)
    deployment(ports, soaking, "dev", outcome=Outcome.SUCCEEDED)
    lock(ports, soaking, "dev")

    # When
    result = run(stopped(ports, str(soaking.execution)), ports)

    # Then
    assert result["outcome"] == "ended"
    assert ports.releases.stored[soaking.id].outcome is Outcome.CANCELLED
    assert ports.locks.holder("checkout", "dev") is None


def test_a_terminal_record_stands_and_only_the_locks_are_freed_and_their_waiters_called():
    # Given
    ports = given_ports()
    failed = running(ports)
    ports.releases.end(failed.id, Outcome.ROLLED_BACK, "checks failed", at=at(290), environment="staging")
    lock(ports, failed, "staging")
    wait(ports, "lock/checkout/staging", "somebody else", "next in line")

    # When
    result = run(stopped(ports, str(failed.execution), "FAILED"), ports)

    # Then
    assert result["outcome"] == "recorded"
    assert ports.releases.stored[failed.id].outcome is Outcome.ROLLED_BACK
    assert ports.locks.holder("checkout", "staging") is None
    assert ports.machines.answers == {"next in line": {"signal": "released"}}
    assert not rollbacks(ports)


def test_a_lock_that_was_never_used_is_freed_too():
    # Given the execution was aborted between taking the lock and touching the environment
    ports = given_ports()
    alone = running(ports)
    lock(ports, alone, "staging")

    # When
    run(stopped(ports, str(alone.execution)), ports)

    # Then
    assert ports.locks.holder("checkout", "staging") is None


def test_somebody_elses_lock_is_left_alone():
    # Given
    ports = given_ports()
    alone = running(ports)
    other = running(ports, letter="b", salt=901)
    lock(ports, other, "staging")

    # When
    run(stopped(ports, str(alone.execution)), ports)

    # Then
    assert ports.locks.holder("checkout", "staging") is not None


def test_an_execution_that_a_rollback_stopped_is_left_to_the_rollback():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    deployment(ports, bad, "staging")
    lock(ports, bad, "staging")
    ports.releases.stop(bad.id, StopSignal.ROLLED_BACK, "alarm", unless_production=False)

    # When
    result = run(stopped(ports, str(bad.execution)), ports)

    # Then
    assert result["outcome"] == "in_charge"
    assert not rollbacks(ports)
    assert not ports.releases.stored[bad.id].ended


def test_a_rollback_that_has_taken_the_lock_is_in_charge_however_long_it_takes():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    deployment(ports, bad, "staging")
    rollback = execution_arn("by-hand", "rollback")
    ports.machines.add(rollback)
    lock(ports, bad, "staging", owner=rollback)
    command = stopped(ports, str(bad.execution))
    ports.clock.advance(36_000)

    # Then
    assert run(command, ports)["outcome"] == "in_charge"


def test_a_rollback_that_stopped_the_execution_and_then_vanished_is_not_waited_for():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    deployment(ports, bad, "staging")
    ports.releases.stop(bad.id, StopSignal.ROLLED_BACK, "alarm", unless_production=False)
    command = stopped(ports, str(bad.execution))
    ports.clock.advance(3600)

    # Then
    assert run(command, ports)["outcome"] == "rollback_started"


@pytest.mark.parametrize(
    ("signal", "outcome"),
    [(StopSignal.SUPERSEDED, Outcome.SUPERSEDED), (StopSignal.CANCELLED, Outcome.CANCELLED)],
)
def test_a_stop_signal_gives_the_ending_its_name(signal: StopSignal, outcome: Outcome):
    # Given
    ports = given_ports()
    told_to_stop = running(ports)
    ports.releases.stop(told_to_stop.id, signal, "because", unless_production=False)

    # When
    run(stopped(ports, str(told_to_stop.execution), "FAILED"), ports)

    # Then
    stored = ports.releases.stored[told_to_stop.id]
    assert (stored.outcome, stored.outcome_reason) == (outcome, "because")


def test_an_earlier_attempt_only_gives_its_locks_back():
    # Given
    ports = given_ports()
    retried = running(ports)
    first = str(retried.execution)
    lock(ports, retried, "staging")
    command = stopped(ports, first)
    ports.releases.start_attempt(retried.id, 2, execution_arn(f"{retried.id}-a2"))

    # When
    result = run(command, ports)

    # Then
    assert result["outcome"] == "later_attempt"
    assert ports.locks.holder("checkout", "staging") is None
    assert not ports.releases.stored[retried.id].ended


def test_the_second_attempt_is_found_by_its_name():
    # Given
    ports = given_ports()
    retried = release(ports)
    arn = execution_arn(f"{retried.id}-a2")
    ports.machines.add(arn)
    ports.releases.start_attempt(retried.id, 2, arn)

    # Then
    assert run(stopped(ports, arn), ports)["release"] == retried.id


def test_an_execution_started_by_hand_is_found_by_what_it_minted_or_by_its_input():
    # Given
    ports = given_ports()
    minted, named = release(ports, salt=901), release(ports, salt=902)
    by_hand, again = execution_arn("0b5d7e1c", "deploy"), execution_arn("7f3a")
    for arn in (by_hand, again):
        ports.machines.add(arn)
    ports.intake.first(f"execution/{by_hand}", at=at(0), value=minted.id)
    ports.releases.start_attempt(named.id, 2, again)
    stopped(ports, again)

    # When
    results = [
        run(stopped(ports, by_hand), ports),
        run(told(again, input=f'{{"release": "{named.id}", "attempt": 2}}'), ports),
    ]

    # Then
    assert [result["release"] for result in results] == [minted.id, named.id]


@pytest.mark.parametrize(
    "given_input", [None, "", "no json", "[]", '{"release": 7}', '{"release": "nobody"}']
)
def test_an_execution_without_a_release_is_ignored(given_input: str | None):
    # Given its input was refused before a release was minted
    ports = given_ports()
    arn = execution_arn("0b5d7e1c", "deploy")
    ports.machines.add(arn)
    stopped(ports, arn, "FAILED")

    # Then
    assert run(told(arn, "FAILED", input=given_input), ports) == {"ignored": "no_release"}


def test_the_input_of_another_release_is_not_believed():
    # Given
    ports = given_ports()
    other = running(ports)
    arn = execution_arn("0b5d7e1c")
    ports.machines.add(arn)
    stopped(ports, arn)

    # Then
    assert run(told(arn, input=f'{{"release": "{other.id}"}}'), ports) == {"ignored": "no_release"}
    assert not ports.releases.stored[other.id].ended


@pytest.mark.parametrize("machine", ["rollback", "operate", "register_service", "parts_verify", "scan_gate"])
def test_other_machines_are_none_of_its_business(machine: str):
    # Given
    ports = given_ports()
    arn = execution_arn("x", machine)
    ports.machines.add(arn)

    # Then
    assert run(stopped(ports, arn), ports) == {"ignored": "no_root_execution"}


@pytest.mark.parametrize("status", ["RUNNING", "PENDING_REDRIVE", "SUCCEEDED"])
def test_the_state_is_read_and_the_event_not_believed(status: str):
    # Given somebody has redriven it since
    ports = given_ports()
    redriven = running(ports)
    ports.machines.finish(str(redriven.execution), status)

    # Then
    assert run(told(str(redriven.execution)), ports) == {"ignored": "not_stopped"}
    assert not ports.releases.stored[redriven.id].ended


def test_an_execution_that_nobody_knows_is_ignored():
    assert run(told(execution_arn("forged")), given_ports()) == {"ignored": "unknown_execution"}


def test_two_automatic_rollbacks_then_people_are_called():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    deployment(ports, bad, "staging")
    lock(ports, bad, "staging")
    command = stopped(ports, str(bad.execution))
    run(command, ports)
    (first,) = rollbacks(ports)
    ports.machines.finish(first, "ABORTED")

    # When the first has stopped half-way
    assert run(command, ports)["outcome"] == "rollback_started"
    (second,) = set(rollbacks(ports)) - {first}
    ports.machines.finish(second, "FAILED")

    # And the second too
    result = run(command, ports)

    # Then
    assert result["outcome"] == "people_called"
    assert len(rollbacks(ports)) == 2
    stored = ports.releases.stored[bad.id]
    assert (stored.outcome, stored.failed_environment) == (Outcome.FAILED, "staging")
    assert [each.outcome for each in ports.deployments.of_release(bad.id)] == [Outcome.FAILED]
    assert ports.locks.holder("checkout", "staging") is None
    assert sum("needs people" in each.subject for each in ports.notifier.messages) == 1

    # When it is told again
    again = run(command, ports)

    # Then nobody is called twice
    assert again["outcome"] == "recorded"
    assert sum("needs people" in each.subject for each in ports.notifier.messages) == 1


def test_a_rollback_that_died_with_the_lock_is_started_once_more_and_no_more():
    # Given a rollback after an alarm, long after the release had succeeded
    ports = given_ports()
    accused = running(ports)
    ports.releases.end(accused.id, Outcome.SUCCEEDED, "", at=at(100), environment=None)
    first = execution_arn("first", "rollback")
    lock(ports, accused, "prod", owner=first)

    # When
    results = [roll_back_again(ports, ports.releases.stored[accused.id], "prod", first) for _ in range(2)]
    (second,) = rollbacks(ports)
    third = roll_back_again(ports, ports.releases.stored[accused.id], "prod", second)

    # Then
    assert {each.done for each in results} == {"rollback_started"}
    assert third.done == "people_called"
    assert ports.releases.stored[accused.id].outcome is Outcome.SUCCEEDED


CALLS = [
    ("machines", "describe"),
    ("releases", "get"),
    ("catalogue", "get"),
    ("deployments", "of_release"),
    ("releases", "end"),
    ("locks", "holder"),
    ("locks", "release"),
    ("approvals", "pending_of"),
    ("approvals", "decide"),
    ("waits", "of_release"),
    ("waits", "remove"),
    ("waits", "on"),
    ("machines", "resume"),
    ("journal", "append"),
    ("intake", "first"),
]


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(("port", "method"), CALLS)
def test_a_retry_finishes_what_a_failed_call_left_undone(port: str, method: str, error: Exception):
    # Given
    ports = given_ports()
    alone = running(ports)
    asked = approval(alone)
    ports.approvals.create(asked, {})
    wait(ports, f"approval/{asked.id}", alone.id, "approval")
    lock(ports, alone, "staging")
    wait(ports, "lock/checkout/staging", "somebody else", "next in line")
    command = stopped(ports, str(alone.execution))
    getattr(ports, port).fail(method, error)

    # When
    with pytest.raises(type(error)):
        run(command, ports)
    run(command, ports)

    # Then
    assert ports.releases.stored[alone.id].outcome is Outcome.CANCELLED
    assert ports.approvals.stored[asked.id].status is ApprovalStatus.VOID
    assert ports.locks.holder("checkout", "staging") is None
    assert ports.machines.answers["next in line"] == {"signal": "released"}
    assert ports.journal.kinds(alone.id) == ["release.cancelled"]
    assert len(ports.notifier.messages) >= 1
    assert not ports.waits.of_release(alone.id)


@given(st.data())
def test_whatever_was_going_on_it_ends_in_one_record_or_a_rollback(data: st.DataObject):
    # Given a release stopped anywhere on its way
    ports = given_ports()
    stopped_somewhere = running(ports)
    for environment in ("dev", "staging", "prod")[: data.draw(st.integers(0, 3))]:
        ports.releases.touch(stopped_somewhere.id, environment, production=environment == "prod")
        outcome = data.draw(st.sampled_from([None, Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ROLLED_BACK]))
        if data.draw(st.booleans()):
            deployment(ports, stopped_somewhere, environment, outcome=outcome)
        if data.draw(st.booleans()):
            lock(ports, stopped_somewhere, environment)
    signal = data.draw(st.sampled_from([None, *StopSignal]))
    if signal:
        ports.releases.stop(stopped_somewhere.id, signal, "because", unless_production=False)
    status = data.draw(st.sampled_from(["FAILED", "TIMED_OUT", "ABORTED"]))
    command = stopped(ports, str(stopped_somewhere.execution), status)
    ports.clock.advance(3600)

    # When it is told three times, and whatever rollback is started never finishes
    for _ in range(3):
        run(command, ports)
        for rollback in rollbacks(ports):
            ports.machines.finish(rollback, "ABORTED")

    # Then
    stored = ports.releases.stored[stopped_somewhere.id]
    assert stored.ended
    assert len(rollbacks(ports)) in (0, 2)
    assert not ports.locks.all()
    assert all(each.outcome is not None for each in ports.deployments.of_release(stored.id))


def test_digests_are_not_put_into_quarantine_because_an_execution_was_aborted():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "staging", production=False)
    execution = ports.machines.executions[stopped(ports, str(bad.execution)).detail.execution]

    # When
    recover(ports, ports.releases.stored[bad.id], execution)

    # Then
    assert digest("a") not in ports.quarantine.digests("checkout")
