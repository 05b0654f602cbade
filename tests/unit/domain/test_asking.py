"""Whom to ask for an approval."""

from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.asking import approval_id, choose_approvers
from tidegate.domain.service import ApprovalRule, ApproverRole

ADDRESSES = st.sampled_from(["ops@example.com", "Ops@Example.com", "ada@example.com", "eve@example.com"])


@given(st.lists(ADDRESSES), st.sets(ADDRESSES), st.one_of(st.none(), ADDRESSES), st.booleans())
def test_everybody_is_asked_once_or_it_is_said_why_not(
    approvers: list[str], confirmed: set[str], requester: str | None, may: bool
):
    # Given
    rule = ApprovalRule(tuple(approvers), requester_may_approve=may)

    # When
    chosen = choose_approvers(rule, confirmed, [requester] if requester else [])

    # Then
    everybody = (*chosen.asked, *chosen.unconfirmed, *chosen.own_release)
    assert sorted(each.casefold() for each in everybody) == sorted({each.casefold() for each in approvers})
    assert set(chosen.asked) <= confirmed, "asked as they were subscribed"
    assert bool(chosen.lacking) == bool(chosen.unconfirmed or chosen.own_release)
    if not may and requester:
        assert requester.casefold() not in {each.casefold() for each in chosen.asked}


def test_whoever_may_break_the_glass_is_asked_about_their_own_release_too():
    # Given
    people = ("ops@example.com", "ada@example.com")
    rule = ApprovalRule(people, requester_may_approve=False, break_glass=("Ada@example.com",))

    # Then
    assert choose_approvers(rule, people, ["ada@example.com"]).asked == people


def test_a_quorum_that_cannot_be_reached_is_said_before_anybody_waits():
    # Given
    security = ApproverRole(("eve@example.com",))
    rule = ApprovalRule(("ops@example.com",), roles={"security": security}, required=2)

    # When
    chosen = choose_approvers(rule, ["ops@example.com"])

    # Then
    assert chosen.hopeless == (
        "Nobody can approve: too few approvers can be asked, 1 of security would be missing. "
        "eve@example.com has not confirmed the subscription to approval mails."
    )


def test_a_quorum_that_cannot_be_reached_leaves_the_glass_to_break():
    # Given
    rule = ApprovalRule(("ops@example.com", "eve@example.com"), required=2, break_glass=("ops@example.com",))

    # When
    chosen = choose_approvers(rule, ["ops@example.com"])

    # Then
    assert (chosen.hopeless, chosen.shortage) == (None, ("1",))


def test_an_unknown_requester_needs_two_people_where_nobody_may_approve_their_own():
    # Given
    rule = ApprovalRule(("ops@example.com",), requester_may_approve=False)

    # Then
    assert choose_approvers(rule, ["ops@example.com"]).hopeless
    assert not choose_approvers(rule, ["ops@example.com"], ["ada@example.com"]).hopeless


def test_a_name_tells_attempts_rounds_and_repetitions_apart():
    names = {
        approval_id("r", environment, attempt, round_, again)
        for environment in ("staging", "prod")
        for attempt in (1, 2)
        for round_ in (0, 1)
        for again in (0, 1)
    }
    assert len(names) == 16
    assert approval_id("r", "prod", 1, 0) == "r.prod.a1.r0"
