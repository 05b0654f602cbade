"""Whom to ask for an approval, and what the request is called."""

from collections.abc import Iterable
from dataclasses import dataclass

from tidegate.domain import quorum
from tidegate.domain.service import ApprovalRule


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who is asked, and who is not: whose subscription is not confirmed, and who asked for the release.

    Attributes:
        asked: Addresses as they are subscribed.
        shortage: What cannot be reached even if everybody who is asked approves; empty when all can.
        glass: Whether somebody who is asked may approve alone in an emergency.
    """

    asked: tuple[str, ...]
    unconfirmed: tuple[str, ...] = ()
    own_release: tuple[str, ...] = ()
    shortage: tuple[str, ...] = ()
    glass: bool = False

    @property
    def lacking(self) -> str:
        """One sentence on those who are not asked; empty when everybody is."""
        texts = []
        if self.unconfirmed:
            verb = "has" if len(self.unconfirmed) == 1 else "have"
            texts.append(f"{_and(self.unconfirmed)} {verb} not confirmed the subscription to approval mails")
        if self.own_release:
            texts.append(f"{_and(self.own_release)} asked for this release and may not approve it")
        return f"{'; '.join(texts)}." if texts else ""

    @property
    def hopeless(self) -> str | None:
        """Why asking would be of no use, as a sentence; None when those who are asked can decide."""
        if not self.asked:
            return f"Nobody can approve: {self.lacking}"
        if self.shortage and not self.glass:
            few = f"too few approvers can be asked, {' and '.join(self.shortage)} would be missing."
            return " ".join(text for text in (f"Nobody can approve: {few}", self.lacking) if text)
        return None


def approval_id(release: str, environment: str, attempt: int, round_: int, again: int = 0) -> str:
    """The name of a request, always the same for the same question.

    Args:
        release: The release.
        environment: Where it wants to go.
        attempt: The attempt of the release.
        round_: Counts up when what runs has changed after an approval was given.
        again: Counts up when what runs has changed before anybody decided.
    """
    return f"{release}.{environment}.a{attempt}.r{round_}{f'.{again}' if again else ''}"


def choose_approvers(
    rule: ApprovalRule, confirmed: Iterable[str], requesters: Iterable[str] = ()
) -> Approvers:
    """Everybody of the rule who can receive the mail and may approve this release.

    Addresses are compared without regard to case, and asked as they were subscribed: SNS compares the
    filters of subscriptions letter by letter.
    """
    reachable = {address.casefold(): address for address in confirmed}
    named = {each.casefold() for each in requesters}
    own = {
        each.casefold()
        for each in rule.people
        if not rule.requester_may_approve
        and each.casefold() in named
        and not quorum.may_break_glass(rule, each)
    }
    others = [each for each in rule.people if each.casefold() not in own]
    asked = tuple(reachable[each.casefold()] for each in others if each.casefold() in reachable)
    return Approvers(
        asked=asked,
        unconfirmed=tuple(each for each in others if each.casefold() not in reachable),
        own_release=tuple(each for each in rule.people if each.casefold() in own),
        shortage=quorum.missing(rule, asked, named, requester_known=bool(named)),
        glass=any(quorum.may_break_glass(rule, each) for each in asked),
    )


def _and(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
