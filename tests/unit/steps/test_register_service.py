"""Registering a service, and adopting what runs."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import check_repeatable
from tests.unit.contracts.manifests import changed, example
from tests.unit.examples import at, digest, execution_arn
from tests.unit.stage import task
from tidegate.domain.outcome import Outcome
from tidegate.domain.workload import ContainerState, EcsDeployment
from tidegate.errors import Terminal, Transient
from tidegate.steps.register_service import Command, run

ROOT = execution_arn("first", "register_service")
MANIFEST = changed(
    example("checkout"),
    *((f"environments.{n}.strategy.name", "rolling") for n in range(3)),
    *((f"environments.{n}.strategy.alarms.names", [f"alarm-{n}"]) for n in range(3)),
)
TD = "arn:aws:ecs:us-east-1:123456789012:task-definition/legacy:41"


def world() -> FakePorts:
    """What the manifest names is there; in each environment two tasks run."""
    ports = fake_ports()
    ports.registry.push("checkout", "0.9.0", digest("a"), at(-9000))
    for number, environment in enumerate(MANIFEST["environments"]):
        cluster, name = environment["cluster"], environment["service"]
        ports.services.add(cluster, name, TD)
        ports.services.running[cluster, name] = [task(n, TD, "a") for n in range(2)]
        ports.alarms.known[f"alarm-{number}"] = "OK"
    return ports


def register(ports: FakePorts, manifest: dict[str, Any] = MANIFEST, root: str = ROOT, **more) -> dict:
    return run(Command(root=root, input={"manifest": manifest, **more}), ports)


def adopted(ports: FakePorts, environment: str) -> Any:
    found = ports.deployments.latest("checkout", environment)
    return found[0] if found else None


def test_a_service_is_stored_and_what_runs_becomes_its_first_known_good_release():
    # Given
    ports = world()

    # When
    result = register(ports, requested_by="ana")

    # Then
    assert result == {
        "outcome": "succeeded",
        "reason": "checkout is registered as revision 1; adopted what runs in dev, staging, prod.",
        "release": None,
        "record": "checkout/registered/first",
    }
    assert ports.catalogue.get("checkout")
    good = adopted(ports, "prod")
    assert good.good
    assert (good.task_definition, good.production, good.revision) == (TD, True, 1)
    assert good.images == {"app": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout@{digest('a')}"}
    release = ports.releases.stored[good.release]
    assert (release.outcome, release.trigger, release.digests) == (
        Outcome.SUCCEEDED,
        "adopted",
        {"app": digest("a")},
    )
    approvers = MANIFEST["environments"][2]["approval"]["approvers"]
    assert ports.notifier.approvers == dict.fromkeys(approvers, False)
    assert ports.journal.kinds("checkout") == ["service.registered"]


def test_the_same_manifest_again_is_no_new_revision_and_adopts_nothing_twice():
    # Given
    ports = world()
    register(ports)
    releases = set(ports.releases.stored)

    # When
    result = register(ports, root=execution_arn("second", "register_service"))

    # Then
    assert result["reason"] == "checkout is registered as revision 1."
    assert set(ports.releases.stored) == releases
    assert len(ports.deployments.latest("checkout", "dev")) == 1


def test_when_a_service_was_registered_first_is_noted_for_ever():
    # Given
    ports = world()
    register(ports)

    # When
    ports.clock.advance(60)
    register(ports, root=execution_arn("second", "register_service"))

    # Then
    assert ports.intake.seen("registered/checkout") == (ROOT, at(0))


def test_a_changed_manifest_is_a_new_revision():
    # Given
    ports = world()
    register(ports)

    # When
    result = register(ports, changed(MANIFEST, ("environments.0.soak_seconds", 7)))

    # Then
    assert "revision 2" in result["reason"]
    assert len(ports.catalogue.revisions["checkout"]) == 2


# --- what is not adopted ------------------------------------------------------------------------------------

DEV = ("dev", "checkout")


def no_tasks(ports: FakePorts) -> None:
    ports.services.running[DEV] = []
    ports.services.described[DEV] = replace(ports.services.described[DEV], desired=0, running=0)


def mixed_digests(ports: FakePorts) -> None:
    ports.services.running[DEV] = [task(1, TD, "a"), task(2, TD, "b")]


def no_digest(ports: FakePorts) -> None:
    silent = (ContainerState("app", "checkout:latest", None, "RUNNING"),)
    ports.services.running[DEV] = [task(1, TD, "a", containers=silent)]


def another_container(ports: FakePorts) -> None:
    other = (ContainerState("web", "x", digest("a"), "RUNNING"),)
    ports.services.running[DEV] = [task(1, TD, "a", containers=other)]


def another_revision(ports: FakePorts) -> None:
    ports.services.running[DEV] = [task(1, TD, "a"), task(2, TD.replace(":41", ":40"), "a")]


def two_deployments(ports: FakePorts) -> None:
    state = ports.services.described[DEV]
    old = EcsDeployment("ecs-svc/0", "ACTIVE", TD, 2, 1, 0, 0, "COMPLETED")
    ports.services.described[DEV] = replace(state, deployments=(*state.deployments, old))


def failing(ports: FakePorts) -> None:
    state = ports.services.described[DEV]
    failed = replace(state.deployments[0], rollout_state="FAILED")
    ports.services.described[DEV] = replace(state, deployments=(failed,))


def too_few(ports: FakePorts) -> None:
    ports.services.described[DEV] = replace(ports.services.described[DEV], running=1)


def starting(ports: FakePorts) -> None:
    ports.services.running[DEV] = [task(1, TD, "a", last_status="PENDING")]


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (no_tasks, "no task runs"),
        (starting, "no task runs"),
        (mixed_digests, "its tasks run different images as app"),
        (no_digest, "its tasks do not report the image of app"),
        (another_container, "its tasks do not report the image of app"),
        (another_revision, "a deployment is under way"),
        (two_deployments, "a deployment is under way"),
        (failing, "a deployment is under way"),
        (too_few, "a deployment is under way"),
    ],
)
def test_what_is_not_known_to_run_is_no_known_good_release_and_the_reason_says_so(harm, why: str):
    # Given
    ports = world()
    harm(ports)

    # When
    result = register(ports)

    # Then
    assert result["outcome"] == "succeeded"
    assert result["reason"].endswith(
        f"adopted what runs in staging, prod. There is nothing to come back to yet in dev ({why})."
    )
    assert adopted(ports, "dev") is None


def test_what_could_not_be_adopted_is_adopted_when_it_is_registered_again():
    # Given
    ports = world()
    mixed_digests(ports)
    register(ports)
    ports.services.running[DEV] = [task(n, TD, "a") for n in range(2)]

    # When
    result = register(ports, root=execution_arn("second", "register_service"))

    # Then
    assert result["reason"] == "checkout is registered as revision 1; adopted what runs in dev."


def test_an_image_that_ecr_has_forgotten_is_adopted_by_its_digest():
    # Given
    ports = world()
    ports.registry.pushed.clear()

    # When
    register(ports)

    # Then
    assert ports.releases.stored[adopted(ports, "dev").release].images["app"].tag is None


# --- refusals -----------------------------------------------------------------------------------------------


def nothing_changed(ports: FakePorts) -> bool:
    written = (
        ports.catalogue.revisions,
        ports.releases.stored,
        ports.deployments.stored,
        ports.journal.lines,
    )
    return not any(written) and not ports.notifier.approvers


def gone(ports: FakePorts) -> None:
    del ports.services.described[DEV]


def code_deploy(ports: FakePorts) -> None:
    ports.services.described[DEV] = replace(ports.services.described[DEV], controller="CODE_DEPLOY")


def no_alarm(ports: FakePorts) -> None:
    del ports.alarms.known["alarm-1"]


def no_repository(ports: FakePorts) -> None:
    ports.registry.fail("uri", Terminal("RepositoryNotFoundException"))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (gone, "environments[0].service: there is no active service checkout in cluster dev."),
        (code_deploy, "environments[0].service: its deployment controller is CODE_DEPLOY; it must be ECS."),
        (no_alarm, "environments[1].strategy.alarms.names: alarm alarm-1 does not exist."),
        (no_repository, "containers.app.repository: checkout cannot be used: RepositoryNotFoundException"),
    ],
)
def test_what_the_manifest_names_must_be_there(harm, sentence: str):
    # Given
    ports = world()
    harm(ports)

    # When
    result = register(ports)

    # Then
    assert (result["outcome"], result["reason"]) == ("rejected", sentence)
    assert nothing_changed(ports)


def test_another_account_is_refused_with_a_sentence():
    # Given
    ports = world()

    # When
    result = register(ports, changed(MANIFEST, ("environments.2.account", "999999999999")))

    # Then
    assert result["outcome"] == "rejected"
    assert result["reason"].startswith("environments[2].account: 999999999999 is not allowed")
    assert nothing_changed(ports)


def test_a_strategy_that_this_version_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch):
    # Given
    ports = world()
    monkeypatch.setattr("tidegate.domain.strategy.STRATEGIES", frozenset({"leap"}))

    # When
    reason = register(ports)["reason"]

    # Then
    assert "environments[0].strategy.name: rolling is no strategy; give one of leap." in reason


def test_every_mistake_is_told_at_once():
    # Given
    ports = world()
    gone(ports)
    no_alarm(ports)

    # Then
    assert len(register(ports)["reason"].splitlines()) == 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "manifest: this field is missing; give the manifest, an object."),
        ({"manifest": []}, "manifest: a list is not allowed; give an object."),
        ({"manifest": changed(MANIFEST, ("environments.0.soak_seconds", -1))}, "environments[0].soak"),
        ({"manifest": MANIFEST, "manifes": 1}, "manifes: this field is not known; the nearest one that"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_that_names_the_field_and_changes_nothing(given: dict, sentence: str):
    # Given
    ports = world()

    # When
    result = run(Command(root=ROOT, input=given), ports)

    # Then
    assert result["outcome"] == "rejected"
    assert result["reason"].startswith(sentence)
    assert nothing_changed(ports)


def test_a_repository_that_cannot_be_asked_for_now_is_no_mistake_of_the_manifest():
    # Given
    ports = world()
    ports.registry.fail("uri", Transient("throttled"))

    # Then
    with pytest.raises(Transient):
        register(ports)


def test_two_registrations_at_once_do_not_overwrite_each_other():
    # Given somebody else stores a revision while we look at the world
    ports = world()
    get = ports.catalogue.get

    def before(name, revision=None):
        found = get(name, revision)
        ports.catalogue.revisions.setdefault(name, []).append(object())
        return found

    ports.catalogue.get = before

    # Then
    with pytest.raises(Terminal, match="stored by somebody else"):
        register(ports)


@pytest.mark.parametrize("case", ["new", "mixed"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        ports = world()
        if case == "mixed":
            mixed_digests(ports)
        return ports, lambda: register(ports)

    # A repository that access is denied to is a mistake of the manifest.
    check_repeatable(make, forgiven={("registry", "uri")})
