"""Whom to ask for an approval."""

from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.asking import approval_id, choose_approvers
from tidegate.domain.service import ApprovalRule

ADDRESSES = st.sampled_from(["ops@example.com", "Ops@Example.com", "ada@example.com", "eve@example.com"])


@given(st.lists(ADDRESSES), st.sets(ADDRESSES), st.one_of(st.none(), ADDRESSES), st.booleans())
def test_everybody_is_asked_once_or_it_is_said_why_not(
    approvers: list[str], confirmed: set[str], requester: str | None, may: bool
):
    # Given
    rule = ApprovalRule(tuple(approvers), requester_may_approve=may)

    # When
    chosen = choose_approvers(rule, confirmed, requester)

    # Then
    reachable = {address.casefold() for address in confirmed}
    assert set(chosen.asked) | set(chosen.unconfirmed) | set(chosen.own_release) == set(approvers)
    assert len(chosen.asked) == len(set(chosen.asked))
    assert all(each.casefold() in reachable for each in chosen.asked)
    assert bool(chosen.lacking) == bool(chosen.unconfirmed or chosen.own_release)
    if not may and requester:
        assert requester.casefold() not in {each.casefold() for each in chosen.asked}


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
