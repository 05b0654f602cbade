"""What `ports.Catalogue` promises."""

import pytest

from tests.adapters.values import service
from tidegate.errors import Terminal
from tidegate.ports import Ports


def test_the_newest_revision_is_the_one_that_is_given_when_none_is_named(stores: Ports):
    # Given two revisions of a service
    first, second = service(), service(repositories=("checkout", "proxy"))
    assert stores.catalogue.put(first, after=0) == 1
    assert stores.catalogue.put(second, after=1) == 2

    # When it is read without and with a revision
    # Then both revisions are there, whole
    assert stores.catalogue.get("checkout") == (2, second)
    assert stores.catalogue.get("checkout", 1) == (1, first)
    assert stores.catalogue.get("checkout", 2) == (2, second)


def test_what_is_not_registered_is_none(stores: Ports):
    stores.catalogue.put(service(), after=0)

    assert stores.catalogue.get("basket") is None
    assert stores.catalogue.get("checkout", 2) is None


@pytest.mark.parametrize("after", [0, 2])
def test_a_revision_that_does_not_follow_the_newest_is_refused(stores: Ports, after: int):
    # Given one revision
    stores.catalogue.put(service(), after=0)

    # When another one is to follow something else than the newest
    with pytest.raises(Terminal, match="checkout"):
        stores.catalogue.put(service(alarms=("errors",)), after=after)

    # Then nothing has changed
    assert stores.catalogue.get("checkout") == (1, service())
    assert stores.catalogue.watching("errors") == ()


def test_storing_the_same_revision_again_is_no_second_one(stores: Ports):
    # Given a revision whose writer never got the answer
    stores.catalogue.put(service(), after=0)

    # When it is written again
    # Then it is the same revision
    assert stores.catalogue.put(service(), after=0) == 1
    assert stores.catalogue.get("checkout") == (1, service())


def test_a_repository_leads_to_the_services_that_it_feeds(stores: Ports):
    # Given two services that share one repository
    stores.catalogue.put(service("checkout", repositories=("checkout", "proxy")), after=0)
    stores.catalogue.put(service("basket", repositories=("basket", "proxy")), after=0)

    # Then
    assert stores.catalogue.feeding("proxy") == ("basket", "checkout")
    assert stores.catalogue.feeding("checkout") == ("checkout",)
    assert stores.catalogue.feeding("nothing") == ()


def test_an_alarm_leads_to_the_environments_that_list_it(stores: Ports):
    stores.catalogue.put(service("checkout", alarms=("errors", "latency")), after=0)
    stores.catalogue.put(service("basket", alarms=("errors",)), after=0)

    assert stores.catalogue.watching("errors") == (("basket", "prod"), ("checkout", "prod"))
    assert stores.catalogue.watching("latency") == (("checkout", "prod"),)
    assert stores.catalogue.watching("nothing") == ()


def test_what_a_revision_drops_leads_to_the_service_no_more(stores: Ports):
    # Given a service with two repositories and an alarm
    stores.catalogue.put(service(repositories=("checkout", "proxy"), alarms=("errors",)), after=0)

    # When a revision drops one repository and swaps the alarm
    stores.catalogue.put(service(alarms=("latency",)), after=1)

    # Then
    assert stores.catalogue.feeding("proxy") == ()
    assert stores.catalogue.feeding("checkout") == ("checkout",)
    assert stores.catalogue.watching("errors") == ()
    assert stores.catalogue.watching("latency") == (("checkout", "prod"),)


def test_the_sweep_gets_every_name_once(stores: Ports):
    stores.catalogue.put(service("checkout"), after=0)
    stores.catalogue.put(service("checkout", alarms=("errors",)), after=1)
    stores.catalogue.put(service("basket"), after=0)

    assert stores.catalogue.names() == ("basket", "checkout")
