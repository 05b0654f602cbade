"""A blue/green deployment while it runs: which side has the traffic, and what comes next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tidegate.domain.rollout import Rollout
from tidegate.domain.service import Check, HttpCheck
from tidegate.domain.strategy import BlueGreenSettings
from tidegate.domain.workload import DeploymentHook, ServiceDeployment

UNDER_WAY = ("PENDING", "IN_PROGRESS")
"""The statuses of a service deployment that has not been told to go back, nor goes back by itself."""
SWITCHED = 99.9
"""Percent: ECS has given green all production traffic when it has given it more."""
_ORIGIN = re.compile(r"^https?://[^/?#]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Move:
    """What comes next.

    ``in_progress``: only ECS can go on; ``hook``: it waits to be told whether green may get the traffic;
    ``roll_back``: it is to be told to go back; ``ended``: nothing more will happen that we can wait for.
    """

    outcome: Literal["in_progress", "hook", "roll_back", "ended"]
    deployment: ServiceDeployment | None = None
    hook: DeploymentHook | None = None


def next_move(rollout: Rollout, *, leaving: bool, past_no_return: bool) -> Move:
    """Decide what comes next in a deployment.

    Args:
        rollout: How it stands.
        leaving: Whether it was decided that green goes, or the release was told to stop.
        past_no_return: Whether blue cannot run any more. Before the switch it still serves, so a green that
            must not is given up all the same; after the switch there is no way back, and people must decide.
    """
    deployment = rollout.deployment
    if rollout.outcome != "in_progress":
        return Move("ended", deployment)
    if deployment is None:
        return Move("ended" if leaving else "in_progress")
    if deployment.status not in UNDER_WAY:
        return Move("in_progress", deployment)
    if leaving:
        return Move("ended" if past_no_return and is_switched(deployment) else "roll_back", deployment)
    hook = next((each for each in deployment.hooks if each.waits), None)
    return Move("hook" if hook else "in_progress", deployment, hook)


def is_switched(deployment: ServiceDeployment | None) -> bool:
    """Whether green has all production traffic, and is not losing it again."""
    if deployment is None or deployment.status not in UNDER_WAY:
        return False
    return (deployment.production_weight or 0.0) > SWITCHED


def carrying(weights: Mapping[str, int]) -> tuple[str, ...]:
    """The target groups that get traffic by the weights of a rule, the most loaded first."""
    loaded = [group for group, weight in weights.items() if weight > 0]
    return tuple(sorted(loaded, key=lambda group: (-weights[group], group)))


def checks_of_green(settings: BlueGreenSettings, checks: Sequence[Check]) -> tuple[Check, ...]:
    """The checks that green must pass before the switch; those by HTTP reach it through the test rule.

    Their address keeps path and query; scheme, host and port are those of `test_url`, where there is one, and
    `test_headers` are sent with every request.
    """
    wanted = (check for check in checks if check.name in settings.test_checks)
    return tuple(_through(settings, each) if isinstance(each, HttpCheck) else each for each in wanted)


def _through(settings: BlueGreenSettings, check: HttpCheck) -> HttpCheck:
    kept = {name: value for name, value in check.headers.items() if name.lower() not in _lower(settings)}
    url = check.url
    if settings.test_url is not None:
        url = settings.test_url + _ORIGIN.sub("", url)
    return replace(check, url=url, headers={**kept, **settings.test_headers})


def _lower(settings: BlueGreenSettings) -> set[str]:
    return {name.lower() for name in settings.test_headers}
