"""How many approvals are needed, and which of those given count."""

from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.examples import at
from tidegate.domain.approval import Vote
from tidegate.domain.quorum import counting, enough, missing, required
from tidegate.domain.service import ApprovalRule, ApproverRole

PEOPLE = tuple(f"{name}@example.com" for name in ("ana", "bea", "cem", "dov", "eve"))
ANA, BEA, CEM, DOV, EVE = PEOPLE
ROLES = {
    "operations": ApproverRole((ANA, BEA)),
    "security": ApproverRole((BEA, CEM)),
}


def lacking(rule: ApprovalRule, *voters: str, requesters: tuple[str, ...] = (), known: bool = True):
    return missing(rule, voters, requesters, requester_known=known)


def test_one_is_enough_unless_more_are_asked_for():
    assert lacking(ApprovalRule((ANA, BEA))) == ("1",)
    assert lacking(ApprovalRule((ANA, BEA)), BEA) == ()
    assert lacking(ApprovalRule((ANA, BEA, CEM), required=2), BEA) == ("1",)


def test_each_role_needs_its_own_people():
    # Given
    rule = ApprovalRule((EVE,), roles=ROLES, required=3)

    # Then
    assert lacking(rule) == ("1 of operations", "1 of security", "1 more")
    assert lacking(rule, ANA, CEM) == ("1",)
    assert lacking(rule, ANA, EVE) == ("1 of security",)
    assert lacking(rule, ANA, CEM, EVE) == ()


def test_who_has_two_roles_counts_for_one_of_them():
    # Given
    rule = ApprovalRule(roles=ROLES)

    # Then
    assert len(lacking(rule, BEA)) == 1
    assert lacking(rule, BEA, ANA) == ()
    assert lacking(rule, BEA, CEM) == ()
    assert required(rule, requester_known=True) == 2


def test_one_person_counts_once_however_the_address_is_written():
    # Given
    rule = ApprovalRule((ANA, BEA), required=2)

    # Then
    assert counting(rule, [ANA, ANA.upper()], []) == (ANA,)
    assert lacking(rule, ANA, ANA.upper()) == ("1",)


def test_strangers_and_requesters_do_not_count():
    # Given
    rule = ApprovalRule((ANA, BEA), requester_may_approve=False)

    # Then
    assert lacking(rule, "stranger@example.com") == ("1",)
    assert lacking(rule, ANA, requesters=(ANA.upper(),)) == ("1",)
    assert lacking(ApprovalRule((ANA, BEA)), ANA, requesters=(ANA,)) == ()


def test_an_unknown_requester_needs_two_people_only_where_the_rule_forbids_ones_own():
    assert required(ApprovalRule((ANA,)), requester_known=False) == 1
    assert required(ApprovalRule((ANA,), requester_may_approve=False), requester_known=False) == 2
    assert required(ApprovalRule((ANA,), required=3, requester_may_approve=False), requester_known=False) == 3
    assert lacking(ApprovalRule((ANA, BEA), requester_may_approve=False), ANA, known=False) == ("1",)


@pytest.mark.parametrize(("breaker", "expected"), [(ANA, True), (BEA, False)])
def test_the_glass_is_broken_by_those_who_may(breaker: str, expected: bool):
    # Given
    rule = ApprovalRule((ANA, BEA, CEM), required=3, break_glass=(ANA.upper(),))

    # Then
    vote = Vote(breaker, at(0), "It burns.", break_glass=True)
    assert enough(rule, [vote], [], requester_known=True) is expected
    assert not enough(rule, [Vote(ANA, at(0))], [], requester_known=True)


MEMBERS = st.frozensets(st.sampled_from(PEOPLE), min_size=1)


@given(
    st.lists(st.tuples(MEMBERS, st.integers(1, 2)), max_size=3),
    st.frozensets(st.sampled_from(PEOPLE)),
    st.integers(1, 4),
)
def test_it_is_enough_exactly_when_the_places_can_be_filled(
    roles: list[tuple[frozenset[str], int]], voters: frozenset[str], total: int
):
    # Given
    named = {f"r{n}": ApproverRole(tuple(sorted(people)), few) for n, (people, few) in enumerate(roles)}
    rule = ApprovalRule(PEOPLE, roles=named, required=total)

    # When every way of giving the places to voters is tried
    places = [set(role.approvers) for role in named.values() for _ in range(role.required)]
    fits = any(
        all(voter in place for voter, place in zip(order, places, strict=True))
        for chosen in combinations(sorted(voters), len(places))
        for order in permutations(chosen)
    )

    # Then
    assert (lacking(rule, *sorted(voters)) == ()) is (fits and len(voters) >= max(total, len(places)))
