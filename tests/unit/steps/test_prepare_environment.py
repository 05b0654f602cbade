"""Making an environment ready for a release, under its lock."""

from dataclasses import replace

import pytest

from tests.unit import blue_green_stage, canary_stage
from tests.unit.breaking import check_repeatable
from tests.unit.examples import ALARM, at, deployment, digest, environment, execution_arn, release, service
from tests.unit.stage import ACCOUNT, URI, Stage, define, locked, only, planned, revision
from tidegate.domain.approval import Approval, ApprovalStatus, Vote
from tidegate.domain.canary import Canary
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.service import ApprovalRule, BeforeDeploy, Overrides
from tidegate.domain.strategy import DeploymentAlarms, RollingSettings
from tidegate.domain.task_definition import fingerprint
from tidegate.errors import Terminal
from tidegate.steps.approving import rendered
from tidegate.steps.prepare_environment import Command, run
from tidegate.steps.scope import Scope

ASKED = "approval-1"
MIGRATION = BeforeDeploy("app", ("migrate", "--up"), 60, point_of_no_return=True)


def prepare(stage: Stage, approval: str | None = None) -> dict:
    return run(Command(**stage.given(approval=approval)), stage.ports)


def ready() -> Stage:
    return locked(planned())


def asked(stage: Stage, **more) -> str:
    """Let an approval be given; returns its id."""
    stage.ports.approvals.stored[ASKED] = Approval(
        **{
            "id": ASKED,
            "release": stage.release.id,
            "service": "checkout",
            "environment": stage.place,
            "digests": stage.release.digests,
            "from_task_definition": revision(1, stage.place),
            "from_images": {},
            "requested_at": at(0),
            "expires_at": at(600),
            "requested_by": None,
            "asked": ("ops@example.com",),
            "status": ApprovalStatus.APPROVED,
            "decided_by": "ops@example.com",
            **more,
        }
    )
    return ASKED


def in_production() -> Stage:
    stage = locked(planned(place="prod"))
    stage.ports.alarms.known[ALARM] = "OK"
    return stage


def changed_nothing(stage: Stage) -> bool:
    registered = set(stage.ports.task_definitions.registered)
    return not stage.now.touched and not stage.deployments() and registered == {revision(1, stage.place)}


def test_the_task_definition_is_registered_and_the_deployment_opened():
    # Given
    stage = ready()

    # When
    result = prepare(stage)

    # Then
    opened = stage.deployment()
    assert result["outcome"] == "ready"
    assert result["task_definition"] == opened.task_definition == revision(2)
    assert result["deployment"] == opened.id
    assert result["before_deploy"] is None
    assert stage.now.touched == ("dev",)
    assert not stage.now.production_touched
    assert opened.outcome is None
    assert opened.images == {"app": f"{URI}@{digest('b')}"}
    assert (opened.from_task_definition, opened.from_images) == (revision(1), {"app": f"{URI}@{digest('a')}"})
    assert (opened.execution, opened.attempt, opened.fence, opened.revision) == (stage.root, 1, 1, 1)


def test_what_is_registered_is_the_template_with_overrides_digests_and_tags():
    # Given
    manifest = only(overrides=Overrides(cpu="512", environment={"app": {"STAGE": "dev"}}))
    stage = locked(planned(manifest=manifest))

    # When
    prepare(stage)

    # Then
    (written,) = [each for each in stage.ports.task_definitions.registered.values() if each["revision"] == 2]
    assert written["cpu"] == "512"
    assert written["containerDefinitions"] == [
        {
            "name": "app",
            "essential": True,
            "image": f"{URI}@{digest('b')}",
            "environment": [{"name": "STAGE", "value": "dev"}],
        }
    ]
    assert {tag["key"]: tag["value"] for tag in written["tags"]} == {
        "tidegate:service": "checkout",
        "tidegate:release": stage.release.id,
        "tidegate:manifest-revision": "1",
    }


def test_the_manifest_is_that_of_the_plan_whatever_was_registered_since():
    # Given
    stage = ready()
    stage.ports.catalogue.put(service(environments=(environment("dev", cluster="elsewhere"),)), after=1)

    # Then
    assert prepare(stage)["outcome"] == "ready"


def test_production_is_touched_as_production():
    # Given
    stage = in_production()

    # When
    result = prepare(stage, asked(stage))

    # Then
    assert result["outcome"] == "ready"
    assert stage.now.production_touched
    assert stage.deployment().production
    assert stage.deployment().approved_by == "ops@example.com"


def test_a_migration_is_named_with_all_that_running_it_needs():
    # Given
    stage = locked(planned(manifest=only(before_deploy=MIGRATION)))

    # When
    result = prepare(stage)

    # Then
    assert result["before_deploy"] == {
        "container": "app",
        "command": [],
        "timeout_seconds": 60,
        "point_of_no_return": True,
    }
    assert stage.deployment().point_of_no_return


@pytest.mark.parametrize("owner", [None, "other"])
def test_without_the_lock_nothing_is_changed(owner: str | None):
    # Given
    stage = planned()
    if owner:
        locked(stage, owner=execution_arn(owner))

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        prepare(stage)
    assert changed_nothing(stage)


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_changes_nothing(signal: StopSignal):
    # Given
    stage = ready()
    stage.stop(signal, "Enough.")

    # Then
    assert prepare(stage) == {"outcome": str(signal), "reason": "Enough."}
    assert changed_nothing(stage)


def test_a_stop_that_comes_between_looking_and_touching_wins():
    # Given
    stage = ready()
    register = stage.ports.task_definitions.register

    def meanwhile(*arguments):
        stage.stop(StopSignal.SUPERSEDED, "A newer one came.")
        return register(*arguments)

    stage.ports.task_definitions.register = meanwhile

    # Then
    assert prepare(stage) == {"outcome": "superseded", "reason": "A newer one came."}
    assert not stage.now.touched
    assert not stage.deployments()


def test_a_service_that_is_gone_fails_the_release():
    # Given
    stage = ready()
    stage.ports.services.described.clear()

    # When
    result = prepare(stage)

    # Then
    assert result == {"outcome": "failed", "reason": "There is no active service checkout in cluster dev."}
    assert changed_nothing(stage)


def test_an_image_that_came_into_quarantine_meanwhile_is_refused():
    # Given
    stage = ready()
    stage.ports.quarantine.add("checkout", digest("b"), reason="It crashes.", release="x", at=at(0))

    # When
    result = prepare(stage)

    # Then
    assert result["outcome"] == "rejected"
    assert "It crashes." in result["reason"]
    assert changed_nothing(stage)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"release": "another"}, "not for these images here"),
        ({"environment": "dev"}, "not for these images here"),
        ({"digests": {"app": digest("c")}}, "not for these images here"),
        ({"status": ApprovalStatus.PENDING}, "is pending"),
        ({"status": ApprovalStatus.REJECTED}, "is rejected"),
        ({"status": ApprovalStatus.VOID}, "is void"),
    ],
)
def test_an_approval_is_good_for_what_was_approved_only(more: dict, reason: str):
    # Given
    stage = in_production()

    # When
    result = prepare(stage, asked(stage, **more))

    # Then
    assert result["outcome"] == "failed"
    assert reason in result["reason"]
    assert changed_nothing(stage)


@pytest.mark.parametrize("approval", [None, "unknown"])
def test_production_is_not_entered_without_its_approval(approval: str | None):
    # Given
    stage = in_production()

    # Then
    assert prepare(stage, approval)["outcome"] == "failed"
    assert changed_nothing(stage)


def test_an_approval_is_void_when_something_else_runs_than_the_approver_saw():
    # Given
    stage = in_production()
    stage.change(task_definition=define(stage.ports, "prod", 7, "c"))

    # When
    result = prepare(stage, asked(stage))

    # Then
    assert result["outcome"] == "from_changed"
    assert revision(7, "prod") in result["reason"]
    assert not stage.now.touched


@pytest.mark.parametrize(
    ("states", "choice", "outcome", "reason"),
    [
        ({ALARM: "ALARM"}, "refuse", "failed", f"in ALARM already: {ALARM}"),
        ({}, "refuse", "failed", f"not there: {ALARM}"),
        ({ALARM: "ALARM"}, "accept", "ready", ""),
        ({ALARM: "INSUFFICIENT_DATA"}, "refuse", "ready", ""),
    ],
)
def test_an_alarm_that_is_red_already_is_refused_or_accepted_by_the_manifest(
    states: dict, choice: str, outcome: str, reason: str
):
    # Given
    alarms = DeploymentAlarms((ALARM,), choice)
    stage = locked(planned(manifest=only(strategy=RollingSettings(alarms=alarms))))
    stage.ports.alarms.known.update(states)

    # When
    result = prepare(stage)

    # Then
    assert result["outcome"] == outcome
    assert reason in result["reason"]


def test_deployments_that_dead_executions_left_open_are_closed():
    # Given an earlier attempt of the release, and another release, both never recorded
    stage = ready()
    other = release(stage.ports, letter="c", pushed=-900, salt=950)
    deployment(stage.ports, other, "dev", opened=-800)
    left = deployment(stage.ports, stage.release, "dev", opened=-700, execution=execution_arn("before"))
    elsewhere = deployment(stage.ports, other, "staging", opened=-600)

    # When
    prepare(stage)

    # Then
    assert [each.outcome for each in stage.deployments(other.id)] == [Outcome.FAILED]
    assert {each.id: each.outcome for each in stage.deployments()}[left.id] is Outcome.FAILED
    assert stage.ports.deployments.stored["checkout", "staging", elsewhere.id].outcome is None
    assert sum(each.outcome is None for each in stage.deployments()) == 1


def outlived(stage: Stage) -> str:
    """Let the lock go to another execution while the deployment is being opened; returns the other one."""
    other, opens = execution_arn("newer"), stage.ports.deployments.open

    def opened(deployment: Deployment) -> Deployment:
        stage.ports.locks.release("checkout", "dev", owner=stage.root)
        stage.ports.locks.acquire("checkout", "dev", owner=other, release="newer", at=stage.ports.clock.at)
        return opens(deployment)

    stage.ports.deployments.open = opened  # type: ignore[method-assign]
    return other


def test_a_function_that_has_outlived_its_execution_leaves_no_open_deployment():
    # Given
    stage = ready()
    other = outlived(stage)

    # When
    with pytest.raises(Terminal, match="had lost the lock"):
        prepare(stage)

    # Then
    assert stage.deployment().outcome is Outcome.FAILED
    assert stage.ports.locks.held["checkout", "dev"].owner == other


def test_a_deployment_under_a_newer_fence_is_left_alone():
    # Given
    stage = ready()
    newer = release(stage.ports, letter="c", pushed=-900, salt=950)
    deployment(stage.ports, newer, "dev", opened=800, fence=99)

    # When
    prepare(stage)

    # Then
    assert [each.outcome for each in stage.deployments(newer.id)] == [None]


def test_a_service_that_wants_no_tasks_is_refused_before_anything_has_changed():
    # Given
    stage = ready()
    stage.change(desired=0, running=0)

    # When
    result = prepare(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "nothing would prove" in result["reason"]
    assert not stage.deployments(stage.release.id)


def test_a_touch_of_a_release_that_cannot_be_touched_says_why():
    # Given a store that refuses the touch although no stop signal is there
    stage = ready()
    stage.ports.releases.touch = lambda *_, **__: False

    # Then
    assert prepare(stage)["outcome"] == "failed"


@pytest.mark.parametrize("case", ["ready", "production", "left_open", "rejected"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = in_production() if case == "production" else ready()
        approval = asked(stage) if case == "production" else None
        if case == "left_open":
            other = release(stage.ports, letter="c", pushed=-900, salt=950)
            deployment(stage.ports, other, "dev", opened=-800)
        if case == "rejected":
            stage.ports.quarantine.add("checkout", digest("b"), reason="Bad.", release="x", at=at(0))
        return stage.ports, lambda: prepare(stage, approval)

    check_repeatable(make)


def test_an_approval_is_void_when_something_else_would_be_deployed_than_the_approver_saw():
    # Given what was shown, and what an upgrade, say, renders otherwise
    stage = in_production()
    scope = Scope(stage.now, stage.service, stage.here)
    same = fingerprint(rendered(stage.ports, scope))

    # When
    other = prepare(stage, asked(stage, difference="0" * 64))
    ready = prepare(stage, asked(stage, difference=same))

    # Then
    assert (other["outcome"], ready["outcome"]) == ("from_changed", "ready")
    assert "no longer what the approver saw" in other["reason"]


def test_everybody_who_approved_is_named_in_the_record():
    # Given
    stage = in_production()
    votes = (Vote("ops@example.com", at(1)), Vote("sec@example.com", at(2)))

    # When
    prepare(stage, asked(stage, votes=votes, decided_by="sec@example.com"))

    # Then
    assert stage.deployment().approved_by == "ops@example.com, sec@example.com"


def test_the_rule_that_asks_for_approval_is_that_of_the_pinned_revision():
    # Given an approval rule that was added after the release was planned
    stage = ready()
    ruled = replace(environment("dev"), approval=ApprovalRule(("ops@example.com",)))
    stage.ports.catalogue.put(service(environments=(ruled,)), after=1)

    # Then
    assert prepare(stage)["outcome"] == "ready"
    assert ACCOUNT in stage.deployment().task_definition


# --- before a canary ---------------------------------------------------------------------------------------


def before_a_canary(**more) -> Stage:
    """The release is about to enter an environment whose strategy is `canary`."""
    stage = locked(planned(manifest=canary_stage.manifest(**more)))
    canary_stage.give(stage, 0)
    stage.change(target_groups=(canary_stage.STABLE,))
    return stage


def test_an_environment_in_which_a_canary_can_begin_is_made_ready():
    assert prepare(before_a_canary())["outcome"] == "ready"


def test_what_stands_in_the_way_of_a_canary_is_found_before_anything_is_changed():
    # Given
    stage = before_a_canary()
    canary_stage.give(stage, 5, canary_stage.RULES[1])

    # When
    result = prepare(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "gives" in result["reason"]
    assert canary_stage.RULES[1] in result["reason"]
    assert changed_nothing(stage)


@pytest.mark.parametrize(("phase", "outcome"), [("returning", "ready"), ("ended", "failed")])
def test_what_is_left_of_the_canary_before_is_seen_to_later(phase: str, outcome: str):
    # Given
    stage = before_a_canary()
    canary_stage.give(stage, 5)
    known = Canary(
        id="earlier",
        release="earlier",
        service="checkout",
        environment="dev",
        attempt=1,
        root="root",
        task_definition="new",
        stable_task_definition="old",
        opened_at=at(-60),
        phase=phase,
    )
    stage.ports.canaries.open(known)

    # Then
    assert prepare(stage)["outcome"] == outcome


def test_without_a_way_back_there_will_be_no_canary_to_stand_in_the_way_of():
    # Given
    stage = before_a_canary(before_deploy=MIGRATION)
    stage.ports.releases.mark_point_of_no_return(stage.release.id)
    canary_stage.give(stage, 5)

    # Then
    assert prepare(stage)["outcome"] == "ready"


def test_whatever_breaks_before_a_canary_trying_again_finishes_it():
    def make():
        stage = before_a_canary()
        return stage.ports, lambda: prepare(stage)

    check_repeatable(make)


def test_a_listener_rule_that_somebody_else_has_changed_is_found_before_anything_is_touched():
    # Given
    stage = blue_green_stage.standing()
    known = stage.ports.listener_rules.rules[blue_green_stage.PRODUCTION]
    shared = {blue_green_stage.ONE: 80, blue_green_stage.TWO: 20}
    stage.ports.listener_rules.rules[known.arn] = replace(known, weights=shared)

    # When
    result = prepare(locked(stage))

    # Then
    assert result["outcome"] == "failed"
    assert "80 % and 20 %" in result["reason"]
    assert changed_nothing(stage)


def test_a_service_that_can_be_switched_is_entered():
    assert prepare(locked(blue_green_stage.standing()))["outcome"] == "ready"
