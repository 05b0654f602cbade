"""How an exception is written: what stays unused, or wide, and why."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.support.permissions.width import Part


@dataclass(frozen=True)
class Unused:
    """A permission that may stay unused; a run in which a rare moment comes up uses it all the same.

    Attributes:
        holder: Whose it is, as the report prints it; `*` for any characters.
        action: The action, or a pattern of the actions of one service.
        resource: The resource pattern as the report prints it; `*` as above, `[*]` for itself.
        reason: Why it is there all the same, and why no run here can use it.
    """

    holder: str
    action: str
    resource: str
    reason: str

    def covers(self, holder: str, action: str, resource: str) -> bool:
        """Whether this permission is meant."""
        return (
            fnmatchcase(holder, self.holder)
            and fnmatchcase(action, self.action)
            and fnmatchcase(resource, self.resource)
        )


@dataclass(frozen=True)
class Wide:
    """A wildcard that must be one, although all recorded runs may have used the same in its place.

    Attributes:
        resource: The resource pattern as the report prints it, without `*` for any characters.
        part: Which of its wildcards: that of the region, or of the name.
        reason: What else may stand there.
        action: Of which action; `*` for any characters.
    """

    resource: str
    part: Part
    reason: str
    action: str = "*"

    def covers(self, action: str, resource: str, part: Part) -> bool:
        """Whether this wildcard is meant."""
        return self.is_about(action, resource) and part == self.part

    def is_about(self, action: str, resource: str) -> bool:
        """Whether it is a wildcard of this permission."""
        return fnmatchcase(action, self.action) and resource == self.resource


@dataclass(frozen=True)
class Exceptions:
    """All of them; one that covers nothing which is allowed is a finding."""

    unused: tuple[Unused, ...] = ()
    wide: tuple[Wide, ...] = ()
