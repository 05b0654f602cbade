"""Asking the approvers of an environment."""

import re
from typing import Any

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import APPROVER, at, deployment, environment, registered, release, running, service
from tidegate.domain.approval import Approval, ApprovalStatus, Vote, link_hash
from tidegate.domain.canary import Canary
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.provenance import Provenance
from tidegate.domain.release import Release
from tidegate.domain.service import ApprovalRule
from tidegate.domain.task_definition import fingerprint
from tidegate.errors import Terminal, Transient
from tidegate.steps import approving
from tidegate.steps.approving import rendered
from tidegate.steps.request_approval import Command, run
from tidegate.steps.resume import wake
from tidegate.steps.scope import Scope

BEFORE = "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-prod:1"
OTHER = "security@example.com"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def given_ports(*, confirmed: tuple[str, ...] = (APPROVER,), **rule: Any) -> tuple[FakePorts, Release]:
    """A release of checkout whose production needs an approval."""
    ports = fake_ports()
    known = {"approvers": (APPROVER,), "expires_after_seconds": 3600, **rule}
    registered(ports, service(environments=(environment("prod", approval=ApprovalRule(**known)),)))
    for address in known["approvers"]:
        ports.notifier.subscribe_approver(address)
    for address in confirmed:
        ports.notifier.confirm(address)
    ports.services.add("prod", "checkout", BEFORE)
    ports.task_definitions.registered[BEFORE] = {
        "family": "checkout-prod",
        "containerDefinitions": [{"name": "app", "image": f"{REGISTRY}/checkout:0.9.0"}],
    }
    return ports, running(ports)


def command(of: Release, token: str = "token", **more: Any) -> Command:
    known = {
        "root": of.execution or "root",
        "release": of.id,
        "service": "checkout",
        "environment": "prod",
        "token": token,
        "waiter": "approve/Request approval",
    }
    return Command.model_validate(known | more)


def only(ports: FakePorts) -> Approval:
    (approval,) = ports.approvals.stored.values()
    return approval


def links(ports: FakePorts) -> list[str]:
    """The secret part of every link that was mailed."""
    return [match for _, _, body in ports.notifier.asked for match in re.findall(r"/approve/(\S+)", body)]


def test_every_approver_gets_a_mail_with_a_link_of_their_own_and_the_machine_waits():
    # Given
    ports, wanted = given_ports(approvers=(APPROVER, OTHER), confirmed=(APPROVER, OTHER))

    # When
    result = run(command(wanted), ports)

    # Then
    approval = only(ports)
    assert result == {"outcome": "waiting", "approval": approval.id}
    assert [address for address, _, _ in ports.notifier.asked] == [APPROVER, OTHER]
    assert len(set(links(ports))) == 2
    for address, link in zip((APPROVER, OTHER), links(ports), strict=True):
        assert ports.approvals.by_link(link_hash(link)) == (approval, address)
    (waits,) = ports.waits.on(f"approval/{approval.id}")
    assert (waits.token, waits.release) == ("token", wanted.id)
    assert not ports.machines.answers


def test_the_request_is_bound_to_the_digests_and_to_what_runs():
    # Given
    ports, wanted = given_ports()

    # When
    run(command(wanted), ports)

    # Then
    approval = only(ports)
    assert approval.digests == wanted.digests
    assert approval.from_task_definition == BEFORE
    assert approval.from_images == {"app": f"{REGISTRY}/checkout:0.9.0"}
    assert (approval.requested_at, approval.expires_at) == (at(0), at(3600))
    assert ports.journal.kinds(wanted.id) == ["approval.requested"]


def test_what_runs_is_told_by_our_own_record_where_there_is_one():
    # Given
    ports, wanted = given_ports()
    before = release(ports, letter="f", pushed=-900, salt=1)
    deployment(ports, before, "prod", outcome=Outcome.SUCCEEDED, task_definition=BEFORE)

    # When
    run(command(wanted), ports)

    # Then
    assert only(ports).from_images == {"app": f"checkout@sha256:{'f' * 64}"}


def test_the_mail_says_first_what_is_asked_and_that_opening_decides_nothing():
    # Given
    ports, wanted = given_ports()

    # When
    run(command(wanted), ports)

    # Then
    ((_, subject, body),) = ports.notifier.asked
    assert subject == "Approve checkout:1.0.a: checkout in prod?"
    assert body.splitlines()[0] == "checkout:1.0.a waits for your approval: checkout in prod."
    assert "from: checkout:0.9.0" in body
    assert "Requested by: a push" in body
    assert "Expires: 2026-11-23 13:00 UTC" in body
    assert f"https://tidegate.example/approve/{links(ports)[0]}" in body
    assert "Opening the page decides nothing" in body


def test_the_secret_of_a_link_is_in_the_mail_alone():
    # Given
    ports, wanted = given_ports()

    # When
    run(command(wanted), ports)

    # Then
    (link,) = links(ports)
    everything_else = [ports.approvals.stored, ports.approvals.links, ports.journal.lines, ports.waits.stored]
    everything_else += [ports.notifier.messages, ports.intake.claims]
    assert link not in repr(everything_else)


def test_the_step_invoked_twice_asks_once():
    # Given
    ports, wanted = given_ports()

    # When
    results = [run(command(wanted), ports), run(command(wanted, "second token"), ports)]

    # Then
    assert results[0] == results[1]
    assert len(ports.notifier.asked) == len(ports.notifier.messages) == 1
    (waits,) = ports.waits.stored.values()
    assert waits.token == "second token"


CALLS = [
    ("releases", "get"),
    ("approvals", "get"),
    ("notifier", "confirmed_approvers"),
    ("services", "describe"),
    ("deployments", "latest"),
    ("task_definitions", "describe"),
    ("approvals", "create"),
    ("journal", "append"),
    ("notifier", "publish"),
    ("waits", "put"),
    ("intake", "seen"),
    ("notifier", "ask_approver"),
    ("intake", "first"),
]


@pytest.mark.parametrize(("port", "method"), CALLS)
def test_after_a_call_that_failed_the_retry_leaves_nobody_with_a_dead_link(port: str, method: str):
    # Given
    ports, wanted = given_ports()
    getattr(ports, port).fail(method, Transient("throttled"))

    # When
    with pytest.raises(Transient):
        run(command(wanted, "first token"), ports)
    run(command(wanted, "second token"), ports)

    # Then every mailed link opens the one request, and the newest token waits
    approval = only(ports)
    assert links(ports)
    assert all(ports.approvals.by_link(link_hash(link)) == (approval, APPROVER) for link in links(ports))
    assert [each.token for each in ports.waits.on(f"approval/{approval.id}")] == ["second token"]
    assert {each.subject for each in ports.notifier.messages} == {"checkout: prod waits for approval"}


def test_one_refused_mail_does_not_keep_the_others_back():
    # Given
    ports, wanted = given_ports(approvers=(APPROVER, OTHER), confirmed=(APPROVER, OTHER))
    ports.notifier.fail("ask_approver", Terminal("InvalidParameter"))

    # When
    result = run(command(wanted), ports)

    # Then
    assert result["outcome"] == "waiting"
    assert [address for address, _, _ in ports.notifier.asked] == [OTHER]
    assert "approval.mail_refused" in ports.journal.kinds(wanted.id)


def test_when_no_mail_is_accepted_the_step_fails():
    # Given
    ports, wanted = given_ports()
    ports.notifier.fail("ask_approver", Terminal("AuthorizationError"))

    # Then
    with pytest.raises(Terminal, match="AuthorizationError"):
        run(command(wanted), ports)


def test_nobody_confirmed_is_said_at_once_instead_of_waiting():
    # Given
    ports, wanted = given_ports(approvers=(APPROVER, OTHER), confirmed=())

    # When
    result = run(command(wanted), ports)

    # Then
    reason = (
        f"Nobody can approve: {APPROVER} and {OTHER} have not confirmed the subscription to approval mails."
    )
    assert result == {"outcome": "failed", "reason": reason}
    assert ports.machines.answers == {"token": {"outcome": "failed", "reason": reason}}
    assert not ports.approvals.stored
    assert not ports.waits.stored
    assert not ports.notifier.asked


def test_who_is_missing_is_named_while_the_others_are_asked():
    # Given
    ports, wanted = given_ports(approvers=(APPROVER, OTHER), confirmed=(APPROVER,))

    # When
    run(command(wanted), ports)

    # Then
    assert only(ports).asked == (APPROVER,)
    (message,) = ports.notifier.messages
    assert f"Not asked: {OTHER} has not confirmed the subscription to approval mails." in message.body
    assert len(ports.notifier.called("subscribe_approver")) == 3  # registration of both, then the missing one


def test_an_address_that_cannot_be_subscribed_does_not_stop_the_others():
    # Given
    ports, wanted = given_ports(approvers=(APPROVER, "no address"), confirmed=(APPROVER,))
    ports.notifier.fail("subscribe_approver", Terminal("InvalidParameter"))

    # Then
    assert run(command(wanted), ports)["outcome"] == "waiting"
    assert ports.journal.kinds("checkout") == ["approver.unreachable"]


def test_addresses_are_compared_without_regard_to_case():
    # Given
    ports, wanted = given_ports(approvers=("Ops@Example.com",), confirmed=())
    ports.notifier.confirm(APPROVER)

    # Then
    assert run(command(wanted), ports)["outcome"] == "waiting"


@pytest.mark.parametrize("may", [True, False])
def test_nobody_is_asked_about_their_own_release_where_the_rule_says_so(may: bool):
    # Given
    ports, _ = given_ports(
        approvers=(APPROVER, OTHER), confirmed=(APPROVER, OTHER), requester_may_approve=may
    )
    own = running(ports, salt=7, trigger="operator", requested_by="OPS@example.com ")

    # When
    run(command(own), ports)

    # Then
    assert only(ports).asked == ((APPROVER, OTHER) if may else (OTHER,))


def test_when_only_the_requester_could_approve_it_says_so():
    # Given
    ports, _ = given_ports(requester_may_approve=False)
    own = running(ports, salt=7, trigger="operator", requested_by=APPROVER)

    # When
    result = run(command(own), ports)

    # Then
    why = f"{APPROVER} asked for this release and may not approve it."
    assert result == {"outcome": "failed", "reason": f"Nobody can approve: {why}"}


def test_a_service_that_is_gone_is_said_at_once():
    # Given
    ports, wanted = given_ports()
    ports.services.described.clear()

    # When
    result = run(command(wanted), ports)

    # Then
    assert result == {"outcome": "failed", "reason": "There is no active service checkout in cluster prod."}
    assert not ports.notifier.asked


def test_an_environment_without_a_rule_is_a_clear_failure():
    # Given
    ports = registered(fake_ports())
    wanted = running(ports)

    # Then
    result = run(command(wanted, environment="dev"), ports)
    assert result == {"outcome": "failed", "reason": "dev has no approval rule."}


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_must_stop_is_not_asked_for(signal: StopSignal):
    # Given
    ports, wanted = given_ports()
    ports.releases.stop(wanted.id, signal, "because", unless_production=False)

    # When
    run(command(wanted), ports)

    # Then
    assert ports.machines.answers == {"token": {"signal": "stopped"}}
    assert not ports.approvals.stored
    assert not ports.notifier.asked


class _StopsWhileStoring:
    """Tells the release to stop in the moment in which the wait is stored, before anybody could be woken."""

    def __init__(self, ports: FakePorts, wanted: Release) -> None:
        self._ports, self._put, self._wanted = ports, ports.waits.put, wanted

    def __call__(self, wait: Any) -> None:
        self._ports.releases.stop(self._wanted.id, StopSignal.SUPERSEDED, "because", unless_production=True)
        self._put(wait)


def test_a_stop_signal_that_came_just_before_the_wait_is_not_missed():
    # Given
    ports, wanted = given_ports()
    ports.waits.put = _StopsWhileStoring(ports, wanted)  # type: ignore[method-assign]

    # When
    run(command(wanted), ports)

    # Then
    assert ports.machines.answers == {"token": {"signal": "already"}}
    assert not ports.waits.stored


@pytest.mark.parametrize("status", [ApprovalStatus.APPROVED, ApprovalStatus.REJECTED, ApprovalStatus.EXPIRED])
def test_a_decision_that_came_before_the_wait_is_not_missed(status: ApprovalStatus):
    # Given the machine asked, was resumed by something else, and meanwhile somebody decided
    ports, wanted = given_ports()
    run(command(wanted, "first token"), ports)
    ports.approvals.decide(only(ports).id, status, by=APPROVER, comment="no", at=at(1))

    # When
    run(command(wanted, "second token"), ports)

    # Then
    assert ports.machines.answers == {"second token": {"signal": "already"}}
    assert len(ports.notifier.asked) == 1


def test_a_request_that_became_void_is_asked_again_with_what_runs_now():
    # Given
    ports, wanted = given_ports()
    run(command(wanted, "first token"), ports)
    first = only(ports)
    ports.services.add("prod", "checkout", BEFORE.replace(":1", ":2"))
    ports.task_definitions.registered[BEFORE.replace(":1", ":2")] = {"family": "checkout-prod"}
    approving.make_void(ports, first, "What runs has changed.")

    # When
    run(command(wanted, "second token"), ports)

    # Then
    second = ports.approvals.stored[f"{first.id}.1"]
    assert second.from_task_definition == BEFORE.replace(":1", ":2")
    assert ports.machines.answers == {"first token": {"signal": "void"}}
    assert len(ports.notifier.asked) == 2
    assert ports.approvals.by_link(link_hash(links(ports)[0])) is not None


def test_another_round_is_another_request():
    # Given
    ports, wanted = given_ports()
    run(command(wanted), ports)
    ports.approvals.decide(only(ports).id, ApprovalStatus.APPROVED, by=APPROVER, comment=None, at=at(1))

    # When
    result = run(command(wanted, "second token", round=1), ports)

    # Then
    assert result["outcome"] == "waiting"
    assert len(ports.approvals.stored) == 2


def test_it_does_not_ask_for_ever():
    # Given
    ports, wanted = given_ports()
    for _ in range(approving.MOST_REQUESTS):
        result = run(command(wanted), ports)
        approving.make_void(ports, ports.approvals.stored[result["approval"]], "changed")
    asked = len(ports.notifier.asked)

    # When
    run(command(wanted, "last token"), ports)

    # Then the machine goes on to the step that says why
    assert ports.machines.answers["last token"] == {"signal": "void"}
    assert len(ports.notifier.asked) == asked


# --- about a canary ----------------------------------------------------------------------------------------


def asked_about_a_canary(**more: Any) -> tuple[FakePorts, Release, Command]:
    """The figures of a canary allow no conclusion."""
    ports, wanted = given_ports()
    canary = Canary(
        **{
            "id": "canary-1",
            "release": wanted.id,
            "service": "checkout",
            "environment": "prod",
            "attempt": 1,
            "root": str(wanted.execution),
            "task_definition": "new",
            "stable_task_definition": BEFORE,
            "opened_at": at(0),
            "phase": "asking",
            "decision": "ask",
            **more,
        }
    )
    ports.canaries.open(canary)
    question = "The 10 % step is over without a conclusion."
    return ports, wanted, command(wanted, also="canary/canary-1", question=question, round=100)


def test_the_approvers_read_what_the_figures_did_not_say():
    # Given
    ports, _, asked = asked_about_a_canary()

    # When
    run(asked, ports)

    # Then
    ((_, _, body),) = ports.notifier.asked
    assert "The 10 % step is over without a conclusion." in body
    assert "Question: The 10 % step is over" in ports.notifier.messages[0].body


def test_the_pulse_may_end_the_wait_as_well_as_people():
    # Given
    ports, _, asked = asked_about_a_canary()
    run(asked, ports)

    # Then
    assert {wait.subject for wait in ports.waits.stored.values()} == {
        approving.subject(only(ports).id), "canary/canary-1",
    }  # fmt: skip
    assert wake(ports, "canary/canary-1", "roll_back") == 1


@pytest.mark.parametrize("given", [{"decision": "roll_back"}, {"id": "canary-2"}])
def test_a_canary_that_was_decided_meanwhile_is_not_asked_about(given: dict):
    # Given
    ports, _, asked = asked_about_a_canary(**given)

    # When
    result = run(asked, ports)

    # Then
    assert result["outcome"] == "decided"
    assert ports.machines.answers == {"token": {"signal": "already"}}
    assert ports.waits.stored == {}
    assert ports.notifier.asked == []


def test_a_canary_without_a_record_is_not_asked_about():
    # Given
    ports, _, asked = asked_about_a_canary()
    ports.canaries.stored.clear()

    # Then
    assert run(asked, ports)["outcome"] == "decided"


# --- who asked, and what the request is bound to ------------------------------------------------------------

LABELS = {
    "org.opencontainers.image.revision": "0a1b2c3",
    "org.opencontainers.image.authors": "Ada <ada@example.com>",
}


def labelled(ports: FakePorts, of: Release, **labels: str) -> None:
    image = of.images["app"]
    ports.registry.labelled[image.repository, image.digest] = labels


def test_what_the_image_claims_is_kept_with_the_request_and_the_release():
    # Given
    ports, wanted = given_ports()
    labelled(ports, wanted, **LABELS)

    # When
    run(command(wanted), ports)

    # Then
    approval = only(ports)
    assert approval.provenance == {"app": Provenance(commit="0a1b2c3", author="Ada <ada@example.com>")}
    assert approval.requesters == ("ada@example.com",)
    assert ports.releases.stored[wanted.id].requested_by == "Ada <ada@example.com>"
    assert "Requested by: Ada <ada@example.com>" in ports.notifier.asked[0][2]


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("no such layer")])
def test_labels_that_cannot_be_read_keep_nobody_waiting(error: Exception):
    # Given
    ports, wanted = given_ports()
    ports.registry.fail("labels", error)

    # Then
    assert run(command(wanted), ports)["outcome"] == "waiting"
    assert only(ports).provenance == {"app": Provenance()}


def test_what_cloudtrail_told_before_is_found_by_the_image():
    # Given
    ports, wanted = given_ports(
        approvers=(APPROVER, OTHER), confirmed=(APPROVER, OTHER), requester_may_approve=False
    )
    image, pusher = wanted.images["app"], f"arn:aws:sts::123456789012:assumed-role/dev/{OTHER}"
    ports.intake.first(f"pusher/{image.repository}@{image.digest}", at=at(0), value=pusher)

    # When
    run(command(wanted), ports)

    # Then whoever pushed is not asked
    assert only(ports).asked == (APPROVER,)
    assert only(ports).pushed_by == ports.releases.stored[wanted.id].pushed_by == (pusher,)


def test_an_operator_is_the_requester_of_what_they_start_whoever_built_the_image():
    # Given
    ports, _ = given_ports(
        approvers=(APPROVER, OTHER), confirmed=(APPROVER, OTHER), requester_may_approve=False
    )
    own = running(ports, salt=7, trigger="operator", requested_by="grace@example.com")
    labelled(ports, own, **{**LABELS, "tidegate.requested-by": APPROVER})

    # When
    run(command(own), ports)

    # Then
    assert only(ports).asked == (APPROVER, OTHER)
    assert only(ports).requesters == ("grace@example.com",)


def test_too_few_approvers_are_said_at_once():
    # Given nobody knows who pushed, so that two would have to approve
    ports, wanted = given_ports(requester_may_approve=False)

    # When
    result = run(command(wanted), ports)

    # Then
    few = "Nobody can approve: too few approvers can be asked, 1 would be missing."
    assert result == {"outcome": "failed", "reason": few}
    assert not ports.approvals.stored


def test_too_few_approvers_are_told_of_where_the_glass_can_be_broken():
    # Given
    ports, wanted = given_ports(approvers=(APPROVER, OTHER), required=2, break_glass=(APPROVER,))

    # When
    run(command(wanted), ports)

    # Then
    (message,) = ports.notifier.messages
    assert "Too few approvers are asked, 1 will be missing: only breaking the glass is left." in message.body


def test_an_approver_is_asked_at_the_address_that_is_subscribed():
    # Given SNS compares filters letter by letter
    ports, wanted = given_ports(approvers=("Ops@Example.com",), confirmed=())
    ports.notifier.confirm(APPROVER)

    # When
    run(command(wanted), ports)

    # Then
    assert [address for address, _, _ in ports.notifier.asked] == [APPROVER]


def test_the_request_names_what_would_be_deployed_and_how_it_did_before():
    # Given
    ports, wanted = given_ports()
    done = deployment(ports, wanted, "dev", outcome=Outcome.SUCCEEDED)

    # When
    run(command(wanted), ports)

    # Then
    approval = only(ports)
    place = service(environments=(environment("prod"),))
    scope = Scope(wanted, place, place.environment("prod"))
    assert approval.difference == fingerprint(rendered(ports, scope))
    assert (approval.revision, approval.results) == (wanted.revision, {"dev": done.id})


# --- the reminder -------------------------------------------------------------------------------------------


def test_who_has_not_decided_is_reminded_once_with_a_link_that_works():
    # Given the time is nearly over, and the machine looks again
    ports, wanted = given_ports(approvers=(APPROVER, OTHER), confirmed=(APPROVER, OTHER), required=2)
    run(command(wanted, "first token"), ports)
    approval = only(ports)
    voted = approval.with_vote(Vote(OTHER, at(60)), enough=False)
    ports.approvals.vote(approval, voted, at=at(60))
    ports.clock.at = at(2700)

    # When
    for token in ("second token", "third token"):
        assert run(command(wanted, token), ports)["outcome"] == "waiting"

    # Then
    reminders = [each for each in ports.notifier.asked if each[1].startswith("Reminder")]
    ((address, subject, body),) = reminders
    assert (address, subject) == (APPROVER, "Reminder: approve checkout:1.0.a: checkout in prod?")
    assert body.splitlines()[0].endswith("It expires 2026-11-23 13:00 UTC.")
    assert len(set(links(ports))) == 3
    assert all(ports.approvals.by_link(link_hash(link)) for link in links(ports))


def test_nobody_is_reminded_early():
    # Given
    ports, wanted = given_ports()
    run(command(wanted, "first token"), ports)
    ports.clock.at = at(2500)

    # When
    run(command(wanted, "second token"), ports)

    # Then
    assert len(ports.notifier.asked) == 1


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("InvalidParameter")])
def test_a_reminder_that_cannot_be_sent_stops_nobody(error: Exception):
    # Given
    ports, wanted = given_ports()
    run(command(wanted, "first token"), ports)
    ports.clock.at = at(2700)
    ports.notifier.fail("ask_approver", error, times=2)

    # When
    if isinstance(error, Transient):
        with pytest.raises(Transient):
            run(command(wanted, "second token"), ports)

    # Then
    assert run(command(wanted, "third token"), ports)["outcome"] == "waiting"
    assert "notice.failed" in ports.journal.kinds(wanted.id)
