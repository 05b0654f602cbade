"""What `ports.Approvals` promises."""

from dataclasses import replace

import pytest

from tests.adapters.conftest import aws_stores
from tests.adapters.scripted import Scripted
from tests.adapters.values import NOON, approval, at, deployment, release, service
from tests.support.tables import NAMES
from tidegate.aws.admission import MOST_FORMS, MOST_VISITS, Visits
from tidegate.aws.clients import Clients
from tidegate.domain.approval import Approval, ApprovalStatus, Vote
from tidegate.domain.provenance import Provenance
from tidegate.errors import Terminal, Transient
from tidegate.ports import Linked, Ports

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


# --- several people -----------------------------------------------------------------------------------------


def voted(before: Approval, by: str, *, enough: bool, seconds: float = 60) -> Approval:
    return before.with_vote(Vote(by, at(seconds), "fine"), enough=enough)


def test_votes_add_up_until_one_decides(stores: Ports):
    # Given
    stores.approvals.create(approval(), LINKS)
    first = voted(approval(), ANA, enough=False)

    # When
    assert stores.approvals.vote(approval(), first, at=at(60))
    second = voted(first, BEA, enough=True, seconds=90)
    assert stores.approvals.vote(first, second, at=at(90))

    # Then
    stands = stores.approvals.get("ask-1")
    assert stands == second
    assert (second.status, second.decided_by, second.approved_by) == ("approved", BEA, f"{ANA}, {BEA}")
    assert stores.approvals.pending_of(release().id) == ()


def test_a_vote_that_was_overtaken_is_not_stored_but_the_same_one_again_is_no_mistake(stores: Ports):
    # Given two people who have read the same request
    stores.approvals.create(approval(), LINKS)
    mine, other = voted(approval(), ANA, enough=False), voted(approval(), BEA, enough=False)
    assert stores.approvals.vote(approval(), mine, at=at(60))

    # Then
    assert not stores.approvals.vote(approval(), other, at=at(61))
    assert stores.approvals.vote(approval(), mine, at=at(62))
    assert stores.approvals.get("ask-1") == mine


@pytest.mark.parametrize("how", ["expired", "rejected", "missing"])
def test_nobody_votes_on_what_is_over(stores: Ports, how: str):
    # Given
    if how != "missing":
        stores.approvals.create(approval(), LINKS)
    if how == "rejected":
        stores.approvals.decide("ask-1", ApprovalStatus.REJECTED, by=BEA, comment="no", at=at(50))

    # Then
    when = at(3600) if how == "expired" else at(60)
    assert not stores.approvals.vote(approval(), voted(approval(), ANA, enough=True), at=when)
    assert how == "missing" or not (stores.approvals.get("ask-1") or approval()).votes


# --- all that a link leads to -------------------------------------------------------------------------------


def asked(stores: Ports) -> Linked:
    """A request with all that belongs to it in the tables."""
    deployed = deployment()
    stores.catalogue.put(service(), after=0)
    stores.releases.create(release())
    stores.deployments.open(deployed)
    whole = approval(
        revision=1,
        results={"dev": deployed.id},
        requesters=(ANA,),
        difference="d",
        provenance={"app": Provenance(commit="0a1b2c3")},
        pushed_by=("arn:aws:iam::123456789012:user/ana",),
    )
    stores.approvals.create(whole, LINKS)
    return Linked(whole, ANA, release(), service(), (deployed,))


def test_a_link_leads_to_all_that_its_page_shows(stores: Ports):
    # Given
    expected = asked(stores)

    # Then
    assert stores.approvals.linked("hash-1") == expected
    assert stores.approvals.linked("hash-3") is None


def test_further_links_lead_to_all_of_it_too(stores: Ports):
    # Given
    expected = asked(stores)

    # When
    stores.approvals.add_links("ask-1", {"hash-3": BEA})

    # Then
    assert stores.approvals.linked("hash-3") == replace(expected, approver=BEA)


def test_what_has_been_lost_is_missing_and_the_rest_is_there(stores: Ports):
    # Given a request whose release is not in the ledger
    stores.approvals.create(approval(revision=1), LINKS)

    # Then
    assert stores.approvals.linked("hash-1") == Linked(approval(revision=1), ANA, None, None)


def test_a_page_needs_two_round_trips(clients: Clients):
    # Given
    stores = aws_stores(clients)
    asked(stores)
    calls: list[str] = []
    client = clients.home("dynamodb")
    client.meta.events.register("before-call.dynamodb.*", lambda model, **_: calls.append(model.name))

    # When
    assert stores.approvals.admit("hash-1", at=NOON, deciding=False)
    assert stores.approvals.linked("hash-1")

    # Then
    assert calls == ["GetItem", "BatchGetItem"]


def test_a_request_and_a_link_of_an_earlier_version_are_read(clients: Clients):
    # Given items without what has been added since
    stores = aws_stores(clients)
    asked(stores)
    client, table = clients.home("dynamodb"), NAMES["LEDGER_TABLE"]
    added = ("votes", "requesters", "difference", "revision", "results", "provenance", "pushed_by")
    for pk, sk, names in (
        ("APPROVAL#ask-1", "APPROVAL", added),
        ("LINK#hash-1", "LINK", ("of", "revision", "results")),
    ):
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        aliases = {f"#{name}": name for name in names}
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression=f"REMOVE {', '.join(aliases)}",
            ExpressionAttributeNames=aliases,
        )

    # When
    linked = stores.approvals.linked("hash-1")

    # Then it takes a vote as it always did
    assert linked == Linked(approval(), ANA, release(), service())
    assert stores.approvals.vote(approval(), voted(approval(), ANA, enough=True), at=at(60))
    assert stores.approvals.by_link("hash-2") == (voted(approval(), ANA, enough=True), BEA)


def test_what_dynamodb_leaves_unprocessed_is_asked_for_again(clients: Clients):
    # Given
    stores = aws_stores(clients)
    expected, table = asked(stores), NAMES["LEDGER_TABLE"]
    client = clients.home("dynamodb")
    key = {"pk": {"S": "APPROVAL#ask-1"}, "sk": {"S": "APPROVAL"}}
    item = client.get_item(TableName=table, Key=key)["Item"]
    left = {table: {"Keys": [key], "ConsistentRead": True}}
    scripted = Scripted(client)
    scripted.answer(
        "BatchGetItem", {"Responses": {}, "UnprocessedKeys": left}, {"Responses": {table: [item]}}
    )

    # When
    linked = stores.approvals.linked("hash-1")

    # Then
    assert linked == Linked(expected.approval, ANA, None, None)
    assert scripted.requests["BatchGetItem"][1]["RequestItems"] == left


def test_what_stays_unprocessed_is_read_later(clients: Clients):
    # Given
    stores = aws_stores(clients)
    asked(stores)
    left = {NAMES["LEDGER_TABLE"]: {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "b"}}]}}
    Scripted(clients.home("dynamodb")).answer("BatchGetItem", {"UnprocessedKeys": left})

    # Then
    with pytest.raises(Transient, match="unread"):
        stores.approvals.linked("hash-1")


# --- how often a link may be used ---------------------------------------------------------------------------


def test_a_link_takes_few_forms_a_minute_whichever_process_counts(stores: Ports):
    # Given
    stores.approvals.create(approval(), LINKS)

    # When
    taken = [stores.approvals.admit("hash-1", at=at(1), deciding=True) for _ in range(MOST_FORMS + 3)]

    # Then only this link is refused, and only in this minute
    assert taken == [True] * MOST_FORMS + [False] * 3
    assert stores.approvals.admit("hash-2", at=at(1), deciding=True)
    assert stores.approvals.admit("hash-1", at=at(61), deciding=True)


def test_forms_are_counted_in_the_table(clients: Clients):
    # Given
    one = aws_stores(clients)
    one.approvals.create(approval(), LINKS)
    for _ in range(MOST_FORMS):
        assert one.approvals.admit("hash-1", at=at(1), deciding=True)

    # Then another process, which has counted nothing, refuses too
    vars(one)["approvals"]._visits = Visits()
    assert not one.approvals.admit("hash-1", at=at(2), deciding=True)


@pytest.mark.parametrize("link", ["hash-1", "unknown"])
def test_looking_writes_nothing_and_is_bounded_for_known_and_unknown_links_alike(stores: Ports, link: str):
    # Given
    stores.approvals.create(approval(), LINKS)

    # When
    looks = [stores.approvals.admit(link, at=at(1), deciding=False) for _ in range(MOST_VISITS + 2)]

    # Then
    assert looks == [True] * MOST_VISITS + [False] * 2
    assert stores.approvals.admit(link, at=at(60), deciding=False)


def test_the_links_seen_longest_ago_are_forgotten_first():
    # Given
    visits = Visits()

    # When more links are tried than are kept
    for number in range(6000):
        assert visits.admit(f"link {number}", NOON)

    # Then
    assert len(visits._seen) == 5000
