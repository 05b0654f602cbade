"""What is allowed although no recorded run has used it, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Unused:
    """A permission that stays unused on purpose.

    Attributes:
        holder: Whose it is, as the report prints it; `*` for any characters.
        action: The action as the policy has it; `*` as above.
        reason: Why it is there all the same, and why no run here can use it.
        resource: The resource pattern as the policy has it; `*` as above.
    """

    holder: str
    action: str
    reason: str
    resource: str = "*"

    def covers(self, holder: str, action: str, resource: str) -> bool:
        """Whether this permission is meant."""
        return (
            fnmatchcase(holder, self.holder)
            and fnmatchcase(action, self.action)
            and (self.resource == "*" or fnmatchcase(resource, self.resource))
        )


UNUSED: tuple[Unused, ...] = (
    Unused(
        "*FunctionRole",
        "logs:*",
        "Lambda itself writes the logs under the role; the local runtime needs none.",
    ),
)
