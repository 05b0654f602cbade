"""The simulated world: what moto only stores, made live.

``install`` puts a world in the place of moto's ECS services, tasks and deployments, ECR pushes and scans,
target health, metrics and alarms. Its behaviour follows the AWS documentation; the page is cited where
it was read. ``local.world.control.routes`` adds its HTTP control to a Flask application.
"""

from __future__ import annotations

from local.world.clock import Clock
from local.world.installation import Installation, present, put_in, take_out
from local.world.settings import WorldSettings
from local.world.world import Publish, World

__all__ = ["Installation", "Publish", "World", "WorldSettings", "install", "present", "uninstall"]


def install(
    settings: object | None = None,
    *,
    publish: Publish | None = None,
    clock: Clock | None = None,
) -> Installation:
    """Put a new world in.

    Args:
        settings: ``WorldSettings``, or any object some of whose attributes are named alike.
        publish: Where events go; by default ``local.events.publish.publish``, if there is one.
        clock: By default the wall clock.
    """
    chosen = WorldSettings() if settings is None else WorldSettings.adopt(settings)
    return put_in(World(chosen, publish=publish or _default_publish(), clock=clock))


def uninstall() -> None:
    """Take the world out again; moto then answers as it does by itself."""
    take_out()


def _default_publish() -> Publish | None:
    try:
        from local.events.publish import publish
    except ImportError:
        return None
    return publish
