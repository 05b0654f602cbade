"""The page on which an approver looks and decides."""

import base64
import re
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import (
    APPROVER,
    at,
    deployment,
    digest,
    environment,
    registered,
    release,
    running,
    service,
    wait,
)
from tidegate.domain.approval import Approval, ApprovalStatus, Vote, link_hash
from tidegate.domain.asking import approval_id
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.provenance import Provenance
from tidegate.domain.release import Release
from tidegate.domain.scan import ImageScan, ScanFinding
from tidegate.domain.service import ApprovalRule, ApproverRole, ScanPolicy, Waiver
from tidegate.domain.task_definition import fingerprint
from tidegate.errors import Terminal, Transient
from tidegate.steps.approval_page import Command, run
from tidegate.steps.approving import rendered
from tidegate.steps.scope import Scope
from tidegate.web.forms import nonce

LINK = "kS3cret-link_of-the-first-approver-0123456789"
OTHER_LINK = "kS3cret-link_of-the-other-approver-0123456789"
OTHER = "security@example.com"
BEFORE = "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-prod:1"
Answer = dict[str, Any]


def request(method: str, path: str, body: str | None = None, **headers: str) -> Command:
    sent: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "ANY /approve/{link}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "tidegate.example", **{k.replace("_", "-"): v for k, v in headers.items()}},
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "isBase64Encoded": body is not None,
    }
    if body is not None:
        sent["body"] = base64.b64encode(body.encode()).decode()
    return Command.model_validate(sent)


def get(ports: FakePorts, link: str = LINK, method: str = "GET") -> Answer:
    return run(request(method, f"/approve/{link}"), ports)


def post(ports: FakePorts, decision: str = "approve", link: str = LINK, **more: str) -> Answer:
    """Send the form as the page would; its nonce is right unless another one is given."""
    found = ports.approvals.links.get(link_hash(link))
    shown = ports.approvals.stored[found[0]] if found else None
    fields = {"decision": decision, "comment": "", "nonce": nonce(link, bound(shown) if shown else "")}
    headers = {"content_type": "application/x-www-form-urlencoded", "sec_fetch_site": "same-origin"}
    headers |= {
        key: more.pop(key) for key in list(more) if key in ("content_type", "sec_fetch_site", "origin")
    }
    return run(request("POST", f"/approve/{link}", urlencode(fields | more), **headers), ports)


def bound(approval: Approval) -> str:
    """What the form of a request is bound to."""
    return f"{approval.id}/{approval.difference}" if approval.difference else approval.id


def given_ports(*, of_earlier_version: bool = False, **rule: Any) -> tuple[FakePorts, Release, Approval]:
    """A release of checkout that waits for the approval of its production, a minute ago."""
    ports = fake_ports()
    known = {"approvers": (APPROVER, OTHER), "expires_after_seconds": 3600, **rule}
    manifest = service(
        environments=(environment("dev"), environment("prod", approval=ApprovalRule(**known))),
        scan=ScanPolicy(waivers=(Waiver("CVE-1", "no path to it", "2027-01-01"),)),
    )
    registered(ports, manifest)
    waiting = running(ports, letter="b", requested_by=(rule and "ada@example.com") or None)
    ports.registry.push("checkout", "1.0.b", digest("b"), at(0))
    ports.registry.push("checkout", "0.9.0", digest("a"), at(-900))
    ports.registry.scans["checkout", digest("b")] = ImageScan(
        "COMPLETE", {"HIGH": 1}, (ScanFinding("CVE-1", "HIGH"),)
    )
    ports.services.add("prod", "checkout", BEFORE)
    ports.task_definitions.registered[BEFORE] = {
        "taskDefinitionArn": BEFORE,
        "family": "checkout-prod",
        "containerDefinitions": [
            {
                "name": "app",
                "image": f"checkout@{digest('a')}",
                "environment": [{"name": "STAGE", "value": "old"}],
            }
        ],
    }
    done = deployment(
        ports,
        waiting,
        "dev",
        outcome=Outcome.SUCCEEDED,
        checks=({"name": "smoke", "status": "passed", "reason": "200 in 12 ms"},),
    )
    approval = Approval(
        id=approval_id(waiting.id, "prod", 1, 0),
        release=waiting.id,
        service="checkout",
        environment="prod",
        digests=waiting.digests,
        from_task_definition=BEFORE,
        from_images={"app": f"checkout@{digest('a')}"},
        requested_at=at(0),
        expires_at=at(3600),
        requested_by=waiting.requested_by,
        asked=(APPROVER, OTHER),
    )
    if not of_earlier_version:
        scope = Scope(waiting, manifest, manifest.environment("prod"))
        approval = replace(
            approval,
            requesters=tuple(filter(None, (waiting.requested_by,))),
            difference=fingerprint(rendered(ports, scope)),
            revision=1,
            results={"dev": done.id},
            provenance={"app": Provenance(commit="0a1b2c3", author="Ada <ada@example.org>")},
        )
    ports.approvals.create(approval, {link_hash(LINK): APPROVER, link_hash(OTHER_LINK): OTHER})
    wait(ports, f"approval/{approval.id}", waiting.id)
    ports.clock.advance(60)
    return ports, waiting, approval


def state(ports: FakePorts) -> Any:
    """Everything that could have been changed."""
    return deepcopy(
        (
            ports.approvals.stored,
            ports.approvals.links,
            ports.journal.lines,
            ports.waits.stored,
            ports.machines.answers,
            ports.machines.executions,
            ports.releases.stored,
            ports.intake.claims,
            ports.notifier.messages,
        )
    )


def text(answer: Answer) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", answer["body"], flags=re.DOTALL).split())


# --- looking ------------------------------------------------------------------------------------------------


def test_the_page_shows_from_and_to_scans_results_and_who_asked():
    # Given
    ports, _, _ = given_ports()

    # When
    answer = get(ports)

    # Then
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    shown = text(answer)
    for part in (
        "Approve checkout 1.0.b for prod?",
        "prod (production)",
        "0.9.0 sha256:aaaaaaaaaaaa",
        "1.0.b sha256:bbbbbbbbbbbb",
        "app: passed , 1 HIGH",
        "Waived: CVE-1, until 2027-01-01: no path to it",
        "dev: succeeded",
        "smoke: passed . 200 in 12 ms",
        "a push of checkout:1.0.b",
        "2026-11-23 13:00 UTC , in 59 min",
        "containers.app.environment.STAGE",
        f"You decide as {APPROVER}",
    ):
        assert part in shown, part


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
def test_only_the_form_changes_anything(method: str):
    # Given
    ports, _, _ = given_ports()
    before = state(ports)

    # When a mail scanner follows the link as often as it likes
    answers = [get(ports, method=method) for _ in range(3)]

    # Then
    assert state(ports) == before
    expected = {"GET": 200, "HEAD": 200, "OPTIONS": 204}.get(method, 405)
    assert {answer["statusCode"] for answer in answers} == {expected}
    if method not in ("GET", "HEAD"):
        assert answers[0]["headers"]["Allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    "path", ["/approve/x", "/approve/" + "A" * 43, "/approve/", "/", "/other", "/approve/a/b"]
)
def test_unknown_and_forged_links_cannot_be_told_apart(path: str):
    # Given
    ports, _, _ = given_ports()

    # When
    answers = [run(request("GET", path), ports), get(ports, "never-was-one")]

    # Then
    assert answers[0] == answers[1]
    assert answers[0]["statusCode"] == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "POST"])
def test_every_answer_carries_the_security_headers(method: str):
    # Given
    ports, _, _ = given_ports()

    # Then
    for path in (f"/approve/{LINK}", "/nowhere"):
        headers = run(request(method, path), ports)["headers"]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "method", [("registry", "scan"), ("registry", "image"), ("task_definitions", "describe")]
)
def test_what_cannot_be_read_is_said_and_the_page_opens_all_the_same(method: tuple[str, str]):
    # Given
    ports, _, _ = given_ports()
    getattr(ports, method[0]).fail(method[1], Terminal("AccessDenied"), times=5)

    # Then
    answer = get(ports)
    assert answer["statusCode"] == 200
    assert "cannot be shown: AccessDenied" in text(answer)


@pytest.mark.parametrize(
    ("error", "status"), [(Transient("throttled"), 503), (Terminal("secret detail"), 500)]
)
@pytest.mark.parametrize("send", [get, post])
def test_a_failure_is_a_page_and_tells_no_secrets(send: Any, error: Exception, status: int):
    # Given
    ports, _, _ = given_ports()
    ports.approvals.fail("linked", error)

    # Then
    answer = send(ports)
    assert answer["statusCode"] == status
    assert "secret detail" not in answer["body"]
    assert "Content-Security-Policy" in answer["headers"]


# --- deciding -----------------------------------------------------------------------------------------------


def test_approving_is_recorded_wakes_the_machine_and_leads_to_the_receipt():
    # Given
    ports, waiting, approval = given_ports()

    # When
    answer = post(ports, comment="looks good")

    # Then
    assert (answer["statusCode"], answer["headers"]["Location"]) == (303, LINK)
    decided = ports.approvals.stored[approval.id]
    assert (decided.status, decided.decided_by) == (ApprovalStatus.APPROVED, APPROVER)
    assert (decided.comment, decided.decided_at) == ("looks good", at(60))
    assert ports.machines.answers == {"token": {"signal": "approved"}}
    assert ports.journal.kinds(waiting.id) == ["approval.approved"]

    # And the receipt says so to both
    for link in (LINK, OTHER_LINK):
        receipt = get(ports, link)
        assert receipt["statusCode"] == 200
        assert "Approved: checkout in prod" in text(receipt)
        assert APPROVER in text(receipt)
        assert "<form" not in receipt["body"]


def test_rejecting_needs_a_reason():
    # Given
    ports, waiting, approval = given_ports()

    # When
    without = post(ports, "reject", comment="  ")

    # Then
    assert without["statusCode"] == 422
    assert "Say in the comment why you reject it." in text(without)
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING

    # When
    answer = post(ports, "reject", comment="not on a Friday")

    # Then
    assert answer["statusCode"] == 303
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.REJECTED
    assert ports.machines.answers == {"token": {"signal": "rejected"}}
    assert ports.journal.kinds(waiting.id) == ["approval.rejected"]


@pytest.mark.parametrize(
    ("decision", "comment", "sentence"),
    [
        ("", "hello", "Choose Approve or Reject."),
        ("void", "hello", "Choose Approve or Reject."),
        ("approve", "x" * 2001, "1 characters too long"),
    ],
)
def test_a_form_with_a_mistake_comes_back_with_what_was_written(decision: str, comment: str, sentence: str):
    # Given
    ports, _, approval = given_ports()

    # When
    answer = post(ports, decision, comment=comment)

    # Then
    assert answer["statusCode"] == 422
    assert sentence in text(answer)
    assert comment in text(answer)
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"nonce": ""}, 403),
        ({"nonce": "0" * 64}, 403),
        ({"nonce": nonce(OTHER_LINK, "x")}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json"}, 415),
        ({"comment": "x" * 100_000}, 413),
        ({f"field{number}": "x" for number in range(30)}, 403),
    ],
)
def test_forged_forms_are_refused(more: dict[str, str], status: int):
    # Given
    ports, _, _ = given_ports()
    before = state(ports)

    # Then
    assert post(ports, **more)["statusCode"] == status
    assert state(ports) == before


def test_a_body_that_is_no_text_is_refused():
    # Given
    ports, _, _ = given_ports()
    sent = request(
        "POST", f"/approve/{LINK}", "x", content_type="application/x-www-form-urlencoded"
    ).model_dump()
    before = state(ports)

    # Then
    for body in ("/w==", "not base64!"):
        assert run(Command.model_validate({**sent, "body": body}), ports)["statusCode"] == 403
    assert state(ports) == before


def test_a_form_for_an_unknown_link_finds_nothing():
    # Given
    ports, _, _ = given_ports()

    # Then
    answer = post(ports, link="never-was-one")
    assert (answer["statusCode"], answer["body"]) == (404, get(ports, "never-was-one")["body"])


def test_the_same_form_sent_twice_counts_once():
    # Given
    ports, waiting, _ = given_ports()

    # When
    answers = [post(ports), post(ports)]

    # Then
    assert [answer["statusCode"] for answer in answers] == [303, 303]
    assert ports.journal.kinds(waiting.id) == ["approval.approved"]
    assert len(ports.machines.answers) == 1


@pytest.mark.parametrize("second", ["approve", "reject"])
def test_who_comes_second_gets_the_decision_that_stands(second: str):
    # Given
    ports, _, approval = given_ports()
    post(ports, "reject", comment="no")

    # When
    answer = post(ports, second, OTHER_LINK, comment="yes")

    # Then
    assert answer["statusCode"] == 409
    assert "Rejected: checkout in prod" in text(answer)
    assert ports.approvals.stored[approval.id].decided_by == APPROVER


def test_one_cannot_change_ones_mind():
    # Given
    ports, _, approval = given_ports()
    post(ports)

    # Then
    assert post(ports, "reject", comment="oh no")["statusCode"] == 409
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED


def test_of_two_decisions_at_the_same_moment_one_stands():
    # Given the other one's decision is written between our reading and our writing
    ports, _, approval = given_ports()
    vote = ports.approvals.vote

    def too_late(before: Approval, after: Approval, **more: Any) -> bool:
        ports.approvals.decide(before.id, ApprovalStatus.REJECTED, by=OTHER, comment="no", at=at(59))
        return vote(before, after, **more)

    ports.approvals.vote = too_late  # type: ignore[method-assign, assignment]

    # When
    answer = post(ports)

    # Then the browser is sent to the page that says what stands
    assert answer["statusCode"] == 303
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.REJECTED
    assert "Rejected: checkout in prod" in text(get(ports))
    assert not ports.machines.answers


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ApprovalStatus.EXPIRED, "Expired"),
        (ApprovalStatus.SUPERSEDED, "Superseded"),
        (ApprovalStatus.CANCELLED, "Cancelled"),
        (ApprovalStatus.VOID, "No longer valid"),
    ],
)
def test_a_request_that_is_over_has_a_clear_page(status: ApprovalStatus, words: str):
    # Given
    ports, waiting, approval = given_ports()
    ports.approvals.decide(approval.id, status, by=None, comment="because", at=at(60))
    before = ports.approvals.stored[approval.id]

    # When
    shown, sent = get(ports), post(ports)

    # Then
    assert (shown["statusCode"], sent["statusCode"]) == (410, 409)
    assert words in text(shown)
    assert words in text(sent)
    assert ports.approvals.stored[approval.id] == before
    assert not ports.machines.answers

    # And what came too late is refused, but not lost
    (line,) = ports.journal.entries(waiting.id)
    assert (line["kind"], line["entry"]["by"]) == ("approval.refused", APPROVER)
    assert words in line["entry"]["why"]


def test_after_its_time_nothing_is_decided_although_nobody_has_closed_it_yet():
    # Given
    ports, _, approval = given_ports()
    ports.clock.at = at(3600)

    # Then
    assert get(ports)["statusCode"] == 410
    assert post(ports)["statusCode"] == 409
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING


# --- what has changed meanwhile -----------------------------------------------------------------------------


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_must_stop_takes_no_decision(signal: StopSignal):
    # Given
    ports, waiting, approval = given_ports()
    ports.releases.stop(waiting.id, signal, "Release 2 is newer.", unless_production=False)

    # Then
    shown, sent = get(ports), post(ports)
    assert (shown["statusCode"], sent["statusCode"]) == (410, 409)
    assert "Release 2 is newer." in text(sent)
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING


@pytest.mark.parametrize("how", ["ended", "stopped", "gone"])
def test_when_nobody_waits_any_more_nothing_is_decided(how: str):
    # Given
    ports, waiting, approval = given_ports()
    if how == "ended":
        ports.releases.end(waiting.id, Outcome.FAILED, "", at=at(50), environment=None)
    elif how == "stopped":
        ports.machines.finish(str(waiting.execution), "ABORTED")
    else:
        del ports.releases.stored[waiting.id]

    # Then
    answer = post(ports)
    assert answer["statusCode"] == 409
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING


@pytest.mark.parametrize("change", ["runs", "gone", "digests"])
def test_what_is_no_longer_as_shown_cannot_be_approved_and_is_asked_again(change: str):
    # Given
    ports, waiting, approval = given_ports()
    if change == "runs":
        ports.services.add("prod", "checkout", BEFORE.replace(":1", ":2"))
    elif change == "gone":
        ports.services.described.clear()
    else:
        other = replace(waiting.images["app"], digest=digest("c"))
        ports.releases.stored[waiting.id] = replace(waiting, images={"app": other})
    assert "you will be asked again" in text(get(ports))
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING

    # When
    answer = post(ports)

    # Then
    assert answer["statusCode"] == 409
    assert "You will get a new mail" in text(answer)
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.VOID
    assert ports.machines.answers == {"token": {"signal": "void"}}


def test_a_rejection_is_taken_whatever_has_changed():
    # Given
    ports, _, approval = given_ports()
    ports.services.add("prod", "checkout", BEFORE.replace(":1", ":2"))

    # Then
    assert post(ports, "reject", comment="no")["statusCode"] == 303
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.REJECTED


@pytest.mark.parametrize(("may", "status"), [(True, 303), (False, 403)])
def test_nobody_approves_their_own_release_where_the_rule_says_so(may: bool, status: int):
    # Given a link that was given to the requester, by an older version say
    ports, _, approval = given_ports(requester_may_approve=may)
    ports.approvals.add_links(approval.id, {link_hash("own"): "Ada@Example.com"})

    # Then
    assert post(ports, link="own")["statusCode"] == status


def test_a_lost_wake_up_is_made_up_for_when_the_form_is_sent_again():
    # Given
    ports, _, approval = given_ports()
    ports.machines.fail("resume", Transient("throttled"))
    assert post(ports)["statusCode"] == 503
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED
    assert not ports.machines.answers

    # When
    answer = post(ports)

    # Then
    assert answer["statusCode"] == 303
    assert ports.machines.answers == {"token": {"signal": "approved"}}


CALLS = [
    ("approvals", "admit"),
    ("approvals", "linked"),
    ("machines", "describe"),
    ("registry", "uri"),
    ("services", "describe"),
    ("approvals", "vote"),
    ("journal", "append"),
    ("waits", "on"),
    ("waits", "remove"),
]


@pytest.mark.parametrize(("port", "method"), CALLS)
def test_after_a_failed_call_the_form_can_be_sent_again(port: str, method: str):
    # Given
    ports, waiting, approval = given_ports()
    getattr(ports, port).fail(method, Transient("throttled"))

    # When
    first, second = post(ports), post(ports)

    # Then
    assert (first["statusCode"], second["statusCode"]) == (503, 303)
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED
    assert ports.machines.answers == {"token": {"signal": "approved"}}
    assert ports.journal.kinds(waiting.id) == ["approval.approved"]


@given(
    st.lists(
        st.tuples(st.sampled_from(["get", "approve", "reject", "later", "stop"]), st.booleans()), max_size=8
    )
)
def test_whatever_two_approvers_do_the_first_valid_decision_stands(happenings: list[tuple[str, bool]]):
    # Given
    ports, waiting, approval = given_ports()
    expected: tuple[ApprovalStatus, str | None] = (ApprovalStatus.PENDING, None)
    closed = False

    # When
    for what, other in happenings:
        link, who = (OTHER_LINK, OTHER) if other else (LINK, APPROVER)
        if what == "get":
            get(ports, link)
        elif what == "later":
            ports.clock.advance(1800)
            closed = closed or ports.clock.at >= at(3600)
        elif what == "stop":
            ports.releases.stop(waiting.id, StopSignal.SUPERSEDED, "newer", unless_production=True)
            closed = True
        else:
            post(ports, what, link, comment="because")
            status = ApprovalStatus.APPROVED if what == "approve" else ApprovalStatus.REJECTED
            if expected[1] is None and not closed:
                expected = (status, who)

    # Then
    stored = ports.approvals.stored[approval.id]
    assert (stored.status, stored.decided_by) == expected
    assert len(ports.machines.answers) == (expected[1] is not None)


def test_an_unknown_release_of_another_service_is_not_confused():
    # Given two services' requests side by side
    ports, _, approval = given_ports()
    other = release(ports, salt=5)
    second = replace(approval, id="second", release=other.id)
    ports.approvals.create(second, {link_hash("second-link"): APPROVER})

    # When
    post(ports)

    # Then
    assert ports.approvals.stored["second"].status is ApprovalStatus.PENDING


# --- several people, roles and the broken glass -------------------------------------------------------------

THIRD = "lead@example.com"
SEVERAL = {"approvers": (APPROVER, OTHER, THIRD), "required": 2}


def test_of_several_the_first_yes_is_kept_and_the_second_decides():
    # Given
    ports, waiting, approval = given_ports(**SEVERAL)

    # When
    first = post(ports, comment="fine")

    # Then nobody is woken yet, and the first one sees who is still missing
    assert first["statusCode"] == 303
    assert not ports.machines.answers
    shown = text(get(ports))
    assert "Your approval is recorded. Still needed: 1." in shown
    assert "2 people have to approve. Still needed: 1." in shown

    # When
    second = post(ports, link=OTHER_LINK)

    # Then
    assert second["statusCode"] == 303
    assert ports.machines.answers == {"token": {"signal": "approved"}}
    stored = ports.approvals.stored[approval.id]
    assert (stored.status, stored.approved_by) == (ApprovalStatus.APPROVED, f"{APPROVER}, {OTHER}")
    assert sorted(ports.journal.kinds(waiting.id)) == ["approval.approved", *["approval.vote"] * 2]
    receipt = text(get(ports))
    assert f"Approved by {APPROVER}" in receipt
    assert f"Approved by {OTHER}" in receipt


def test_the_same_person_counts_once():
    # Given somebody with two links: the first mail's and the reminder's
    ports, _, approval = given_ports(**SEVERAL)
    ports.approvals.add_links(approval.id, {link_hash("second"): APPROVER.upper()})

    # When
    answers = [post(ports), post(ports), post(ports, link="second")]

    # Then
    assert [each["statusCode"] for each in answers] == [303, 303, 303]
    assert len(ports.approvals.stored[approval.id].votes) == 1
    assert not ports.machines.answers


def test_one_no_is_enough_also_from_somebody_who_had_said_yes():
    # Given
    ports, _, approval = given_ports(**SEVERAL)
    post(ports)

    # When
    answer = post(ports, "reject", comment="I have seen the logs.")

    # Then
    assert answer["statusCode"] == 303
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.REJECTED
    assert ports.machines.answers == {"token": {"signal": "rejected"}}


def test_votes_at_the_same_moment_are_both_counted():
    # Given the other one's vote is written between our reading and our writing
    ports, _, approval = given_ports(**SEVERAL)
    vote, other = ports.approvals.vote, Vote(OTHER, at(59))

    def overtaken(before: Approval, after: Approval, **more: Any) -> bool:
        ports.approvals.vote = vote  # type: ignore[method-assign]
        vote(before, before.with_vote(other, enough=False), at=at(59))
        return vote(before, after, **more)

    ports.approvals.vote = overtaken  # type: ignore[method-assign, assignment]

    # When
    post(ports)

    # Then
    assert [each.by for each in ports.approvals.stored[approval.id].votes] == [OTHER, APPROVER]
    assert ports.machines.answers == {"token": {"signal": "approved"}}


def test_each_role_has_its_say():
    # Given
    roles = {"operations": ApproverRole((APPROVER,)), "security": ApproverRole((OTHER, THIRD))}
    ports, _, approval = given_ports(approvers=(), roles=roles)

    # When
    post(ports, link=OTHER_LINK)

    # Then
    assert "Still needed: 1 of operations" in text(get(ports))
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING
    assert post(ports)["statusCode"] == 303
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED


def test_an_unknown_requester_needs_two():
    # Given
    ports, _, approval = given_ports(requester_may_approve=False)
    unknown = replace(approval, requesters=(), requested_by=None)
    ports.approvals.stored[approval.id] = unknown
    known = ports.releases.stored[approval.release]
    ports.releases.stored[approval.release] = replace(known, requested_by=None)
    ports.approvals.stored[approval.id] = replace(unknown, provenance={})

    # When
    assert "nobody knows who, so at least two people must approve" in text(get(ports))
    post(ports)

    # Then
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING
    post(ports, link=OTHER_LINK)
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED


def test_who_turns_out_to_have_pushed_does_not_count_any_more():
    # Given an approver has said yes, and then CloudTrail tells that it was their own push
    ports, waiting, approval = given_ports(requester_may_approve=False, **SEVERAL)
    post(ports)
    ports.releases.note_pusher(waiting.id, f"arn:aws:sts::123456789012:assumed-role/dev/{APPROVER}")

    # When
    post(ports, link=OTHER_LINK)

    # Then
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING
    assert "Still needed: 1" in text(get(ports, OTHER_LINK))


GLASS = {**SEVERAL, "break_glass": (APPROVER,)}


def test_the_glass_is_broken_by_one_alone_with_a_reason():
    # Given
    ports, waiting, approval = given_ports(**GLASS)
    assert "Break the glass and approve alone" in text(get(ports))

    # When
    without = post(ports, "break_glass", comment=" ")
    answer = post(ports, "break_glass", comment="Checkout is down.")

    # Then
    assert (without["statusCode"], answer["statusCode"]) == (422, 303)
    assert "Say in the comment why you break the glass." in text(without)
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED
    assert ports.machines.answers == {"token": {"signal": "approved"}}
    assert "approval.glass_broken" in ports.journal.kinds(waiting.id)
    assert f"{APPROVER} broke the glass and approved alone." in text(get(ports, OTHER_LINK))


@pytest.mark.parametrize(
    "rule", [SEVERAL, {**SEVERAL, "break_glass": (OTHER,)}, {"break_glass": (APPROVER,)}]
)
def test_the_glass_is_broken_only_by_those_who_may_and_need_to(rule: dict[str, Any]):
    # Given
    ports, waiting, approval = given_ports(**rule)

    # When
    answer = post(ports, "break_glass", comment="I want it.")

    # Then
    assert "Break the glass" not in text(get(ports))
    assert answer["statusCode"] == 403
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING
    assert ports.journal.kinds(waiting.id) == ["approval.refused"]


def test_a_requester_may_break_the_glass_but_not_approve():
    # Given
    rule = {"requester_may_approve": False, "break_glass": ("ada@example.com",)}
    ports, _, approval = given_ports(approvers=(APPROVER, "ada@example.com"), **rule)
    ports.approvals.add_links(approval.id, {link_hash("own"): "ada@example.com"})

    # Then
    assert "You asked for this release" in text(get(ports, "own"))
    assert post(ports, link="own")["statusCode"] == 403
    assert post(ports, "break_glass", link="own", comment="It burns.")["statusCode"] == 303
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED


# --- what the page shows besides ----------------------------------------------------------------------------


def test_what_would_be_deployed_is_bound_too():
    # Given what would be deployed is no longer what was asked about, an upgrade renders otherwise say
    ports, _, approval = given_ports()
    form = nonce(LINK, bound(approval))
    changed = replace(approval, difference="0" * 64)
    ports.approvals.stored[approval.id] = changed

    # Then a page that showed the earlier difference decides nothing, and the present one is asked again
    assert "What would be deployed to prod has changed" in text(get(ports))
    assert post(ports, nonce=form)["statusCode"] == 403
    assert post(ports)["statusCode"] == 409
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.VOID


def test_a_request_of_an_earlier_version_is_decided_as_it_was_asked():
    # Given
    ports, _, approval = given_ports(of_earlier_version=True, requester_may_approve=False)

    # Then its page opens, shows the environments before, and one approval is enough
    shown = get(ports)
    assert shown["statusCode"] == 200
    assert "dev: succeeded" in text(shown)
    assert post(ports)["statusCode"] == 303
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.APPROVED


def test_claims_and_the_pusher_are_shown():
    # Given
    ports, waiting, _ = given_ports()
    ports.releases.note_pusher(waiting.id, "arn:aws:iam::123456789012:user/ada")

    # Then
    shown = text(get(ports))
    assert "What the image of app says of itself Commit 0a1b2c3 Author Ada &lt;ada@example.org&gt;" in shown
    assert "Pushed by arn:aws:iam::123456789012:user/ada (CloudTrail)" in shown
    assert "Strategy rolling, at least 100 % of the tasks stay healthy" in shown


@pytest.mark.parametrize(("strategy", "name"), [("canary", "canary"), ("blue_green", "bake")])
@pytest.mark.parametrize(("stored", "plots"), [(b"<svg xmlns='http://www.w3.org/2000/svg'/>", 1), (b"x", 0)])
def test_the_plot_of_what_was_judged_before_is_shown(stored: bytes, plots: int, strategy: str, name: str):
    # Given
    ports, waiting, _ = given_ports()
    ((key, done),) = ports.deployments.stored.items()
    ports.deployments.stored[key] = replace(done, strategy=strategy)
    ports.evidence.put_text(f"checkout/{waiting.id}/dev/1/{name}.svg", stored.decode(), "image/svg+xml")

    # Then
    assert get(ports)["body"].count("<svg") == plots


def test_a_link_that_is_used_too_often_is_told_to_wait():
    # Given
    ports, _, approval = given_ports()

    # When a form with a mistake is sent again and again
    answers = [post(ports, "reject")["statusCode"] for _ in range(25)]

    # Then
    assert answers == [422] * 20 + [429] * 5
    assert "Wait a minute" in text(post(ports))
    assert ports.approvals.stored[approval.id].status is ApprovalStatus.PENDING
    assert get(ports, OTHER_LINK)["statusCode"] == 200


def test_a_page_asks_the_tables_once_for_all_that_it_shows():
    # Given
    ports, _, _ = given_ports()
    for fake in (ports.approvals, ports.releases, ports.catalogue, ports.deployments, ports.journal):
        fake.calls.clear()

    # When
    get(ports)

    # Then
    calls = [
        call.method
        for fake in (ports.approvals, ports.releases, ports.catalogue, ports.deployments, ports.journal)
        for call in fake.calls
    ]
    assert calls == ["admit", "linked"]
