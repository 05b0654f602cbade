"""What `ports.Approvals` promises."""

from dataclasses import replace

import pytest

from tests.adapters.values import NOON, approval, at, release
from tidegate.domain.approval import ApprovalStatus
from tidegate.errors import Terminal
from tidegate.ports import Ports

ANA, BEA = "ana@example.com", "bea@example.com"
LINKS = {"hash-1": ANA, "hash-2": BEA}


def test_a_request_is_found_by_its_id_and_by_each_link(stores: Ports):
    assert stores.approvals.create(approval(), LINKS)

    assert stores.approvals.get("ask-1") == approval()
    assert stores.approvals.by_link("hash-1") == (approval(), ANA)
    assert stores.approvals.by_link("hash-2") == (approval(), BEA)
    assert stores.approvals.by_link("hash-3") is None
    assert stores.approvals.get("ask-2") is None


def test_a_request_that_is_made_again_keeps_its_first_links(stores: Ports):
    # Given a request
    assert stores.approvals.create(approval(), LINKS)

    # When it is written twice, and made again with other links
    # Then
    assert stores.approvals.create(approval(), LINKS)
    assert not stores.approvals.create(approval(), {"hash-3": ANA})
    assert stores.approvals.by_link("hash-1") == (approval(), ANA)
    assert stores.approvals.by_link("hash-3") is None


def test_further_links_lead_to_the_request_beside_the_first_ones(stores: Ports):
    stores.approvals.create(approval(), LINKS)

    stores.approvals.add_links("ask-1", {"hash-3": ANA})
    stores.approvals.add_links("ask-1", {"hash-3": ANA})

    assert stores.approvals.by_link("hash-1") == (approval(), ANA)
    assert stores.approvals.by_link("hash-3") == (approval(), ANA)
    with pytest.raises(Terminal, match="ask-2"):
        stores.approvals.add_links("ask-2", {"hash-4": ANA})


def test_a_decision_is_made_once(stores: Ports):
    # Given a request that was approved
    stores.approvals.create(approval(), LINKS)
    approved = ApprovalStatus.APPROVED
    assert stores.approvals.decide("ask-1", approved, by=ANA, comment="fine", at=at(60))

    # When the same form is sent twice, and another one by somebody else
    # Then the first decision stands
    assert stores.approvals.decide("ask-1", approved, by=ANA, comment="fine", at=at(61))
    assert not stores.approvals.decide("ask-1", approved, by=BEA, comment="fine", at=at(62))
    assert not stores.approvals.decide("ask-1", ApprovalStatus.REJECTED, by=ANA, comment=None, at=at(63))
    assert stores.approvals.get("ask-1") == replace(
        approval(), status=approved, decided_by=ANA, comment="fine", decided_at=at(60)
    )


@pytest.mark.parametrize("decision", [ApprovalStatus.APPROVED, ApprovalStatus.REJECTED])
def test_nobody_decides_what_has_expired(stores: Ports, decision: ApprovalStatus):
    stores.approvals.create(approval(), LINKS)

    assert not stores.approvals.decide("ask-1", decision, by=ANA, comment=None, at=at(3600))

    assert stores.approvals.get("ask-1") == approval()


@pytest.mark.parametrize("ending", [ApprovalStatus.EXPIRED, ApprovalStatus.SUPERSEDED, ApprovalStatus.VOID])
def test_a_request_can_be_closed_after_it_has_expired(stores: Ports, ending: ApprovalStatus):
    stores.approvals.create(approval(), LINKS)

    assert stores.approvals.decide("ask-1", ending, by=None, comment=None, at=at(4000))

    assert stores.approvals.get("ask-1") == replace(approval(), status=ending, decided_at=at(4000))


def test_what_does_not_exist_is_not_decided(stores: Ports):
    assert not stores.approvals.decide("ask-1", ApprovalStatus.APPROVED, by=ANA, comment=None, at=NOON)


def test_a_release_leads_to_its_pending_requests(stores: Ports):
    # Given two requests of a release, one of which is decided, and one of another release
    other = release(60).id
    stores.approvals.create(approval("ask-1"), {"hash-1": ANA})
    stores.approvals.create(approval("ask-2"), {"hash-2": ANA})
    stores.approvals.create(approval("ask-3", release=other), {"hash-3": ANA})
    stores.approvals.decide("ask-1", ApprovalStatus.VOID, by=None, comment=None, at=NOON)

    # Then
    assert stores.approvals.pending_of(release().id) == (approval("ask-2"),)
    assert stores.approvals.pending_of(other) == (approval("ask-3", release=other),)
