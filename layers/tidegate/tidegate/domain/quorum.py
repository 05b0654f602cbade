"""How many approvals a request needs, and which of those given count: one person counts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidegate.domain.approval import Vote
from tidegate.domain.service import ApprovalRule

UNKNOWN_REQUESTER = 2
"""Approvals needed when nobody knows who asked: at least one of them is somebody else's."""


def required(rule: ApprovalRule, *, requester_known: bool) -> int:
    """How many people must approve in all."""
    least = max(rule.required, sum(role.required for role in rule.roles.values()), 1)
    return max(least, UNKNOWN_REQUESTER) if not (rule.requester_may_approve or requester_known) else least


def counting(rule: ApprovalRule, voters: Iterable[str], requesters: Iterable[str]) -> tuple[str, ...]:
    """Those of the voters who count, each once: they may approve, and did not ask for the release."""
    people = {each.casefold() for each in rule.people}
    own = set() if rule.requester_may_approve else {each.casefold() for each in requesters}
    named = dict.fromkeys(voter.casefold() for voter in voters)
    return tuple(voter for voter in named if voter in people - own)


def missing(
    rule: ApprovalRule, voters: Iterable[str], requesters: Iterable[str], *, requester_known: bool
) -> tuple[str, ...]:
    """What is still needed, in words such as ``1 of security``; empty when it is enough."""
    counted = counting(rule, voters, requesters)
    filled = _filled(rule, counted)
    lacking = {name: role.required - filled.get(name, 0) for name, role in rule.roles.items()}
    words = [f"{number} of {name}" for name, number in lacking.items() if number > 0]
    rest = required(rule, requester_known=requester_known) - len(counted)
    rest -= sum(number for number in lacking.values() if number > 0)
    return (*words, f"{rest} more") if words and rest > 0 else (*words, *([f"{rest}"] if rest > 0 else ()))


def enough(
    rule: ApprovalRule, votes: Iterable[Vote], requesters: Iterable[str], *, requester_known: bool
) -> bool:
    """Whether the votes decide: all that is needed is there, or somebody who may has broken the glass."""
    every = tuple(votes)
    if any(vote.break_glass and may_break_glass(rule, vote.by) for vote in every):
        return True
    return not missing(rule, (vote.by for vote in every), requesters, requester_known=requester_known)


def may_break_glass(rule: ApprovalRule, approver: str) -> bool:
    """Whether an approver may approve alone."""
    return approver.casefold() in {each.casefold() for each in rule.break_glass}


def _filled(rule: ApprovalRule, voters: Iterable[str]) -> Mapping[str, int]:
    """Role to how many of its places are filled, as many as possible in all: a matching by augmenting paths.

    Who has two roles fills the place that others cannot.
    """
    members = {name: {each.casefold() for each in role.approvers} for name, role in rule.roles.items()}
    places = [name for name, role in rule.roles.items() for _ in range(role.required)]
    sits: dict[int, str] = {}

    def seat(voter: str, tried: set[int]) -> bool:
        for place, name in enumerate(places):
            if place in tried or voter not in members[name]:
                continue
            tried.add(place)
            if place not in sits or seat(sits[place], tried):
                sits[place] = voter
                return True
        return False

    for voter in voters:
        seat(voter, set())
    filled: dict[str, int] = {}
    for place in sits:
        filled[places[place]] = filled.get(places[place], 0) + 1
    return filled
