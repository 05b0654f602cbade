"""Recording how a release ended in an environment."""

import json
from typing import Any

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import at, deployment, digest, execution_arn
from tests.unit.stage import URI, Stage, deployed, entered, planned, revision
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.errors import Terminal
from tidegate.steps.record_deployment import Command, run

RESTORED = {
    "to_release": "checkout-20261123T100000Z-000384",
    "to_images": {"app": f"{URI}@{digest('a')}"},
    "reason": "dev runs it again.",
}
NOTHING = {"to_release": None, "to_images": {}, "reason": "The ledger has no known good release."}


def succeed(stage: Stage) -> dict:
    checks = [{"name": "health", "status": "passed", "reason": "200"}]
    return run(Command(**stage.given(outcome="succeeded", checks=checks)), stage.ports)


def went_back(
    stage: Stage,
    outcome: str = "rolled_back",
    *,
    told: str = "failed",
    reason: str = "It crashed.",
    evidence: str | None = None,
    restored: dict | None = None,
) -> dict:
    cause = {"outcome": told, "reason": reason, "evidence": evidence}
    more = {"outcome": outcome, "cause": cause, "restored": RESTORED if restored is None else restored}
    return run(Command(**stage.given(**more)), stage.ports)


def quarantined(stage: Stage) -> dict[str, str]:
    return stage.ports.quarantine.digests("checkout")


def said(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what was measured, which the entry point takes out of it."""
    return {name: value for name, value in result.items() if name != "measured"}


def measured(result: dict[str, Any]) -> list[tuple[str, str, float]]:
    return [(each["metric"], each["kind"], each["value"]) for each in result["measured"]]


def test_a_success_in_production_measures_the_way_from_the_push():
    # Given a release that was pushed a minute before noon and opened its deployment at noon
    stage = deployed(planned(place="prod"))
    stage.ports.clock.advance(45)

    # When
    result = succeed(stage)

    # Then
    assert measured(result) == [
        ("DeploymentsEnded", "succeeded", 1),
        ("DeploymentTime", "rolling", 45.0),
        ("PushToProductionTime", "push", 105.0),
    ]


def test_what_was_taken_back_is_counted_as_what_it_became():
    # Given one that was open, and one that had succeeded
    stage, later = entered(), deployed()
    succeed(later)

    # Then
    assert measured(went_back(stage))[0] == ("DeploymentsEnded", "rolled_back", 1)
    assert measured(went_back(later)) == [("DeploymentsEnded", "rolled_back", 1)]


def test_what_runs_again_is_noted_for_those_who_look():
    # Given
    stage = entered()

    # When
    went_back(stage)

    # Then
    (call,) = stage.ports.deployments.called("restored")
    assert call.arguments == ("checkout", "dev", RESTORED["to_release"])
    went_back(entered(), restored=NOTHING)
    assert len(stage.ports.deployments.called("restored")) == 1


def test_a_success_is_recorded_watched_and_told():
    # Given
    stage = deployed()

    # When
    result = succeed(stage)

    # Then
    closed = stage.deployment()
    assert said(result) == {"outcome": "succeeded", "reason": f"{stage.release.id} runs in dev."}
    assert (closed.outcome, closed.ended_at, closed.watch_until) == (Outcome.SUCCEEDED, at(0), at(300))
    assert closed.checks[0]["name"] == "health"
    assert stage.ports.journal.kinds(stage.release.id) == ["deployment.succeeded"]
    (message,) = stage.ports.notifier.messages
    assert message.subject == "checkout: checkout:1.0.b runs in dev"
    assert message.attributes == {"kind": "deployed", "service": "checkout"}


def test_without_an_open_deployment_there_is_no_success():
    assert succeed(planned())["outcome"] == "failed"


def test_a_deployment_that_was_rolled_back_meanwhile_is_no_success():
    # Given
    stage = deployed()
    went_back(stage)

    # When
    result = succeed(stage)

    # Then
    assert result["outcome"] == "failed"
    assert stage.deployment().outcome is Outcome.ROLLED_BACK


def test_a_failed_deployment_is_closed_with_cause_and_restore():
    # Given
    stage = entered()

    # When
    result = went_back(stage)

    # Then
    closed = stage.deployment()
    assert said(result) == {"outcome": "rolled_back", "reason": "It crashed. dev runs it again."}
    assert (closed.outcome, closed.reason) == (Outcome.ROLLED_BACK, "It crashed. dev runs it again.")
    assert closed.revoked is None
    assert quarantined(stage) == {}
    assert stage.ports.journal.kinds(stage.release.id) == ["deployment.rolled_back"]


@pytest.mark.parametrize("told", ["cancelled", "superseded"])
def test_a_release_that_was_told_to_stop_ends_as_what_it_was_told(told: str):
    # Given
    stage = entered()

    # Then
    assert went_back(stage, told=told)["outcome"] == told
    assert stage.deployment().outcome == told


@pytest.mark.parametrize(
    ("signal", "evidence", "outcome"),
    [
        (StopSignal.SUPERSEDED, None, "superseded"),
        (StopSignal.CANCELLED, None, "cancelled"),
        (StopSignal.ROLLED_BACK, None, "rolled_back"),
        (StopSignal.SUPERSEDED, "check", "rolled_back"),
        (None, None, "rolled_back"),
    ],
)
def test_what_a_stop_signal_cut_short_ends_as_what_it_was_told(
    signal: StopSignal | None, evidence: str | None, outcome: str
):
    # Given a release whose migration was stopped, which says failed
    stage = deployed()
    if signal is not None:
        stage.stop(signal)

    # When
    result = went_back(stage, reason="Task before_deploy was stopped.", evidence=evidence)

    # Then
    assert result["outcome"] == outcome


@pytest.mark.parametrize("told", ["cancelled", "superseded", "failed"])
def test_a_restore_that_failed_has_failed_whatever_the_cause(told: str):
    # Given
    stage = entered()

    # Then
    assert went_back(stage, "failed", told=told)["outcome"] == "failed"
    assert stage.deployment().outcome is Outcome.FAILED


def test_a_success_that_is_rolled_back_later_keeps_its_record_and_is_no_longer_good():
    # Given
    stage = deployed()
    succeed(stage)

    # When
    went_back(stage, told="rolled_back", reason="Customers complain.")

    # Then
    revoked = stage.deployment()
    assert revoked.outcome is Outcome.SUCCEEDED
    assert not revoked.good
    assert "Customers complain." in (revoked.revoked or "")


@pytest.mark.parametrize(("evidence", "good"), [(None, True), ("alarm", False)])
def test_with_nothing_to_come_back_to_it_stays_good_unless_something_speaks_against_it(
    evidence: str | None, good: bool
):
    # Given
    stage = deployed()
    succeed(stage)

    # When
    went_back(stage, "failed", told="rolled_back", evidence=evidence, restored=NOTHING)

    # Then
    assert stage.deployment().good is good


def test_every_attempt_of_the_release_here_is_no_longer_good():
    # Given the first attempt ran here, the second one runs elsewhere, and one was left open
    stage = deployed()
    succeed(stage)
    left = deployment(stage.ports, stage.now, "dev", opened=-700, execution=execution_arn("before"))
    stage.ports.releases.end(stage.release.id, Outcome.FAILED, "", at=at(0), environment="prod")
    stage.ports.releases.start_attempt(stage.release.id, 2, execution_arn(f"{stage.release.id}-a2"))
    elsewhere = deployment(stage.ports, stage.now, "prod", opened=10)

    # When
    went_back(stage)

    # Then
    assert [each.good for each in stage.deployments()] == [False, False]
    assert {each.id: each.outcome for each in stage.deployments()}[left.id] is Outcome.ROLLED_BACK
    assert stage.ports.deployments.stored["checkout", "prod", elsewhere.id].outcome is None


def test_only_evidence_brings_a_digest_into_quarantine_and_the_record_says_so():
    # Given
    stage = entered()

    # When
    result = went_back(stage, evidence="start")

    # Then
    assert quarantined(stage) == {digest("b"): "start in dev: It crashed."}
    assert result["reason"].endswith(f"In quarantine now: {digest('b')}.")


def two_images(stage: Stage) -> Stage:
    """Let the release have an image that ran before."""
    side = ImageRef("proxy", digest("e"), "1.0", at(-9000))
    stored = stage.now
    stored.images["proxy"] = side
    return stage


@pytest.mark.parametrize("restored", [RESTORED, NOTHING])
def test_a_digest_that_ran_before_is_never_caught(restored: dict):
    # Given
    before = {"app": f"{URI}@{digest('a')}", "proxy": f"proxy@{digest('e')}"}
    stage = two_images(entered(planned()))
    known = stage.deployment()
    stage.ports.deployments.stored.clear()
    deployment(stage.ports, stage.now, "dev", opened=0, from_images=before, execution=known.execution)
    restored = {**restored, "to_images": before} if restored["to_release"] else restored

    # When
    went_back(stage, "failed", evidence="health", restored=restored)

    # Then
    assert set(quarantined(stage)) == {digest("b")}


def test_of_several_new_images_none_is_caught_for_the_company_of_another():
    # Given a release of which both images are new here
    stage = two_images(entered(planned()))

    # When
    result = went_back(stage, evidence="start")

    # Then
    assert quarantined(stage) == {}
    assert result["reason"].endswith("which of 2 new images is to blame is not known.")


def test_a_nested_cause_is_reduced_to_what_a_person_can_read():
    # Given
    stage = entered()
    inner = {"Error": "Terminal", "Cause": json.dumps({"errorMessage": "no role", "errorType": "Terminal"})}
    reason = f"Deploy broke: States.TaskFailed {json.dumps(inner)}"

    # When
    result = went_back(stage, reason=reason, evidence="check")

    # Then
    assert result["reason"].startswith("Deploy broke: Terminal: no role dev runs it again.")
    assert quarantined(stage) == {digest("b"): "check in dev: Deploy broke: Terminal: no role"}


def test_reasons_without_end_are_cut():
    # Given
    stage = entered()

    # When
    result = went_back(stage, reason="x" * 100_000, evidence="start")

    # Then
    assert len(result["reason"]) <= 3000
    assert len(stage.deployment().reason or "") <= 4000
    assert len(quarantined(stage)[digest("b")]) <= 1000


def test_an_environment_in_which_nothing_was_opened_is_recorded_without_harm():
    # Given a release that touched the environment but never opened its deployment
    stage = planned()

    # Then
    assert went_back(stage)["outcome"] == "rolled_back"
    assert not stage.deployments()


def test_a_topic_that_refuses_the_message_does_not_undo_a_success():
    # Given
    stage = deployed()
    stage.ports.notifier.fail("publish", Terminal("no such topic"))

    # Then
    assert succeed(stage)["outcome"] == "succeeded"
    assert stage.ports.journal.kinds("checkout") == ["notice.failed"]


@pytest.mark.parametrize("case", ["succeeded", "failed", "revoked", "evidence"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = deployed()
        if case == "revoked":
            succeed(stage)
        if case == "succeeded":
            return stage.ports, lambda: succeed(stage)
        return stage.ports, lambda: went_back(stage, evidence="start" if case == "evidence" else None)

    check_repeatable(make)


def test_the_journal_names_what_ran_before_and_after():
    # Given
    stage = deployed()

    # When
    succeed(stage)

    # Then
    (line,) = stage.ports.journal.entries(stage.release.id)
    assert (line["entry"]["from"], line["entry"]["to"]) == (revision(1), revision(2))
    assert line["entry"]["execution"] == stage.root
