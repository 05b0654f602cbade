"""What `ports.Status` promises: everything comes from what the other ports have written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import NOON, approval, at, deployment, digest, release, service, wait
from tests.support.tables import NAMES
from tidegate.aws.clients import Clients
from tidegate.bootstrap import LazyPorts
from tidegate.domain.approval import ApprovalStatus, Vote
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.status import Ended, Place, TrailQuery, Version, version_of
from tidegate.ports import Ports

DAY = 86_400


def place(stores: Ports, environment: str = "dev") -> Place:
    found = stores.status.service("checkout")
    assert found
    return found.places[environment]


def opened(stores: Ports, seconds: float, **more: object) -> Deployment:
    mine = release(seconds).id
    return stores.deployments.open(deployment(seconds, **{"release": mine, "tags": {"app": "1.0"}, **more}))


def closed(stores: Ports, seconds: float, outcome: Outcome = Outcome.SUCCEEDED) -> Deployment:
    ended = replace(opened(stores, seconds), outcome=outcome, ended_at=at(seconds + 60))
    return stores.deployments.close(ended)


# --- what is open -------------------------------------------------------------------------------------------


def test_open_work_is_what_nobody_has_decided_and_what_has_not_ended(stores: Ports):
    # Given
    stores.releases.create(release(0, requested_by="ada"))
    stores.releases.create(release(1))
    stores.approvals.create(approval("late", expires_at=at(900)), {})
    stores.approvals.create(approval("soon", expires_at=at(60)), {})
    stores.approvals.create(approval("done"), {})

    # When one of each is finished
    stores.releases.end(release(1).id, Outcome.SUCCEEDED, "fine", at=at(9), environment=None)
    stores.approvals.decide("done", ApprovalStatus.REJECTED, by="bea", comment="no", at=at(9))

    # Then the rest is open, what runs out first before the others
    work = stores.status.open_work(10)
    assert [each.id for each in work.approvals] == ["soon", "late"]
    assert work.approvals[0].asked == ("ops@example.com",)
    (going,) = work.releases
    assert (going.id, going.requested_by) == (release(0).id, "ada")
    assert going.images == release(0).images
    assert work.more is None


def test_a_request_that_some_have_approved_is_open_until_enough_have(stores: Ports):
    # Given
    asked = approval("ask", expires_at=at(900))
    stores.approvals.create(asked, {})

    # When one approves, and then the one who is enough
    one = asked.with_vote(Vote("ana@example.com", at(1)), enough=False)
    assert stores.approvals.vote(asked, one, at=at(1))

    # Then
    (shown,) = stores.status.open_work(10).approvals
    assert [vote.by for vote in shown.votes] == ["ana@example.com"]
    assert stores.approvals.vote(one, one.with_vote(Vote("bea@example.com", at(2)), enough=True), at=at(2))
    assert stores.status.open_work(10).approvals == ()


def test_a_retried_release_is_open_again(stores: Ports):
    stores.releases.create(release())
    stores.releases.end(release().id, Outcome.FAILED, "broken", at=at(9), environment="dev")
    assert stores.status.open_work(10).releases == ()

    stores.releases.start_attempt(release().id, 2, "arn")

    (going,) = stores.status.open_work(10).releases
    assert going.attempt == 2


def test_a_release_that_was_told_to_stop_says_so(stores: Ports):
    stores.releases.create(release())
    stores.releases.stop(release().id, StopSignal.CANCELLED, "enough", unless_production=False)

    assert stores.status.open_work(10).releases[0].stop is StopSignal.CANCELLED


def test_open_work_comes_in_pages_without_a_gap(stores: Ports):
    # Given
    stores.approvals.create(approval("ask"), {})
    for number in range(5):
        stores.releases.create(release(number))

    # When
    seen: list[str] = []
    after: str | None = None
    for _ in range(10):
        work = stores.status.open_work(2, after=after)
        seen += [each.id for each in work.approvals] + [each.id for each in work.releases]
        assert len(work.approvals) + len(work.releases) <= 2
        after = work.more
        if after is None:
            break

    # Then
    assert seen == ["ask", *(release(number).id for number in range(5))]


# --- who waits ----------------------------------------------------------------------------------------------


def test_waits_are_listed_without_their_tokens(stores: Ports):
    # Given
    stores.waits.put(wait("lock/checkout/prod", seconds=5, token="secret-token"))
    stores.waits.put(wait("scan/checkout@sha256:0", "two", seconds=1, release="other"))
    gone = wait("task/x", "three")
    stores.waits.put(gone)
    stores.waits.remove(gone)

    # Then
    every = stores.status.waiting(10)
    assert [each.subject for each in every] == ["scan/checkout@sha256:0", "lock/checkout/prod"]
    assert (every[1].kind, every[1].about) == ("lock", "checkout/prod")
    assert "secret-token" not in repr(every)
    assert [each.subject for each in stores.status.waiting(10, release=release().id)] == [
        "lock/checkout/prod"
    ]
    assert len(stores.status.waiting(1)) == 1


def test_the_list_of_waits_cannot_hold_a_token(clients: Clients):
    # Given
    from tests.adapters.conftest import aws_stores

    ports = aws_stores(clients)
    ports.waits.put(wait("lock/checkout/prod", token="secret-token"))

    # When the index itself is read, with all that it has
    found = clients.home("dynamodb").query(
        TableName=NAMES["WAITS_TABLE"],
        IndexName="by_list",
        KeyConditionExpression="#list = :list",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues={":list": {"S": "every"}},
    )

    # Then
    assert len(found["Items"]) == 1
    assert "secret-token" not in str(found)


# --- what runs where ----------------------------------------------------------------------------------------


def test_a_registered_service_has_its_environments_before_anything_ran(stores: Ports):
    stores.catalogue.put(service(), after=0)

    found = stores.status.service("checkout")

    assert found
    assert (found.revision, found.environments, found.production) == (1, ("dev", "prod"), ("prod",))
    assert found.repositories == ("checkout",)
    assert found.in_order == (Place("checkout", "dev"), Place("checkout", "prod"))
    assert stores.status.service("basket") is None


def test_a_newer_revision_takes_the_place_of_an_older_one(stores: Ports):
    stores.catalogue.put(service(), after=0)
    stores.catalogue.put(service(repositories=("checkout", "proxy")), after=1)

    found = stores.status.service("checkout")

    assert found
    assert (found.revision, found.repositories) == (2, ("checkout", "proxy"))


def test_a_deployment_shows_while_it_is_open_and_runs_when_it_has_succeeded(stores: Ports):
    # Given
    stores.catalogue.put(service(), after=0)

    # When
    open_one = opened(stores, 0, approved_by="ana")

    # Then
    assert place(stores).deploying == version_of(open_one)
    assert place(stores).runs is None

    # When
    good = stores.deployments.close(replace(open_one, outcome=Outcome.SUCCEEDED, ended_at=at(60)))

    # Then
    images = {"app": f"checkout@{digest('a')}"}
    assert place(stores) == Place(
        "checkout",
        "dev",
        runs=Version(good.id, good.release, images, at(60), {"app": "1.0"}, "ana"),
        last=Ended(good.id, good.release, Outcome.SUCCEEDED, at(60)),
    )


def test_a_deployment_that_failed_leaves_what_ran(stores: Ports):
    stores.catalogue.put(service(), after=0)
    good = closed(stores, 0)
    bad = closed(stores, 100, Outcome.ROLLED_BACK)

    here = place(stores)

    assert here.runs == version_of(good)
    assert here.deploying is None
    assert here.last == Ended(bad.id, bad.release, Outcome.ROLLED_BACK, at(160))


def test_what_was_revoked_still_runs_until_something_is_restored(stores: Ports):
    # Given two that were good
    stores.catalogue.put(service(), after=0)
    first, second = closed(stores, 0), closed(stores, 100)

    # When the second is taken back
    stores.deployments.revoke(second, reason="errors")

    # Then
    runs = place(stores).runs
    assert runs
    assert (runs.release, runs.revoked) == (second.release, "errors")

    # When the first is brought back, twice
    stores.deployments.restored("checkout", "dev", first.release)
    stores.deployments.restored("checkout", "dev", first.release)

    # Then
    assert place(stores).runs == version_of(first)


def test_a_restore_that_comes_late_does_not_hide_what_was_deployed_since(stores: Ports):
    # Given
    stores.catalogue.put(service(), after=0)
    first, second = closed(stores, 0), closed(stores, 100)
    stores.deployments.restored("checkout", "dev", first.release)

    # When another one succeeds
    third = closed(stores, 200)

    # Then
    assert place(stores).runs == version_of(third)
    assert second.good


def test_nothing_is_restored_that_is_not_known_good(stores: Ports):
    stores.catalogue.put(service(), after=0)
    good, bad = closed(stores, 0), closed(stores, 100, Outcome.FAILED)

    stores.deployments.restored("checkout", "dev", bad.release)

    assert place(stores).runs == version_of(good)


def test_a_repeated_close_changes_nothing_that_came_after(stores: Ports):
    # Given
    stores.catalogue.put(service(), after=0)
    first = closed(stores, 0)
    second = closed(stores, 100)

    # When the first is closed again by a late retry
    stores.deployments.close(first)

    # Then
    assert place(stores).runs == version_of(second)


def test_a_frozen_environment_says_why_until_it_is_thawed(stores: Ports):
    stores.catalogue.put(service(), after=0)
    stores.freezes.set("checkout", "dev", reason="holidays", by="ana", at=NOON)
    stores.freezes.set("checkout", "dev", reason="holidays", by="ana", at=NOON)
    assert place(stores).frozen == "holidays"

    stores.freezes.lift("checkout", "dev")
    stores.freezes.lift("checkout", "dev")

    found = stores.status.service("checkout")
    assert found
    assert all(each.frozen is None for each in found.in_order)


def test_an_environment_that_the_manifest_dropped_is_still_shown_last(stores: Ports):
    stores.catalogue.put(service(), after=0)
    stores.deployments.open(deployment(0, environment="attic"))

    found = stores.status.service("checkout")

    assert found
    assert [each.environment for each in found.in_order] == ["dev", "prod", "attic"]


def test_services_come_in_pages_by_name_and_by_prefix(stores: Ports):
    # Given names of which one is the beginning of others
    names = ["basket", "checkout", "checkout-api", "checkout2", "search"]
    for name in reversed(names):
        stores.catalogue.put(service(name), after=0)
    stores.deployments.open(deployment(0, service="checkout"))

    # When
    seen: list[str] = []
    after: str | None = None
    for _ in range(6):
        page = stores.status.services(2, after=after)
        seen += [each.name for each in page.services]
        after = page.more
        if after is None:
            break

    # Then
    assert seen == names
    found = stores.status.services(10, prefix="checkout")
    assert [each.name for each in found.services] == ["checkout", "checkout-api", "checkout2"]
    assert list(found.services[0].places) == ["dev"]
    assert stores.status.services(10, prefix="nothing").services == ()
    assert stores.status.services(10, prefix="basket", after="search").services == ()


def test_a_page_ends_before_a_service_of_which_only_a_part_was_read(clients: Clients):
    # Given an answer that stops within the second service
    from tests.adapters.conftest import aws_stores

    ports = aws_stores(clients)
    for name in ("basket", "checkout"):
        ports.catalogue.put(service(name), after=0)
    for name in ("dev", "prod"):
        ports.deployments.open(deployment(0, environment=name))
    everything = clients.home("dynamodb").query(
        TableName=NAMES["LEDGER_TABLE"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "PLACES"}},
    )["Items"]
    key = {name: everything[2][name] for name in ("pk", "sk")}
    Scripted(clients.home("dynamodb")).answer("Query", {"Items": everything[:3], "LastEvaluatedKey": key})

    # Then
    page = ports.status.services(10)
    assert ([each.name for each in page.services], page.more) == (["basket"], "basket")


# --- one release --------------------------------------------------------------------------------------------


def test_a_history_is_everything_that_names_the_release(stores: Ports):
    # Given
    mine = release()
    stores.journal.append(mine.id, "release.created", {"trigger": "push"}, at=NOON, key="created")
    stores.releases.create(mine)
    stores.journal.append(mine.id, "release.started", {}, at=at(1), key="started")
    stores.journal.append("checkout/dev", "freeze.set", {}, at=at(1), key="x")
    ran = stores.deployments.open(deployment(2))
    stores.deployments.open(deployment(3, release=release(5).id))
    stores.approvals.create(approval(), {"hash": "ops@example.com"})
    stores.quarantine.add("checkout", digest("a"), reason="crashed", release=mine.id, at=at(9))
    stores.waits.put(wait("lock/checkout/dev"))

    # When
    found = stores.status.history(mine.id)

    # Then
    assert found
    assert found.release == mine
    assert found.deployments == (ran,)
    assert found.approvals == (approval(),)
    assert [each.kind for each in found.entries] == ["release.created", "release.started"]
    assert found.entries[0].entry == {"trigger": "push"}
    assert [(each.digest, each.reason) for each in found.quarantined] == [(digest("a"), "crashed")]
    assert found.complete
    assert stores.status.history(release(77).id) is None


# --- the audit trail ----------------------------------------------------------------------------------------


@pytest.fixture
def written(stores: Ports) -> Ports:
    """Twelve entries, one a day, about two services, over the end of a month."""
    for day in range(12):
        of, kind = ("checkout", "freeze.set") if day % 2 else ("basket", "operator.retry")
        stores.journal.append(f"{of}/prod", kind, {"day": day}, at=at(day * DAY), key=f"day-{day:02d}")
    return stores


def days(stores: Ports, query: TrailQuery, limit: int = 100) -> list[int]:
    """The days of a whole trail, page after page."""
    seen: list[int] = []
    for _ in range(40):
        page = stores.status.trail(query, limit)
        assert len(page.entries) <= limit
        seen += [each.entry["day"] for each in page.entries]
        if page.older is None:
            return seen
        query = replace(query, before=page.older)
    raise AssertionError("the trail has no end")


def wanted(first: float = 0, last: float = 12, **more: str) -> TrailQuery:
    return TrailQuery(at(first * DAY), at(last * DAY), **more)


def test_the_trail_is_newest_first_over_the_end_of_a_month(written: Ports):
    assert days(written, wanted()) == list(range(11, -1, -1))
    (newest, *_) = written.status.trail(wanted(), 1).entries
    assert (newest.subject, newest.kind, newest.key, newest.at) == (
        "checkout/prod",
        "freeze.set",
        "day-11",
        at(11 * DAY),
    )


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 12])
def test_pages_of_the_trail_have_no_gap_and_no_overlap(written: Ports, limit: int):
    assert days(written, wanted(), limit) == list(range(11, -1, -1))
    assert days(written, wanted(service="basket"), limit) == [10, 8, 6, 4, 2, 0]
    assert days(written, wanted(kind="freeze"), limit) == [11, 9, 7, 5, 3, 1]


def test_the_trail_is_bounded_by_times(written: Ports):
    assert days(written, wanted(3, 6)) == [5, 4, 3]
    assert days(written, wanted(3, 6, service="checkout", kind="freeze.set")) == [5, 3]
    assert days(written, wanted(6, 3)) == []
    assert days(written, wanted(kind="nothing")) == []


def test_months_without_an_entry_are_read_through(written: Ports):
    assert days(written, wanted(-400)) == list(range(11, -1, -1))
    assert days(written, wanted(-400, 200), 5) == list(range(11, -1, -1))


def test_the_trail_of_a_service_has_its_releases_too(stores: Ports):
    stores.journal.append(release().id, "release.created", {"day": 0}, at=NOON, key="created")
    stores.journal.append(release(of="basket").id, "release.created", {"day": 1}, at=NOON, key="created")
    stores.journal.append("arn:aws:states:x", "request.rejected", {"day": 2}, at=NOON, key="ended")

    assert days(stores, wanted(service="checkout")) == [0]
    assert sorted(days(stores, wanted())) == [0, 1, 2]


@pytest.mark.parametrize(
    ("read", "most"),
    [
        (lambda ports: ports.status.open_work(50), 1),
        (lambda ports: ports.status.waiting(50), 1),
        (lambda ports: ports.status.services(25), 1),
        (lambda ports: ports.status.service("checkout"), 1),
        (lambda ports: ports.status.history(release().id), 1),
        (lambda ports: ports.status.trail(wanted(-400), 100), 2),
        (lambda ports: ports.status.trail(wanted(-400, kind="x"), 100), 2),
        (lambda ports: ports.status.trail(wanted(-400, service="checkout"), 100), 2),
    ],
    ids=["open_work", "waiting", "services", "service", "history", "trail", "trail-kind", "trail-service"],
)
def test_no_answer_takes_more_calls_than_it_may(clients: Clients, read, most: int):
    # Given answers that never end
    from tests.adapters.conftest import aws_stores

    ports: LazyPorts = aws_stores(clients)
    key = {"pk": {"S": "JOURNAL#x"}, "sk": {"S": "2026-11-01T00:00:00.000000Z#x"}}
    more = {name: {"S": "x"} for name in ("open_since", "created_at")}
    endless = {"Items": [], "LastEvaluatedKey": key | more}
    script = Scripted(clients.home("dynamodb"))
    script.answer("Query", *[endless] * 10)

    # When
    read(ports)

    # Then
    assert len(script.requests["Query"]) <= most
