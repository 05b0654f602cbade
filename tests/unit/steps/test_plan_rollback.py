"""Planning a rollback: what to get away from, what to come back to, and who has to be stopped first."""

from dataclasses import replace

import pytest

from tests.statemachines.template import template
from tests.unit.breaking import check_repeatable
from tests.unit.examples import at, deployment, digest, environment, execution_arn, release, service, wait
from tests.unit.stage import URI, Stage, define, deployed, deploying, locked, only, planned, revision
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.steps.plan_rollback import Command, run
from tidegate.steps.preempting import LONGEST_FUNCTION_SECONDS

ROLLBACK = execution_arn("by-hand", "rollback")


def plan(stage: Stage, root: str = ROLLBACK, **more) -> dict:
    given = {"service": "checkout", "environment": stage.place, **more}
    return run(Command(root=root, input={name: each for name, each in given.items() if each}), stage.ports)


def succeeded(stage: Stage | None = None) -> Stage:
    """Release `b` was deployed, and has ended."""
    stage = stage or deployed()
    (only_one,) = stage.deployments()
    stage.ports.deployments.close(replace(only_one, outcome=Outcome.SUCCEEDED, ended_at=at(60)))
    stage.ports.releases.end(stage.release.id, Outcome.SUCCEEDED, "", at=at(60), environment=None)
    stage.ports.machines.finish(stage.root, "SUCCEEDED")
    stage.ports.locks.held.clear()
    return stage


def good(stage: Stage) -> str:
    return stage.ports.deployments.latest("checkout", stage.place)[-1].release


def test_what_runs_is_what_to_get_away_from():
    # Given
    stage = succeeded()

    # When
    result = plan(stage, requested_by="ana", reason="Wrong totals.")

    # Then
    assert result == {
        "outcome": "ready",
        "reason": "Wrong totals.",
        "service": "checkout",
        "environment": "dev",
        "release": stage.release.id,
        "target": None,
        "evidence": None,
        "wait_seconds": 0,
    }
    assert stage.ports.journal.kinds("checkout/dev") == ["rollback.started"]
    (message,) = stage.ports.notifier.messages
    assert message.subject == "checkout: rollback of dev started"
    assert "Requested by: ana" in message.body
    assert not stage.ports.machines.stops


def test_after_a_rollback_it_is_what_came_back_that_runs():
    # Given release b was taken back, and a runs again
    stage = succeeded()
    stage.ports.deployments.revoke(stage.deployment(), reason="Bad.")
    stage.change(task_definition=revision(1))

    # Then
    assert plan(stage)["release"] == good(stage)


def test_a_bad_release_that_could_not_be_taken_back_is_what_to_get_away_from():
    # Given release b failed and still runs; a, before it, is good
    stage = deployed()
    stage.ports.deployments.close(replace(stage.deployment(), outcome=Outcome.FAILED, ended_at=at(60)))
    stage.ports.releases.end(stage.release.id, Outcome.FAILED, "", at=at(60), environment="dev")
    stage.ports.machines.finish(stage.root, "FAILED")

    # Then it is b that is left, not a
    assert plan(stage)["release"] == stage.release.id


def test_of_two_releases_with_the_same_task_definition_the_good_one_counts():
    # Given the images of a were released again, and that release was rolled back: a runs on
    stage = planned()
    again = release(stage.ports, letter="a", pushed=-600, salt=950)
    deployment(
        stage.ports,
        again,
        "dev",
        outcome=Outcome.SUCCEEDED,
        opened=-500,
        task_definition=revision(1),
        revoked="Bad.",
    )

    # Then
    assert plan(stage)["release"] == good(stage)


def test_what_was_registered_again_is_known_by_its_tag():
    # Given a's task definition was deregistered, and a rollback registered it again
    stage = planned()
    tags = [{"key": "tidegate:release", "value": good(stage)}]
    stage.change(task_definition=define(stage.ports, "dev", 9, "a", tags=tags))

    # Then
    assert plan(stage)["release"] == good(stage)


def test_what_somebody_else_deployed_is_not_mistaken_for_the_release_before_it():
    # Given
    stage = succeeded()
    stage.change(task_definition=define(stage.ports, "dev", 9, "f"))

    # When
    result = plan(stage)

    # Then
    assert result["outcome"] == "rejected"
    assert result["reason"].startswith(
        "environment: checkout-dev:9 runs there, which Tidegate did not deploy"
    )
    assert not stage.ports.journal.lines


def test_a_service_that_is_gone_is_planned_for_its_newest_release():
    # Given
    stage = succeeded()
    stage.ports.services.described.clear()

    # Then
    assert plan(stage)["release"] == stage.release.id


def test_a_named_release_is_found_however_long_ago_it_was_deployed():
    # Given
    stage = succeeded()
    for number in range(60):
        newer = release(stage.ports, letter="c", pushed=100 + number, salt=1000 + number)
        deployment(stage.ports, newer, "dev", outcome=Outcome.FAILED, opened=100 + number)

    # Then
    assert plan(stage, release=stage.release.id)["release"] == stage.release.id


def test_the_environment_of_a_named_release_is_that_of_its_own_manifest():
    # Given an environment that the newest manifest no longer has
    stage = succeeded()
    stage.ports.catalogue.put(service(environments=(environment("other"),)), after=1)

    # Then
    assert plan(stage, release=stage.release.id, automatic=True)["outcome"] == "ready"


# --- who is stopped -----------------------------------------------------------------------------------------


def test_a_release_under_way_is_told_and_its_execution_stopped():
    # Given
    stage = deploying()
    wait(stage.ports, "service-deployment/x", stage.release.id)

    # When
    result = plan(stage, reason="Stop this.")

    # Then
    assert (result["release"], result["wait_seconds"]) == (stage.release.id, LONGEST_FUNCTION_SECONDS)
    assert (stage.now.stop, stage.now.stop_reason) == (StopSignal.ROLLED_BACK, "Stop this.")
    assert stage.ports.machines.answers == {"token": {"signal": "rolled_back"}}
    assert stage.ports.machines.stops[stage.root] == ("rolled_back", f"Pre-empted by {ROLLBACK}: Stop this.")


@pytest.mark.parametrize(("seconds", "left"), [(0, 60), (20, 40), (59.5, 1), (60, 0)])
@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_functions_of_an_execution_that_was_just_stopped_are_waited_out(
    status: str, seconds: float, left: int
):
    # Given
    stage = deploying()
    stage.ports.machines.finish(stage.root, status, at(0))
    stage.ports.clock.advance(seconds)

    # Then
    assert plan(stage)["wait_seconds"] == left


def test_an_execution_that_ended_by_itself_has_no_function_running():
    # Given
    stage = deploying()
    stage.ports.machines.finish(stage.root, "FAILED", at(0))

    # Then
    assert plan(stage)["wait_seconds"] == 0


def test_whoever_else_holds_the_lock_is_stopped_too():
    # Given another release's execution works on the environment
    stage = succeeded()
    other = execution_arn("other")
    stage.ports.machines.add(other)
    locked(stage, owner=other)

    # When
    result = plan(stage, release=stage.release.id)

    # Then
    assert result["wait_seconds"] == LONGEST_FUNCTION_SECONDS
    assert set(stage.ports.machines.stops) == {other}


def test_another_rollback_is_waited_for_and_not_stopped():
    # Given
    stage = succeeded()
    other = execution_arn("other", "rollback")
    stage.ports.machines.add(other)
    locked(stage, owner=other)

    # When
    result = plan(stage)

    # Then
    assert (result["outcome"], result["wait_seconds"]) == ("ready", 0)
    assert not stage.ports.machines.stops


def test_a_rollback_does_not_stop_itself():
    # Given the rollback has the lock already, when its first step is tried again
    stage = succeeded()
    stage.ports.machines.add(ROLLBACK)
    locked(stage, owner=ROLLBACK)

    # Then
    assert plan(stage)["wait_seconds"] == 0
    assert not stage.ports.machines.stops


def test_a_release_whose_retry_runs_is_rolled_back_and_the_retry_stopped():
    # Given release b failed in prod, its retry waits there, and dev is rolled back
    stage = deployed()
    stage.ports.deployments.close(replace(stage.deployment(), outcome=Outcome.SUCCEEDED, ended_at=at(60)))
    stage.ports.releases.end(stage.release.id, Outcome.FAILED, "", at=at(60), environment="prod")
    stage.ports.machines.finish(stage.root, "FAILED")
    retry = execution_arn(f"{stage.release.id}-a2")
    stage.ports.machines.add(retry)
    stage.ports.releases.start_attempt(stage.release.id, 2, retry)

    # When
    result = plan(stage)

    # Then
    assert result["release"] == stage.release.id
    assert set(stage.ports.machines.stops) == {retry}
    assert stage.now.stop is StopSignal.ROLLED_BACK


def elsewhere(stage: Stage) -> Stage:
    """The release runs in dev, recorded, and its execution is deploying it to staging."""
    known = stage.deployment()
    stage.ports.deployments.close(replace(known, outcome=Outcome.SUCCEEDED, ended_at=at(60)))
    deployment(stage.ports, stage.now, "staging", opened=70, execution=stage.root)
    stage.ports.locks.acquire("checkout", "staging", owner=stage.root, release=stage.release.id, at=at(70))
    return stage


def test_what_the_stopped_execution_was_changing_elsewhere_is_rolled_back_too():
    # Given
    stage = elsewhere(deployed())

    # When an alarm accuses dev
    plan(stage, release=stage.release.id, evidence="alarm", automatic=True)
    plan(stage, release=stage.release.id, evidence="alarm", automatic=True)

    # Then
    (started,) = set(stage.ports.machines.payloads)
    assert ":tidegate-rollback:" in started
    payload = stage.ports.machines.payloads[started]
    assert (payload["environment"], payload["release"]) == ("staging", stage.release.id)
    assert payload["automatic"]

    # When that rollback is planned in its turn
    stage.place = "staging"
    result = plan(stage, root=started, **{name: payload[name] for name in ("release", "automatic")})

    # Then it starts no other one
    assert result["outcome"] == "ready"
    assert set(stage.ports.machines.payloads) == {started}


def test_where_another_rollback_is_at_work_no_second_one_is_started():
    # Given
    stage = elsewhere(deployed())
    stage.ports.locks.held.clear()
    stage.ports.locks.acquire(
        "checkout", "staging", owner=execution_arn("rb", "rollback"), release=stage.release.id, at=at(80)
    )

    # When
    plan(stage, release=stage.release.id)

    # Then
    assert not stage.ports.machines.payloads


def test_the_wait_is_as_long_as_the_longest_function_may_run():
    declared = template()
    shared = declared["Globals"]["Function"]["Timeout"]
    own = [each["Properties"].get("Timeout", 0) for each in declared["Resources"].values()]
    assert max(shared, *own) == LONGEST_FUNCTION_SECONDS


# --- refusals -----------------------------------------------------------------------------------------------

UNKNOWN = "checkout-20260101T000000Z-ffffff"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"environment": None}, "environment: this field is missing; give the name of an environment."),
        ({"service": "nobody"}, "service: nobody is not registered."),
        ({"environment": "moon"}, "environment: service checkout has no environment moon; it has dev"),
        ({"environment": "staging"}, "environment: nothing was ever deployed to staging by Tidegate."),
        ({"release": UNKNOWN}, f"release: the ledger does not know {UNKNOWN}."),
        ({"target": UNKNOWN}, f"target: {UNKNOWN} is no known good release of this environment"),
        ({"evidence": "rumour"}, 'evidence: "rumour" is not allowed; give "start", "health", "check"'),
        ({"reasn": "x"}, "reasn: this field is not known; the nearest one that is known is reason."),
    ],
)
def test_bad_input_is_one_sentence_that_names_the_field_and_changes_nothing(given: dict, sentence: str):
    # Given a release that is being deployed
    stage = deploying()
    before = stage.now

    # When
    result = plan(stage, **given)

    # Then
    assert (result["outcome"], result["release"]) == ("rejected", None)
    assert result["reason"].startswith(sentence)
    assert stage.now == before
    assert not stage.ports.machines.stops
    assert not stage.ports.journal.lines
    assert not stage.ports.notifier.messages


def test_a_release_of_another_service_is_refused():
    # Given
    stage = succeeded()
    stage.ports.catalogue.put(service("refunds"), after=0)

    # Then
    assert plan(stage, service="refunds", release=stage.release.id)["reason"] == (
        f"release: {stage.release.id} is a release of checkout, not of refunds."
    )


def test_a_release_that_was_never_here_is_refused():
    # Given
    stage = succeeded()

    # Then
    reason = plan(stage, environment="prod", release=stage.release.id)["reason"]
    assert reason == f"release: {stage.release.id} was never deployed to prod."


def test_the_release_to_get_away_from_is_no_target():
    # Given
    stage = succeeded()

    # Then
    result = plan(stage, release=stage.release.id, target=stage.release.id)
    assert result["reason"] == "target: it is the release to get away from; give another one."


@pytest.mark.parametrize("harm", ["archived", "quarantined"])
def test_a_target_that_cannot_run_is_refused_before_anything_changes(harm: str):
    # Given
    stage = deploying()
    if harm == "archived":
        stage.ports.registry.archive("checkout", digest("a"))
    else:
        stage.ports.quarantine.add("checkout", digest("a"), reason="Bad.", release="x", at=at(0))

    # When
    result = plan(stage, target=good(stage))

    # Then
    assert result["outcome"] == "rejected"
    assert result["reason"].startswith("target: ")
    assert not stage.ports.machines.stops


def test_with_nothing_to_come_back_to_the_rollback_goes_on_and_calls_people():
    # Given
    stage = deploying()
    for key in [key for key, each in stage.ports.deployments.stored.items() if each.outcome]:
        del stage.ports.deployments.stored[key]

    # Then
    assert plan(stage)["outcome"] == "ready"


@pytest.mark.parametrize(("automatic", "outcome"), [(False, "rejected"), (True, "ready")])
def test_past_a_point_of_no_return_a_person_is_told_at_once(automatic: bool, outcome: str):
    # Given
    task = BeforeDeploy("app", ("migrate",), point_of_no_return=True)
    stage = deploying(planned(manifest=only(before_deploy=task)), point_of_no_return=True)
    stage.ports.releases.mark_point_of_no_return(stage.release.id)

    # When
    result = plan(stage, automatic=automatic)

    # Then
    assert result["outcome"] == outcome
    if not automatic:
        assert "point of no return" in result["reason"]
        assert not stage.ports.machines.stops


@pytest.mark.parametrize("case", ["ended", "under_way", "elsewhere"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        if case == "ended":
            stage = succeeded()
        else:
            stage = deploying() if case == "under_way" else elsewhere(deployed())
            wait(stage.ports, "service-deployment/x", stage.release.id)

        def result() -> dict:
            # What is left to wait gets less with time; that there is something is what counts.
            planned_ = plan(stage, release=stage.release.id)
            return {**planned_, "wait_seconds": planned_["wait_seconds"] > 0}

        return stage.ports, result

    check_repeatable(make)


def test_images_of_the_target_are_looked_for_by_digest():
    # Given
    stage = succeeded()

    # When
    plan(stage)

    # Then
    (call, *_) = stage.ports.registry.called("image")
    assert call.options == {"digest": digest("a")}
    assert URI.endswith("checkout")
