"""What an operator may ask for."""

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import check_repeatable
from tests.unit.examples import NOON, at, digest, execution_arn, registered, release, running, service, wait
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.domain.service import ImageSource, TagRule
from tidegate.steps import plan_release
from tidegate.steps.operate import Command, run

ROOT = execution_arn("ask-4711", "operate")
UNKNOWN = "checkout-20260101T000000Z-ffffff"


def ask(ports: FakePorts, root: str = ROOT, **given) -> dict:
    return run(Command(root=root, input=given), ports)


def failed(**more) -> tuple[FakePorts, Release]:
    """A release that failed in prod."""
    ports = registered(fake_ports())
    ports.registry.push("checkout", "1.0.a", digest("a"), NOON)
    one = running(ports, **more)
    ports.releases.end(one.id, Outcome.FAILED, "It broke.", at=at(60), environment="prod")
    return ports, ports.releases.stored[one.id]


# --- cancel -------------------------------------------------------------------------------------------------


def test_a_cancelled_release_is_told_and_woken():
    # Given
    ports = registered(fake_ports())
    one = running(ports)
    wait(ports, "approval/1", one.id)

    # When
    result = ask(ports, action="cancel", release=one.id, reason="Wrong branch.", requested_by="ana")

    # Then
    now = ports.releases.stored[one.id]
    assert (result["outcome"], result["release"]) == ("succeeded", one.id)
    assert result["record"] == f"{one.id}/operate/ask-4711"
    assert (now.stop, now.stop_reason) == (StopSignal.CANCELLED, "Cancelled by ana: Wrong branch.")
    assert ports.machines.answers == {"token": {"signal": "cancelled"}}
    assert ports.journal.kinds(one.id) == ["operator.cancel"]


def test_a_release_in_production_may_be_cancelled_too():
    # Given
    ports = registered(fake_ports())
    one = running(ports)
    ports.releases.touch(one.id, "prod", production=True)

    # Then
    assert ask(ports, action="cancel", release=one.id, reason="Stop.")["outcome"] == "succeeded"


def test_a_second_person_who_cancels_is_told_that_it_is_done():
    # Given
    ports = registered(fake_ports())
    one = running(ports)
    ask(ports, action="cancel", release=one.id, reason="Wrong branch.")

    # When
    result = ask(ports, execution_arn("other", "operate"), action="cancel", release=one.id, reason="Mine.")

    # Then
    assert result["outcome"] == "succeeded"
    assert "Wrong branch." in (ports.releases.stored[one.id].stop_reason or "")


def test_what_is_being_superseded_or_has_ended_cannot_be_cancelled():
    # Given
    ports, ended = failed()
    stopped = running(ports, salt=950)
    ports.releases.stop(stopped.id, StopSignal.SUPERSEDED, "Newer.", unless_production=True)

    # Then
    first = ask(ports, action="cancel", release=ended.id, reason="x")
    assert (first["outcome"], first["reason"]) == (
        "rejected",
        f"release: {ended.id} has ended already as failed.",
    )
    second = ask(ports, action="cancel", release=stopped.id, reason="x")
    assert second["reason"] == f"release: {stopped.id} is being stopped already (superseded)."


def test_a_release_that_ends_while_it_is_being_cancelled_is_not_called_cancelled():
    # Given
    ports = registered(fake_ports())
    one = running(ports)
    stop = ports.releases.stop

    def too_late(*arguments, **options):
        ports.releases.end(one.id, Outcome.SUCCEEDED, "", at=NOON, environment=None)
        return stop(*arguments, **options)

    ports.releases.stop = too_late

    # Then
    result = ask(ports, action="cancel", release=one.id, reason="x")
    assert (result["outcome"], result["reason"]) == (
        "rejected",
        f"release: {one.id} has ended already as succeeded.",
    )


# --- retry --------------------------------------------------------------------------------------------------


def test_a_retry_goes_on_where_it_failed():
    # Given
    ports, one = failed()

    # When
    result = ask(ports, action="retry", release=one.id)

    # Then
    started = execution_arn(f"{one.id}-a2")
    assert (result["outcome"], result["reason"]) == ("succeeded", f"Attempt 2 of {one.id} started from prod.")
    assert ports.machines.payloads[started] == {
        "release": one.id,
        "attempt": 2,
        "from_environment": "prod",
    }
    planned = plan_release.run(
        plan_release.Command(root=started, input=ports.machines.payloads[started]), ports
    )
    assert (planned["outcome"], planned["index"]) == ("ready", 2)


def test_a_retry_whose_answer_was_lost_is_the_same_retry_although_the_attempt_has_begun():
    # Given
    ports, one = failed()
    first = ask(ports, action="retry", release=one.id)
    started = execution_arn(f"{one.id}-a2")
    plan_release.run(plan_release.Command(root=started, input=ports.machines.payloads[started]), ports)

    # When
    second = ask(ports, action="retry", release=one.id)

    # Then
    assert second == first
    assert [arn for arn in ports.machines.executions if "-a" in arn.rpartition(":")[2]] == [started]


def test_another_operator_cannot_start_the_same_attempt_twice():
    # Given
    ports, one = failed()
    ask(ports, action="retry", release=one.id)

    # When
    ask(ports, execution_arn("other", "operate"), action="retry", release=one.id)

    # Then
    attempts = [arn for arn in ports.machines.executions if "-a" in arn.rpartition(":")[2]]
    assert [arn.rpartition("-")[2] for arn in attempts] == ["a2"]


def test_an_attempt_that_broke_before_it_began_does_not_stand_in_the_way():
    # Given an attempt whose execution ended before it had planned
    ports, one = failed()
    ask(ports, action="retry", release=one.id)
    ports.machines.stop(execution_arn(f"{one.id}-a2"), error="States.Runtime", cause="")

    # When
    result = ask(ports, execution_arn("later", "operate"), action="retry", release=one.id)

    # Then
    assert result["reason"] == f"Attempt 3 of {one.id} started from prod."
    started = execution_arn(f"{one.id}-a3")
    planned = plan_release.run(
        plan_release.Command(root=started, input=ports.machines.payloads[started]), ports
    )
    assert planned["outcome"] == "ready"


@pytest.mark.parametrize("case", ["runs", "succeeded", "by_hand"])
def test_only_a_release_that_ended_badly_is_retried(case: str):
    # Given
    ports, one = failed()
    if case == "runs":
        one = running(ports, salt=950)
    elif case == "succeeded":
        one = release(ports, salt=950, outcome=Outcome.SUCCEEDED)
    else:
        by_hand = execution_arn("x", "deploy")
        one = release(ports, salt=950, outcome=Outcome.FAILED, execution=by_hand)
    before = dict(ports.machines.executions)

    # When
    result = ask(ports, action="retry", release=one.id)

    # Then
    assert result["outcome"] == "rejected"
    assert result["reason"].startswith(f"release: {one.id} ")
    assert ports.machines.executions == before


# --- promote ------------------------------------------------------------------------------------------------


def test_an_older_release_is_promoted_as_a_new_one():
    # Given
    ports, one = failed()

    # When
    result = ask(ports, action="promote", release=one.id, requested_by="ana", reason="It was fine.")

    # Then
    new = ports.releases.stored[result["release"]]
    assert (result["outcome"], new.trigger, new.requested_by) == ("succeeded", "operator", "ana")
    assert new.id != one.id
    assert new.digests == one.digests
    assert ports.machines.payloads[execution_arn(new.id)] == {"release": new.id}


def test_promoted_images_are_those_of_the_release_and_the_rules_those_of_now():
    # Given
    ports, one = failed()
    ports.catalogue.put(service(environments=service().environments[:1]), after=1)

    # Then
    result = ask(ports, action="promote", release=one.id)
    assert ports.releases.stored[result["release"]].revision == 2


def test_a_release_that_lacks_an_image_of_today_is_not_promoted():
    # Given
    ports, one = failed()
    containers = {name: ImageSource(name, TagRule(pattern="*")) for name in ("app", "worker")}
    ports.catalogue.put(service(containers=containers), after=1)

    # When
    result = ask(ports, action="promote", release=one.id)

    # Then
    assert result["outcome"] == "rejected"
    assert result["reason"] == "release: it has images of app; checkout now feeds app, worker."


# --- quarantine, freeze, thaw -------------------------------------------------------------------------------


def test_a_quarantine_is_lifted_with_its_reason():
    # Given
    ports = registered(fake_ports())
    ports.quarantine.add("checkout", digest("a"), reason="Bad.", release="x", at=NOON)

    # When
    result = ask(
        ports,
        action="lift_quarantine",
        service="checkout",
        digest=digest("a"),
        reason="A bad upstream.",
        requested_by="ana",
    )

    # Then
    assert result["outcome"] == "succeeded"
    assert ports.quarantine.digests("checkout") == {}
    assert list(ports.quarantine.lifted.values()) == [("A bad upstream.", "ana")]


def test_a_digest_is_put_in_quarantine_by_hand_with_who_and_why():
    # Given
    ports = registered(fake_ports())
    given = {"action": "quarantine", "service": "checkout", "digest": digest("a")}

    # When
    result = ask(ports, **given, reason="CVE-2026-1234.", requested_by="ana")

    # Then
    assert result["outcome"] == "succeeded"
    assert ports.quarantine.digests("checkout") == {digest("a"): "Put in by ana: CVE-2026-1234."}
    assert ports.journal.kinds("checkout/*") == ["operator.quarantine"]


def test_a_digest_that_is_in_quarantine_stays_in_with_its_first_reason():
    # Given
    ports = registered(fake_ports())
    ports.quarantine.add("checkout", digest("a"), reason="health in prod.", release="x", at=NOON)

    # When
    result = ask(ports, action="quarantine", service="checkout", digest=digest("a"), reason="Bad.")

    # Then
    assert result["outcome"] == "succeeded"
    assert result["reason"] == f"{digest('a')} of checkout was in quarantine before: health in prod."
    assert ports.quarantine.digests("checkout") == {digest("a"): "health in prod."}


def test_what_is_not_in_quarantine_cannot_be_lifted():
    # Given
    ports = registered(fake_ports())

    # Then
    result = ask(ports, action="lift_quarantine", service="checkout", digest=digest("a"), reason="x")
    assert (result["outcome"], result["reason"]) == (
        "rejected",
        f"digest: {digest('a')} of checkout is not in quarantine.",
    )


def test_an_environment_is_frozen_and_thawed_and_whoever_waits_goes_on():
    # Given
    ports = registered(fake_ports())
    one = running(ports)
    wait(ports, "freeze/checkout/prod", one.id)
    place = {"service": "checkout", "environment": "prod"}

    # When
    frozen = ask(ports, action="freeze", **place, reason="Quarter end.")

    # Then
    assert frozen["outcome"] == "succeeded"
    assert ports.freezes.reason("checkout", "prod") == "Quarter end."
    assert not ports.machines.answers

    # When
    thawed = ask(ports, execution_arn("thaw", "operate"), action="thaw", **place)

    # Then
    assert thawed["outcome"] == "succeeded"
    assert ports.freezes.reason("checkout", "prod") is None
    assert ports.machines.answers == {"token": {"signal": "thawed"}}
    assert ports.journal.kinds("checkout/prod") == ["operator.freeze", "operator.thaw"]


def test_a_second_freeze_says_why_it_was_frozen_before():
    # Given
    ports = registered(fake_ports())
    place = {"action": "freeze", "service": "checkout", "environment": "prod"}
    ask(ports, **place, reason="Quarter end.")

    # When
    result = ask(ports, execution_arn("other", "operate"), **place, reason="Incident.")

    # Then
    assert result["reason"].endswith("It was frozen before: Quarter end.")


def test_thawing_what_is_not_frozen_is_no_mistake():
    assert (
        ask(registered(fake_ports()), action="thaw", service="checkout", environment="prod")["outcome"]
        == "succeeded"
    )


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"action": "melt"}, 'action: "melt" is not allowed; give "cancel", "retry"'),
        ({"action": "cancel", "release": UNKNOWN}, "reason: this field is missing; the action cancel"),
        ({"action": "cancel", "release": UNKNOWN, "reason": "x"}, "release: the ledger does not know"),
        ({"action": "retry", "release": UNKNOWN}, "release: the ledger does not know"),
        ({"action": "promote", "release": UNKNOWN}, "release: the ledger does not know"),
        ({"action": "quarantine", "service": "a", "digest": digest("a"), "reason": "x"}, "service: a is not"),
        ({"action": "quarantine", "service": "checkout", "digest": "a", "reason": "x"}, "digest: "),
        ({"action": "thaw", "service": "nobody", "environment": "dev"}, "service: nobody is not registered."),
        ({"action": "thaw", "service": "checkout", "environment": "moon"}, "environment: service ch"),
        ({"action": "freeze", "service": "checkout", "environment": "moon", "reason": "x"}, "environment: "),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_that_names_the_field_and_changes_nothing(given: dict, sentence: str):
    # Given
    ports = registered(fake_ports())

    # When
    result = ask(ports, **given)

    # Then
    assert result["outcome"] == "rejected"
    assert result["reason"].startswith(sentence)
    assert not ports.machines.executions
    assert not ports.freezes.frozen
    assert not ports.releases.stored


ACTIONS = {
    "cancel": {"reason": "x"},
    "retry": {},
    "promote": {},
    "quarantine": {"service": "checkout", "digest": digest("b"), "reason": "x"},
    "lift_quarantine": {"service": "checkout", "digest": digest("a"), "reason": "x"},
    "freeze": {"service": "checkout", "environment": "dev", "reason": "x"},
    "thaw": {"service": "checkout", "environment": "dev"},
}


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_breaks_trying_again_finishes_it(action: str):
    def make():
        ports, one = failed()
        if action == "cancel":
            one = running(ports, salt=950)
        wait(ports, "approval/1", one.id)
        wait(ports, "freeze/checkout/dev", one.id, "frozen")
        ports.quarantine.add("checkout", digest("a"), reason="Bad.", release="x", at=NOON)
        given = {"action": action, **ACTIONS[action]}
        if action in ("cancel", "retry", "promote"):
            given["release"] = one.id
        if action == "thaw":
            ports.freezes.set("checkout", "dev", reason="x", by=None, at=NOON)

        def result() -> dict:
            # Whether it was frozen is all that a second thaw can say otherwise.
            answer = ask(ports, **given)
            return answer if action != "thaw" else {**answer, "reason": None}

        return ports, result

    check_repeatable(make)


def test_the_journal_keeps_who_asked_for_what_and_why():
    # Given
    ports = registered(fake_ports())
    place = {"service": "checkout", "environment": "dev"}

    # When
    ask(ports, action="freeze", **place, reason="Quarter end.", requested_by="ana")

    # Then
    (line,) = ports.journal.entries("checkout/dev")
    assert line["entry"] == {
        "action": "freeze",
        "outcome": "succeeded",
        "reason": "Quarter end.",
        "requested_by": "ana",
        "digest": None,
        "execution": ROOT,
    }


def test_freezing_again_for_the_same_reason_says_nothing_of_before():
    # Given
    ports = registered(fake_ports())
    place = {"action": "freeze", "service": "checkout", "environment": "prod", "reason": "Quarter end."}

    # Then
    assert ask(ports, **place) == ask(ports, **place)
    assert "before" not in ask(ports, **place)["reason"]
