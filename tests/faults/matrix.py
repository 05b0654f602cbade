"""Runs the matrix: which cases share a story, on which cloud, and what became of each."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.faults.cases import Case, Plan
from tests.faults.scenarios import BY_NAME

LONGEST_CHUNK = 120.0
"""Seconds of stories, as they take without faults, that one service is used for."""
OF_A_CALL = "answer of "
"""How kinds begin whose names go on with a call; of one state they come one after the other."""


@dataclass(frozen=True)
class Result:
    """What became of a case.

    Attributes:
        verdict: `held`, `violated`, `unmet` when its fault could not be brought about, or `unsteady` when it
            was violated and held when it was told once more.
        violations: Sentences on what did not hold.
        seconds: How long its story took; cases that shared it have the same.
        together: How many cases shared the story.
        always: Whether the fault can be brought about each time; a call that is made now and then cannot fail
            when it is not made.
    """

    case: Case
    verdict: str
    violations: tuple[str, ...]
    seconds: float
    together: int
    always: bool = True

    def public(self) -> dict[str, Any]:
        """As a row of the report."""
        row = {**asdict(self), **self.case.public()}
        del row["case"]
        return row


Group = tuple[Case, ...]
"""Cases that share a story."""


@dataclass(frozen=True)
class Chunk:
    """Groups of one scenario that are played one after the other on one service.

    Attributes:
        sweeps: Whether the sweep is at work meanwhile. It would hide what others have to mend.
    """

    scenario: str
    groups: tuple[Group, ...]
    sweeps: bool = False

    @property
    def seconds(self) -> float:
        """How long it takes, about."""
        return BY_NAME[self.scenario].seconds * len(self.groups)


Stories = dict[tuple[str, bool], list[Group]]
"""What is to be told, by scenario and by whether the sweep is at work."""


def groups(plan: Plan, cases: Iterable[Case], *, alone: bool) -> Stories:
    """The stories to be told.

    Faults after which a story must end as if nothing had happened share one, as long as they are of one kind
    and at different states: each state meets its own. A story that then does not hold is told again with half
    of them, until it is known which one it was.
    """
    shared: dict[tuple[str, str, int], list[Case]] = defaultdict(list)
    found: Stories = defaultdict(list)
    nth: dict[tuple[str, str, str], int] = defaultdict(int)
    for case in sorted(cases):
        kind = plan.kinds[case]
        if alone or not kind.recoverable:
            found[case.scenario, needs_sweep(plan, case)].append((case,))
            continue
        stem = OF_A_CALL if kind.name.startswith(OF_A_CALL) else kind.name
        number = nth[case.machine, case.state, stem]
        nth[case.machine, case.state, stem] += 1
        shared[case.scenario, stem, number].append(case)
    for (scenario, _, _), together in sorted(shared.items()):
        found[scenario, needs_sweep(plan, together[0])].append(tuple(together))
    return found


def needs_sweep(plan: Plan, case: Case) -> bool:
    """Whether only the sweep can find what is wrong: a lost event, or a rollback that was stopped half-way.

    No safety net starts a rollback for a rollback: one that fails for a reason would fail again and again. So
    it is the sweep that goes on where a restore broke, and the rollback that was to finish it broke as well.
    """
    kind = plan.kinds[case]
    brings_back = case.scenario == "rollback" or case.machine == "restore"
    return kind.sweeps or (brings_back and not kind.recoverable)


def chunks(stories: Stories) -> list[Chunk]:
    """Portions of about the same length; those of long stories lie evenly among the others.

    A canary costs much processor time, a story that waits out its retries nearly none.
    """
    found: list[tuple[float, Chunk]] = []
    for (scenario, sweeps), every in sorted(stories.items()):
        most = max(2, int(LONGEST_CHUNK / (BY_NAME[scenario].seconds + 5)))
        made = [Chunk(scenario, tuple(every[at : at + most]), sweeps) for at in range(0, len(every), most)]
        found += [((number + 0.5) / len(made), chunk) for number, chunk in enumerate(made)]
    return [chunk for _, chunk in sorted(found, key=lambda each: (each[0], -each[1].seconds))]


def halves(group: Group) -> Iterator[Group]:
    """A group in two."""
    middle = len(group) // 2
    yield group[:middle]
    yield group[middle:]


def deadline_passed(began: float, limit: float | None) -> bool:
    """Whether it has taken long enough."""
    return limit is not None and time.monotonic() - began > limit


def verdict(unmet: Sequence[str], violations: Sequence[str], case: Case) -> str:
    """The word for what became of a case."""
    if violations:
        return "violated"
    return "unmet" if case.name in unmet else "held"
