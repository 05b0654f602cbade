"""Where a release is, from the states that its root execution has entered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STAGES = {
    "Plan release": ("planning", 0.0),
    "Plan deployment": ("planning", 0.0),
    "Scan gate": ("scanning", 0.0),
    "Approve": ("waiting for approval", 0.05),
    "Enter environment": ("entering", 0.15),
    "Deploy": ("deploying", 0.3),
    "Verify": ("verifying", 0.75),
    "Leave environment": ("recording", 0.9),
    "Soak": ("soaking", 0.95),
    "Restore": ("restoring what ran before", 0.3),
    "Conclude": ("writing the record", 1.0),
}
"""A task of the use cases, what happens in it, and how far through its environment that is."""
_FIRST = frozenset({"Approve", "Enter environment"})
_LAST = frozenset({"Leave environment", "Soak"})
"""Tasks with which an environment begins, and with which it ends. A void approval begins it once more."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a release is.

    Attributes:
        environment: None before the first one.
        share: How much of the way lies behind it, from 0 to 1.
    """

    text: str
    environment: str | None
    share: float


def stage_of(entered: Sequence[str], environments: Sequence[str]) -> Stage:
    """The stage after these states.

    Args:
        entered: Names of states of the root execution, oldest first. Unknown ones are passed over.
        environments: The environments of this attempt in their order.
    """
    index, left, text, within = -1, True, "starting", 0.0
    for name in entered:
        if name in _FIRST and left:
            index, left = index + 1, False
        left = left or name in _LAST
        text, within = STAGES.get(name, (text, within))
    here = environments[index] if 0 <= index < len(environments) else None
    if text == "writing the record":
        return Stage(text, here, 1.0)
    done = (max(index, 0) + within) / max(len(environments), 1) if here else 0.0
    return Stage(text, here, min(done, 1.0))
