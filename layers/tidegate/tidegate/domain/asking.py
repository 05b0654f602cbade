"""Whom to ask for an approval, and what the request is called."""

from collections.abc import Iterable
from dataclasses import dataclass

from tidegate.domain.service import ApprovalRule


@dataclass(frozen=True, slots=True)
class Approvers:
    """Who is asked, and who is not: whose subscription is not confirmed, and who asked for the release."""

    asked: tuple[str, ...]
    unconfirmed: tuple[str, ...] = ()
    own_release: tuple[str, ...] = ()

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


def choose_approvers(rule: ApprovalRule, confirmed: Iterable[str], requested_by: str | None) -> Approvers:
    """Everybody of the rule who can receive the mail and may approve this release.

    Addresses are compared without regard to case.
    """
    reachable = {address.casefold() for address in confirmed}
    requester = (requested_by or "").strip().casefold()
    own = [each for each in rule.approvers if not rule.requester_may_approve and each.casefold() == requester]
    others = [each for each in dict.fromkeys(rule.approvers) if each not in own]
    return Approvers(
        asked=tuple(each for each in others if each.casefold() in reachable),
        unconfirmed=tuple(each for each in others if each.casefold() not in reachable),
        own_release=tuple(own),
    )


def _and(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
