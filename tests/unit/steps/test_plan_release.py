"""Planning a release."""

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import check_repeatable
from tests.unit.examples import (
    ALARM,
    NOON,
    at,
    digest,
    environment,
    execution_arn,
    registered,
    release,
    running,
    service,
)
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.domain.service import ImageSource, TagRule
from tidegate.errors import Terminal
from tidegate.steps.plan_release import Command, run

BY_HAND = execution_arn("console-4711")


def plan(ports: FakePorts, root: str = BY_HAND, **given) -> dict:
    return run(Command(root=root, input=given), ports)


def pushed(letter: str = "b", **more) -> tuple[FakePorts, Release]:
    """A release that waits for its execution, as the intake leaves it."""
    ports = registered(fake_ports())
    ports.registry.push("checkout", f"1.0.{letter}", digest(letter), NOON)
    return ports, release(ports, letter=letter, salt=901, **more)


def failed(environment: str | None = "prod", **more) -> tuple[FakePorts, Release]:
    """A release whose first attempt failed in an environment."""
    ports, one = pushed(**more)
    ports.releases.start_attempt(one.id, 1, execution_arn(one.id))
    ports.releases.end(one.id, Outcome.FAILED, "It broke.", at=at(60), environment=environment)
    return ports, ports.releases.stored[one.id]


def test_the_release_of_the_intake_is_planned_and_takes_this_execution():
    # Given
    ports, one = pushed()
    root = execution_arn(one.id)

    # When
    result = plan(ports, root, release=one.id)

    # Then
    assert (result["outcome"], result["release"], result["service"]) == ("ready", one.id, "checkout")
    assert result["index"] == 0
    assert result["environments"][2] == {
        "name": "prod",
        "strategy": "rolling",
        "production": True,
        "approval": True,
        "expires_after_seconds": 3600,
        "soak_seconds": 0,
    }
    assert [each["name"] for each in result["environments"]] == ["dev", "staging", "prod"]
    assert ports.releases.stored[one.id].execution == root
    assert ports.journal.kinds(one.id) == ["release.started"]
    (message,) = ports.notifier.messages
    assert message.subject == "checkout: release of checkout:1.0.b started"
    assert "dev → staging → prod" in message.body


def test_the_manifest_is_that_of_the_push():
    # Given
    ports, one = pushed()
    ports.catalogue.put(service(environments=(environment("other"),)), after=1)

    # When
    result = plan(ports, execution_arn(one.id), release=one.id)

    # Then
    assert [each["name"] for each in result["environments"]] == ["dev", "staging", "prod"]


def test_an_image_that_a_person_names_becomes_a_release_of_theirs():
    # Given
    ports, _ = pushed()

    # When
    result = plan(ports, service="checkout", tag="1.0.b", requested_by="ana", reason="Now.")

    # Then
    minted = ports.releases.stored[result["release"]]
    assert result["outcome"] == "ready"
    assert (minted.trigger, minted.requested_by, minted.reason) == ("operator", "ana", "Now.")
    assert minted.digests == {"app": digest("b")}
    assert minted.execution == BY_HAND


def test_a_release_that_has_run_is_released_again_as_a_new_one():
    # Given
    ports, one = failed()

    # When
    result = plan(ports, release=one.id)

    # Then
    assert result["release"] != one.id
    assert ports.releases.stored[result["release"]].digests == one.digests
    assert ports.releases.stored[one.id].outcome is Outcome.FAILED


def test_a_person_may_take_a_release_that_waits_and_its_own_execution_then_does_nothing():
    # Given
    ports, one = pushed()
    plan(ports, release=one.id)

    # When the execution comes that the intake started
    result = plan(ports, execution_arn(one.id), release=one.id)

    # Then
    assert (result["outcome"], result["release"]) == ("rejected", None)
    assert "another execution" in result["reason"]
    assert len(ports.releases.stored) == 1
    assert ports.releases.stored[one.id].execution == BY_HAND


# --- attempts ----------------------------------------------------------------------------------------------


def test_a_retry_goes_on_from_where_it_failed_and_clears_the_old_ending():
    # Given
    ports, one = failed()
    root = execution_arn(f"{one.id}-a2")

    # When
    result = plan(ports, root, release=one.id, attempt=2, from_environment="prod")

    # Then
    assert (result["outcome"], result["release"], result["index"]) == ("ready", one.id, 2)
    now = ports.releases.stored[one.id]
    assert (now.attempt, now.execution, now.outcome) == (2, root, None)
    assert ports.journal.entries(one.id)[-1]["entry"]["environments"] == ["prod"]


@pytest.mark.parametrize("twice", [execution_arn("another"), BY_HAND])
def test_only_one_execution_gets_an_attempt(twice: str):
    # Given
    ports, one = failed()
    root = execution_arn(f"{one.id}-a2")
    plan(ports, root, release=one.id, attempt=2)

    # When
    result = plan(ports, twice, release=one.id, attempt=2)

    # Then it is either refused or a release of its own
    assert result["release"] != one.id
    assert ports.releases.stored[one.id].execution == root


def refused_attempts() -> list:
    def runs() -> tuple[FakePorts, Release]:
        ports, one = pushed()
        ports.releases.start_attempt(one.id, 1, execution_arn(one.id))
        return ports, one

    def succeeded() -> tuple[FakePorts, Release]:
        ports, one = runs()
        ports.releases.end(one.id, Outcome.SUCCEEDED, "", at=at(60), environment=None)
        return ports, one

    return [
        (runs, 2, "still runs; cancel it first."),
        (succeeded, 2, "has succeeded"),
    ]


@pytest.mark.parametrize(("given", "attempt", "sentence"), refused_attempts())
def test_an_attempt_begins_only_after_the_last_one_has_ended(given, attempt: int, sentence: str):
    # Given
    ports, one = given()
    before = ports.releases.stored[one.id]

    # When
    result = plan(ports, execution_arn(f"{one.id}-a{attempt}"), release=one.id, attempt=attempt)

    # Then
    assert (result["outcome"], result["release"]) == ("rejected", None)
    assert sentence in result["reason"]
    assert ports.releases.stored == {one.id: before}


def test_planning_twice_does_not_clear_a_stop_signal_that_came_between():
    # Given
    ports, one = failed()
    root = execution_arn(f"{one.id}-a2")
    plan(ports, root, release=one.id, attempt=2)
    ports.releases.stop(one.id, StopSignal.CANCELLED, "Wrong branch.", unless_production=False)

    # When
    result = plan(ports, root, release=one.id, attempt=2)

    # Then
    assert (result["outcome"], result["reason"]) == ("cancelled", "Wrong branch.")


# --- refusals ----------------------------------------------------------------------------------------------

UNKNOWN = "checkout-20260101T000000Z-ffffff"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "release: this field is missing; give exactly one of release, tag and digest."),
        ({"tag": "1.0.b"}, "service: this field is missing; tag needs it."),
        ({"release": UNKNOWN}, f"release: the ledger does not know {UNKNOWN}."),
        ({"service": "nobody", "tag": "1"}, "service: nobody is not registered; start the machine register_"),
        ({"service": "checkout", "tag": "9.9"}, "tag: repository checkout has no image 9.9."),
        ({"service": "checkout", "digest": digest("f")}, "digest: repository checkout has no image sha256:f"),
        ({"service": "checkout", "tag": "1.0.b", "container": "web"}, "container: web is not fed by a repo"),
        ({"service": "checkout", "tag": "1.0.b", "from_environment": "moon"}, "from_environment: service c"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_that_names_the_field_and_changes_nothing(given: dict, sentence: str):
    # Given
    ports, one = pushed()
    before = dict(ports.releases.stored)

    # When
    result = plan(ports, **given)

    # Then
    assert (result["outcome"], result["release"]) == ("rejected", None)
    assert result["reason"].startswith(sentence)
    assert ports.releases.stored == before == {one.id: one}
    assert not ports.intake.claims
    assert not ports.notifier.messages


def test_a_release_of_another_service_is_refused():
    # Given
    ports, one = pushed()
    registered(ports, service("refunds"))

    # When
    result = plan(ports, service="refunds", release=one.id)

    # Then
    assert result["reason"] == f"service: {one.id} is a release of checkout, not of refunds."


def test_a_release_from_before_a_container_was_added_is_not_released_again():
    # Given
    ports, one = failed()
    containers = {name: ImageSource(name, TagRule(pattern="*")) for name in ("app", "worker")}
    ports.catalogue.put(service(containers=containers), after=1)

    # When
    result = plan(ports, release=one.id)

    # Then
    assert result["reason"] == "release: it has images of app; checkout now feeds app, worker."


def test_which_of_several_images_is_meant_must_be_said():
    # Given
    containers = {name: ImageSource(name, TagRule(pattern="*")) for name in ("web", "worker")}
    ports = registered(fake_ports(), service(containers=containers))
    ports.registry.push("web", "1.0", digest("b"), NOON)
    ports.registry.push("worker", "1.0", digest("c"), NOON)

    # When
    vague = plan(ports, service="checkout", tag="1.0")
    clear = plan(ports, service="checkout", tag="1.0", container="web")

    # Then
    assert vague["reason"].startswith("container: checkout has several images")
    assert clear["outcome"] == "ready"
    assert ports.releases.stored[clear["release"]].digests == {"web": digest("b"), "worker": digest("c")}


def test_a_companion_that_is_missing_is_named():
    # Given
    containers = {name: ImageSource(name, TagRule(pattern="*")) for name in ("web", "worker")}
    ports = registered(fake_ports(), service(containers=containers))
    ports.registry.push("web", "1.0", digest("b"), NOON)

    # Then
    assert "worker" in plan(ports, service="checkout", tag="1.0", container="web")["reason"]


def quarantined(ports: FakePorts, one: Release) -> None:
    ports.quarantine.add("checkout", digest("b"), reason="It crashes.", release="x", at=NOON)


def archived(ports: FakePorts, one: Release) -> None:
    ports.registry.archive("checkout", digest("b"))


def deleted(ports: FakePorts, one: Release) -> None:
    ports.registry.pushed.clear()


def overtaken(ports: FakePorts, one: Release) -> None:
    running(ports, letter="c", pushed=60, salt=950)


def superseded(ports: FakePorts, one: Release) -> None:
    ports.releases.stop(one.id, StopSignal.SUPERSEDED, "A newer one came.", unless_production=True)


@pytest.mark.parametrize(
    ("harm", "outcome", "words"),
    [
        (quarantined, "rejected", "is in quarantine: It crashes."),
        (archived, "rejected", "is archived."),
        (deleted, "rejected", "does not exist."),
        (overtaken, "superseded", "takes its place."),
        (superseded, "superseded", "A newer one came."),
    ],
)
def test_a_release_that_may_not_begin_ends_with_its_reason(harm, outcome: str, words: str):
    # Given
    ports, one = pushed()
    harm(ports, one)

    # When
    result = plan(ports, execution_arn(one.id), release=one.id)

    # Then
    assert (result["outcome"], result["release"], result["environments"]) == (outcome, one.id, [])
    assert words in result["reason"]
    assert not ports.notifier.messages


def test_what_a_person_asks_for_is_not_overtaken_by_a_push():
    # Given
    ports, _ = failed()
    running(ports, letter="c", pushed=60, salt=950)

    # Then
    assert plan(ports, service="checkout", tag="1.0.b")["outcome"] == "ready"


def test_a_revision_that_is_gone_is_an_error():
    # Given
    ports, one = pushed(revision=9)

    # Then
    with pytest.raises(Terminal, match="revision 9"):
        plan(ports, execution_arn(one.id), release=one.id)


@pytest.mark.parametrize("case", ["pushed", "by_hand", "retry", "refused"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        ports, one = failed() if case == "retry" else pushed()
        if case == "refused":
            quarantined(ports, one)
        given = {
            "pushed": (execution_arn(one.id), {"release": one.id}),
            "by_hand": (BY_HAND, {"service": "checkout", "tag": "1.0.b"}),
            "retry": (execution_arn(f"{one.id}-a2"), {"release": one.id, "attempt": 2}),
            "refused": (execution_arn(one.id), {"release": one.id}),
        }
        root, data = given[case]
        return ports, lambda: plan(ports, root, **data)

    check_repeatable(make)


def test_an_alarm_is_nothing_that_planning_looks_at():
    # Given
    ports, one = pushed()
    ports.alarms.known[ALARM] = "ALARM"

    # Then
    assert plan(ports, execution_arn(one.id), release=one.id)["outcome"] == "ready"
    assert ImageRef("checkout", digest("b"), "1.0.b", NOON) in one.images.values()
