"""What the rules of other deciders would have let through on the very periods that the judge saw.

The rules are those of the benchmark, from their published definitions. A rule that had not decided when the
judge ended the canary would have gone on serving it: its figure is then only a lower limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.judge_methods import peers
from bench.judge_scenarios.world import Deployment


@dataclass(frozen=True)
class Served:
    """How many bad responses a rule lets the canary give.

    Attributes:
        rule: Whose rule it is.
        decided_after: Periods until it returns the canary; None when it had not done so.
        bad: Bad responses until then, or until the judge ended it.
    """

    rule: str
    decided_after: int | None
    bad: int


def served(periods: Sequence[dict[str, Any]], metric: str = "errors") -> list[Served]:
    """What each rule does on recorded periods of one metric, and the judge itself first."""
    figures = np.array([period["figures"][metric] for period in periods], dtype=float)
    bad = np.cumsum(figures[:, 1])
    verdicts = [period["verdict"] for period in periods]
    judge = verdicts.index("roll_back") + 1 if "roll_back" in verdicts else 0
    data = _as_deployment(figures)
    return [
        _served("Tidegate", judge, bad),
        *(_served(name, int(rule(data)[0]), bad) for name, rule in _rules(len(figures)).items()),
    ]


def _rules(length: int) -> dict[str, Callable[[Deployment], Any]]:
    return {
        "Argo Rollouts (99 %, limit 3)": peers.argo,
        "Flagger (99 %, 5 checks)": partial(peers.argo, limit=4),
        "Flagger (99 %, 10 checks)": partial(peers.argo, limit=9),
        "ECS alarm, 1 of 1": partial(peers.ecs_alarm, datapoints=1),
        "ECS alarm, 3 of 3": partial(peers.ecs_alarm, datapoints=3),
        "Kayenta, every 5 minutes": partial(peers.kayenta, looks=tuple(range(5, length + 1, 5))),
        "z-test, read every minute": peers.peeking_z_test,
    }


def _served(rule: str, decided: int, bad: Any) -> Served:
    return Served(rule, decided or None, int(bad[(decided or len(bad)) - 1]))


def _as_deployment(figures: Any) -> Deployment:
    """One run of one schedule, whose stable side is one group."""
    canary_requests, canary_bad, stable_requests, stable_bad = (figures[:, i][None, :] for i in range(4))
    return Deployment(
        canary_requests, canary_bad, stable_requests[:, None, :], stable_bad[:, None, :], canary_bad, 0.0
    )
