"""Taking in pushes to Amazon ECR."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import NOON, at, digest, event, registered, running, service, wait
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.service import ImageSource, TagRule
from tidegate.errors import Terminal, Transient
from tidegate.steps.receive_push import Command, run


def pushed(
    ports: FakePorts,
    tag: str = "1.0.0",
    letter: str = "a",
    *,
    seconds: float = 0,
    repository: str = "checkout",
    name: str = "",
) -> Command:
    """Let an image be pushed; returns the event that tells of it."""
    ports.registry.push(repository, tag, digest(letter), at(seconds))
    return told(tag, letter, seconds=seconds, repository=repository, name=name)


def told(
    tag: str, letter: str, *, seconds: float = 0, repository: str = "checkout", name: str = ""
) -> Command:
    """The event of a push, which comes a second after it."""
    sent = event("ecr_image_push", repository_name=repository, image_tag=tag, image_digest=digest(letter))
    sent["time"] = at(seconds + 1).isoformat()
    sent["id"] = name or f"{repository}-{tag}-{letter}-{seconds}"
    return Command.model_validate(sent)


def only(result: dict[str, Any]) -> str:
    """The one release of a result."""
    (release,) = result["releases"]
    return str(release)


def test_a_push_becomes_a_release_and_starts():
    # Given
    ports = registered(fake_ports())
    command = pushed(ports)

    # When
    release = ports.releases.stored[only(run(command, ports))]

    # Then
    assert release.id == "checkout-20261123T120000Z-000001"
    assert release.digests == {"app": digest("a")}
    assert release.images["app"].tag == "1.0.0"
    assert (release.revision, release.trigger, release.newest_push) == (1, "push", at(1))
    assert ports.journal.kinds(release.id) == ["release.created"]
    (arn,) = ports.machines.executions
    assert arn.endswith(f":tidegate-normal_deployment:{release.id}")
    assert ports.machines.payloads[arn] == {"release": release.id}


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ({"result": "FAILURE"}, "no_push"),
        ({"action-type": "DELETE"}, "no_push"),
        ({"image-tag": ""}, "untagged"),
        ({"image-tag": "sha256-" + "1" * 64 + ".sig"}, "no_image"),
        ({"image-tag": "sha256-" + "1" * 64}, "no_image"),
        ({"artifact-media-type": "application/vnd.in-toto+json"}, "no_image"),
        ({"repository-name": "nobody"}, "unregistered_repository"),
        ({"image-tag": "not-there"}, "gone"),
    ],
)
def test_what_is_no_push_of_ours_is_ignored_and_says_why(detail: dict[str, str], reason: str):
    # Given
    ports = registered(fake_ports())
    pushed(ports)
    sent = event("ecr_image_push", **{"image-tag": "1.0.0", **detail})

    # When
    result = run(Command.model_validate(sent), ports)

    # Then
    assert result["ignored"] == reason
    assert not ports.releases.stored
    assert not ports.machines.executions


def test_a_tag_that_no_manifest_wants_is_ignored():
    # Given
    ports = registered(
        fake_ports(), service(containers={"app": ImageSource("checkout", TagRule(semver="^1.0.0"))})
    )

    # When
    result = run(pushed(ports, "latest"), ports)

    # Then
    assert result["ignored"] == "unwanted_tag"
    assert not ports.releases.stored


def test_an_archived_image_is_ignored():
    # Given
    ports = registered(fake_ports())
    command = pushed(ports)
    ports.registry.archive("checkout", digest("a"))

    # Then
    assert run(command, ports)["ignored"] == "gone"


def test_an_event_delivered_twice_makes_one_release():
    # Given
    ports = registered(fake_ports())
    command = pushed(ports)

    # When
    first, second = run(command, ports), run(command, ports)

    # Then
    assert second["releases"] == first["releases"]
    assert len(ports.releases.stored) == len(ports.machines.executions) == 1


def test_one_push_of_two_tags_is_one_release():
    # Given
    ports = registered(fake_ports())
    first, second = pushed(ports, "1.0.0"), pushed(ports, "main-4711")

    # When
    run(first, ports)
    run(second, ports)

    # Then
    assert len(ports.releases.stored) == len(ports.machines.executions) == 1


def test_the_same_image_pushed_again_weeks_later_is_a_new_release():
    # Given
    ports = registered(fake_ports())
    first = only(run(pushed(ports), ports))
    ports.releases.start_attempt(first, 1, "arn")
    ports.releases.end(first, Outcome.SUCCEEDED, "", at=at(600), environment=None)
    weeks = timedelta(days=21).total_seconds()
    ports.clock.advance(weeks)

    # When ECR keeps the time of the first push, as it does for an image that it has already
    second = only(run(told("1.0.0", "a", seconds=weeks), ports))

    # Then
    assert second != first
    assert len(ports.machines.executions) == 2
    assert ports.releases.stored[second].newest_push == at(weeks + 1)


def test_the_first_event_delivered_again_weeks_later_is_still_the_first_release():
    # Given
    ports = registered(fake_ports())
    command = pushed(ports)
    first = only(run(command, ports))
    ports.releases.start_attempt(first, 1, "arn")
    ports.clock.advance(timedelta(days=21).total_seconds())

    # Then
    assert run(command, ports)["ignored"] == "already_taken_in"
    assert len(ports.releases.stored) == 1


def test_a_newer_push_supersedes_the_older_release_and_wakes_it():
    # Given
    ports = registered(fake_ports())
    older = only(run(pushed(ports, "1.0.0", "a"), ports))
    wait(ports, "approval/1", older)
    ports.clock.advance(60)

    # When
    newer = only(run(pushed(ports, "1.1.0", "b", seconds=60), ports))

    # Then
    assert ports.releases.stored[older].stop is StopSignal.SUPERSEDED
    assert newer in (ports.releases.stored[older].stop_reason or "")
    assert ports.machines.answers == {"token": {"signal": "superseded"}}
    assert ports.releases.stored[newer].stop is None


def test_a_release_that_touched_production_is_not_superseded():
    # Given
    ports = registered(fake_ports())
    older = running(ports, pushed=-60)
    ports.releases.touch(older.id, "prod", production=True)

    # When
    run(pushed(ports, letter="b"), ports)

    # Then
    assert ports.releases.stored[older.id].stop is None


def test_what_an_operator_asked_for_is_not_superseded():
    # Given
    ports = registered(fake_ports())
    by_hand = running(ports, pushed=-60, trigger="operator")

    # When
    run(pushed(ports, letter="b"), ports)

    # Then
    assert ports.releases.stored[by_hand.id].stop is None


def test_an_older_push_that_comes_late_is_superseded_at_birth_and_never_starts():
    # Given
    ports = registered(fake_ports())
    late = pushed(ports, "1.0.0", "a", seconds=0)
    ports.clock.advance(60)
    newer = only(run(pushed(ports, "1.1.0", "b", seconds=30), ports))

    # When
    result = run(late, ports)

    # Then
    assert result["ignored"] == "overtaken"
    (older,) = set(ports.releases.stored) - {newer}
    assert ports.releases.stored[older].outcome is Outcome.SUPERSEDED
    assert ports.releases.stored[older].digests == {"app": digest("a")}
    assert newer in (ports.releases.stored[older].outcome_reason or "")
    assert ports.releases.stored[newer].stop is None
    assert len(ports.machines.executions) == 1
    assert "release.superseded" in ports.journal.kinds(older)


def test_a_tag_that_moved_on_is_taken_as_it_is_now():
    # Given
    ports = registered(
        fake_ports(), service(containers={"app": ImageSource("checkout", TagRule(pattern="latest"))})
    )
    first = pushed(ports, "latest", "a", seconds=0)
    second = pushed(ports, "latest", "b", seconds=2)

    # When
    release = only(run(first, ports))
    run(second, ports)

    # Then
    assert ports.releases.stored[release].digests == {"app": digest("b")}
    assert len(ports.releases.stored) == 1


def test_a_tag_moved_back_at_once_brings_the_old_image_back():
    # Given somebody pushed a, then b, and quickly a again to get rid of b
    ports = registered(
        fake_ports(), service(containers={"app": ImageSource("checkout", TagRule(pattern="latest"))})
    )
    first_event = pushed(ports, "latest", "a", seconds=0)
    first = only(run(first_event, ports))
    second = only(run(pushed(ports, "latest", "b", seconds=60), ports))

    # When
    back = pushed(ports, "latest", "a", seconds=120)
    third = only(run(back, ports))

    # Then
    assert len({first, second, third}) == 3
    assert ports.releases.stored[third].digests == {"app": digest("a")}
    assert ports.releases.stored[second].stop is StopSignal.SUPERSEDED
    assert ports.releases.stored[third].stop is None

    # When both events of the same images come again, one under another id
    again = [
        run(first_event, ports),
        run(back, ports),
        run(told("latest", "a", seconds=120, name="copy"), ports),
    ]

    # Then nothing is new
    assert len(ports.releases.stored) == 3
    assert ports.releases.stored[third].stop is None
    assert all(third in each.get("releases", [third]) for each in again)


def test_one_repository_may_feed_several_services():
    # Given
    both = {"app": ImageSource("checkout", TagRule(pattern="*"))}
    ports = registered(fake_ports(), service("checkout"), service("refunds", containers=both))

    # When
    result = run(pushed(ports), ports)

    # Then
    assert len(result["releases"]) == 2
    assert {each.service for each in ports.releases.stored.values()} == {"checkout", "refunds"}


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("broken manifest")])
def test_one_service_that_cannot_be_served_does_not_keep_the_others_waiting(error: Exception):
    # Given
    both = {"app": ImageSource("checkout", TagRule(pattern="*"))}
    ports = registered(fake_ports(), service("checkout"), service("refunds", containers=both))
    command = pushed(ports)
    ports.catalogue.fail("get", error)

    # When
    with pytest.raises(type(error)):
        run(command, ports)

    # Then
    assert {each.service for each in ports.releases.stored.values()} == {"refunds"}

    # When the event is delivered again
    run(command, ports)

    # Then
    assert sorted(each.service for each in ports.releases.stored.values()) == ["checkout", "refunds"]
    assert len(ports.machines.executions) == 2


def two_images(policy: str) -> FakePorts:
    containers = {name: ImageSource(name, TagRule(semver="*")) for name in ("web", "worker")}
    return registered(fake_ports(), service(containers=containers, images=policy))


def test_images_of_one_tag_wait_for_their_companions():
    # Given
    ports = two_images("same_tag")

    # When
    first = run(pushed(ports, "1.0.0", "a", repository="web"), ports)

    # Then
    assert first["ignored"] == "waiting_for_companions"
    assert "worker" in first["notes"][0]
    assert not ports.releases.stored

    # When
    release = only(run(pushed(ports, "1.0.0", "b", repository="worker", seconds=30), ports))

    # Then
    assert ports.releases.stored[release].digests == {"web": digest("a"), "worker": digest("b")}


def test_a_push_to_one_of_two_repositories_takes_the_newest_of_the_other():
    # Given
    ports = two_images("newest")
    ports.registry.push("worker", "0.9.0", digest("c"), at(-900))
    ports.registry.push("worker", "1.0.0", digest("d"), at(-800))

    # When
    release = only(run(pushed(ports, "1.0.0", "a", repository="web"), ports))

    # Then
    assert ports.releases.stored[release].digests == {"web": digest("a"), "worker": digest("d")}


def test_a_late_older_push_of_one_image_does_not_overtake_the_newest_of_all():
    # Given one image is pushed, then the other one twice; only the first push has been told of
    ports = two_images("newest")
    first = pushed(ports, "1.0.0", "a", repository="worker", seconds=0)
    older = pushed(ports, "1.0.0", "b", repository="web", seconds=60)
    newer = pushed(ports, "1.1.0", "c", repository="web", seconds=120)
    release = only(run(first, ports))

    # When
    late = run(older, ports)

    # Then
    assert late["ignored"] == "overtaken"
    assert only(run(newer, ports)) == release
    stored = ports.releases.stored[release]
    assert (stored.digests, stored.stop) == ({"web": digest("c"), "worker": digest("a")}, None)


def test_an_old_image_of_one_repository_told_late_does_not_overtake():
    # Given
    ports = two_images("newest")
    late = pushed(ports, "1.0.0", "a", repository="web", seconds=0)
    newer = pushed(ports, "1.1.0", "b", repository="web", seconds=10)
    worker = pushed(ports, "1.1.0", "c", repository="worker", seconds=20)
    release = only(run(newer, ports))

    # When
    results = [run(worker, ports), run(late, ports)]

    # Then
    assert ports.releases.stored[release].digests == {"web": digest("b"), "worker": digest("c")}
    assert ports.releases.stored[release].stop is None
    assert results[1]["ignored"] == "overtaken"


CALLS = [
    ("catalogue", "feeding"),
    ("catalogue", "get"),
    ("registry", "image"),
    ("intake", "seen"),
    ("intake", "first"),
    ("releases", "get"),
    ("releases", "create"),
    ("releases", "newest"),
    ("releases", "stop"),
    ("waits", "of_release"),
    ("machines", "resume"),
    ("machines", "start"),
    ("journal", "append"),
]


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(("port", "method"), CALLS)
def test_a_retry_finishes_what_a_failed_call_left_undone(port: str, method: str, error: Exception):
    # Given
    ports = registered(fake_ports())
    older = running(ports, pushed=-60)
    wait(ports, "approval/1", older.id)
    command = pushed(ports, letter="b")
    getattr(ports, port).fail(method, error)

    # When
    with pytest.raises(type(error)):
        run(command, ports)
    run(command, ports)

    # Then
    (release,) = set(ports.releases.stored) - {older.id}
    assert ports.releases.stored[release].digests == {"app": digest("b")}
    assert ports.releases.stored[older.id].stop is StopSignal.SUPERSEDED
    assert ports.machines.answers == {"token": {"signal": "superseded"}}
    assert sum(release in arn for arn in ports.machines.executions) == 1


@given(st.data())
def test_whatever_the_order_and_however_often_the_newest_push_wins(data: st.DataObject):
    # Given some pushes a minute apart, each told of once or more, in any order, some tries breaking off
    ports = registered(fake_ports())
    count = data.draw(st.integers(1, 5))
    events = [pushed(ports, f"1.0.{n}", "abcde"[n], seconds=n * 60) for n in range(count)]
    extra = data.draw(st.lists(st.integers(0, count - 1), max_size=5))
    order = data.draw(st.permutations([*range(count), *extra]))

    # When
    for index in order:
        ports.clock.advance(1)
        broken = data.draw(st.sampled_from([None, *CALLS[3:]]))
        if broken is not None:
            getattr(ports, broken[0]).fail(broken[1], Transient("throttled"))
        try:
            run(events[index], ports)
        except Transient:
            for port in (ports.intake, ports.releases, ports.waits, ports.machines, ports.journal):
                port._failures.clear()
            run(events[index], ports)
        for port in (ports.intake, ports.releases, ports.waits, ports.machines, ports.journal):
            port._failures.clear()

    # Then there is one release for each push, and only the newest goes on
    releases = {each.digests["app"]: each for each in ports.releases.stored.values()}
    assert len(releases) == len(ports.releases.stored) == count
    going_on = [each for each in releases.values() if not each.ended and each.stop is None]
    assert [each.digests["app"] for each in going_on] == [digest("abcde"[count - 1])]
    started = {arn.rpartition(":")[2] for arn in ports.machines.executions}
    assert going_on[0].id in started
    assert all(each.id in started or each.ended for each in releases.values())
    assert all(each.created_at >= NOON for each in releases.values())
