"""Words for what the approval page shows of a release and of the way in which it would be deployed."""

from __future__ import annotations

from tidegate.domain.release import Release
from tidegate.domain.strategy import BlueGreenSettings, CanarySettings, Strategy


def requested_by(release: Release) -> str:
    """Who asked for a release, as claimed; else the push that made it."""
    pushed = ", ".join(f"{each.repository}:{each.tag}" for each in release.images.values() if each.tag)
    return release.requested_by or f"a push of {pushed or 'an image'}"


def strategy(settings: Strategy) -> str:
    """A strategy: how it changes the traffic, and what is watched."""
    if isinstance(settings, CanarySettings):
        weights = ", ".join(f"{step.weight:g} %" for step in settings.steps)
        return f"canary, in steps of {weights}, judged against what runs"
    if isinstance(settings, BlueGreenSettings):
        return f"blue/green, watched for {settings.bake_minutes} minutes after the switch"
    healthy = f"at least {settings.minimum_healthy_percent} % of the tasks stay healthy"
    return f"rolling, {healthy}, circuit breaker on"
