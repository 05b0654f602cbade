"""What `ports.Deployments` promises."""

from dataclasses import replace

import pytest

from tests.adapters.values import OTHER_ROOT, at, deployment, release
from tidegate.domain.outcome import Outcome
from tidegate.errors import Terminal
from tidegate.ports import Ports


def test_a_deployment_comes_back_as_it_was_opened(stores: Ports):
    opened = deployment(production=True, from_images={"app": "checkout:1"}, approved_by="ana", fence=7)

    assert stores.deployments.open(opened) == opened

    assert stores.deployments.latest("checkout", "dev") == (opened,)


def test_an_execution_opens_an_attempt_in_an_environment_once(stores: Ports):
    # Given a deployment that was opened by a step that is run again a little later
    first = stores.deployments.open(deployment(0))

    # When it opens it again, by its id and by a later one
    # Then there is one deployment, the first one
    assert stores.deployments.open(deployment(0)) == first
    assert stores.deployments.open(deployment(5)) == first
    assert stores.deployments.latest("checkout", "dev") == (first,)


def test_another_execution_attempt_or_environment_opens_another_deployment(stores: Ports):
    first = stores.deployments.open(deployment(0))
    by_other_execution = stores.deployments.open(deployment(1, execution=OTHER_ROOT))
    second_attempt = stores.deployments.open(deployment(2, attempt=2))
    elsewhere = stores.deployments.open(deployment(3, environment="prod"))

    assert stores.deployments.latest("checkout", "dev") == (second_attempt, by_other_execution, first)
    assert stores.deployments.of_release(release().id) == (
        first,
        by_other_execution,
        second_attempt,
        elsewhere,
    )


def test_the_first_ending_stands(stores: Ports):
    # Given a deployment that has ended
    opened = stores.deployments.open(deployment())
    checks = ({"name": "tasks", "running": 2, "share": 0.5, "passed": True, "digest": None},)
    good = replace(opened, outcome=Outcome.SUCCEEDED, ended_at=at(60), watch_until=at(360), checks=checks)
    assert stores.deployments.close(good) == good

    # When another ending comes
    bad = replace(opened, outcome=Outcome.FAILED, ended_at=at(70))

    # Then
    assert stores.deployments.close(bad) == good
    assert stores.deployments.latest("checkout", "dev") == (good,)
    assert stores.deployments.of_release(release().id) == (good,)


def test_nothing_is_closed_without_an_outcome_or_without_having_been_opened(stores: Ports):
    with pytest.raises(Terminal, match="outcome"):
        stores.deployments.close(stores.deployments.open(deployment()))
    with pytest.raises(Terminal, match="no open deployment"):
        stores.deployments.close(deployment(9, outcome=Outcome.FAILED))


def test_a_deployment_that_was_revoked_is_no_longer_good(stores: Ports):
    opened = stores.deployments.open(deployment())
    good = stores.deployments.close(replace(opened, outcome=Outcome.SUCCEEDED, ended_at=at(60)))

    stores.deployments.revoke(good, reason="errors")
    stores.deployments.revoke(good, reason="again")

    (stored,) = stores.deployments.latest("checkout", "dev")
    assert stored == replace(good, revoked="errors")
    assert not stored.good
    with pytest.raises(Terminal, match="no deployment"):
        stores.deployments.revoke(deployment(9), reason="errors")


def test_the_newest_deployments_come_first_up_to_the_limit(stores: Ports):
    for number in range(5):
        stores.deployments.open(deployment(number, attempt=number + 1))

    latest = stores.deployments.latest("checkout", "dev", limit=3)

    assert [each.attempt for each in latest] == [5, 4, 3]
    assert stores.deployments.latest("checkout", "prod") == ()
    assert stores.deployments.of_release("checkout-20260101T000000Z-abcdef") == ()
