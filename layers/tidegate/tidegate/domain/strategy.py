"""The strategies by which an environment gets a release; each is a state machine of the same name."""

from __future__ import annotations

STRATEGIES: frozenset[str] = frozenset({"rolling"})
"""The one place where a strategy is known by name; `statemachines/strategies/` holds one file for each."""


def unknown_strategy(name: str) -> str | None:
    """The sentence that refuses a strategy nobody wrote, or None when it exists."""
    if name in STRATEGIES:
        return None
    return f"{name} is no strategy; give one of {', '.join(sorted(STRATEGIES))}"
