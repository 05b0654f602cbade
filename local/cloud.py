"""The parts of the local cloud, put together in one process."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import (
    calls_in_moto,
    control,
    control_messages,
    front,
    mends,
    notifications,
    quickening,
    settings,
    tables,
)
from local.api.app import HttpApis
from local.control import Health
from local.events import in_moto as events_in_moto
from local.events import publish
from local.events.habits import Habits, deliveries, habits_from
from local.events.schedules import Scheduler
from local.mends import executions
from local.runtime import event_sources, in_moto, running

if TYPE_CHECKING:
    from flask import Flask

    from local.listener import Listener
    from local.process import Options
    from local.runtime.forks import ForkServer

Report = Callable[..., None]

MENDED = (quickening, calls_in_moto, tables, in_moto, event_sources, events_in_moto, notifications)
"""Modules with mends of moto, besides those of `local.mends`."""


class Cloud:
    """One local cloud."""

    def __init__(self, options: Options, listener: Listener, forks: ForkServer) -> None:
        self._options = options
        self._listener = listener
        self._forks = forks
        self._health = Health()
        self._settings = settings.use(settings.Settings(port=listener.port, time_scale=options.time_scale))

    def start(self) -> None:
        """Mend moto, start the runtime, and begin to answer."""
        self._runtime = running.start(self._settings, Path(self._options.build), self._forks)
        mends.install()
        for ours in MENDED:
            ours.MENDS.apply()
        self._router = publish.start(self._settings.time_scale)
        executions.on_status_change.append(publish.execution_changed)
        self._scheduler = Scheduler(self._settings, self._router)
        self._install_world()
        app = control.make_app(self._health, self._extensions())
        self._listener.start(front.Front(control=app, http_apis=HttpApis(), aws_apis=front.AwsApis()))

    def build_up(self, report: Report) -> None:
        """Deploy the template and put the sample service into the cloud; then the cloud is ready."""
        options = self._options
        if options.template is not None:
            self._step(report, "deploying", f"Deploying {options.template}")
            self._deploy(options.template)
        if options.seed and _exists("local.sample"):
            self._step(report, "seeding", "Registering the sample service")
            importlib.import_module("local.sample").seed(self._settings.endpoint)
        self._health.status = "ready"
        self._health.doing = ""
        report("ready", endpoint=self._settings.endpoint)

    def stop(self) -> None:
        """End the functions' processes and answer no more."""
        self._scheduler.close()
        self._router.close()
        self._runtime.close()
        self._listener.stop()

    def _install_world(self) -> None:
        known = {item.name for item in fields(Habits)}
        wanted = self._options.habits or {}
        deliveries.set(
            habits_from({name: wanted[name] for name in wanted if name in known}, deliveries.habits)
        )
        if not self._options.world:
            return
        from local import world
        from local.world.settings import Habits as WorldHabits

        theirs = {item.name for item in fields(WorldHabits)}
        if unknown := set(wanted) - known - theirs:
            raise ValueError(f"{min(unknown)!r} is no habit; there are {', '.join(sorted(known | theirs))}")
        chosen = WorldHabits(**{name: wanted[name] for name in wanted if name in theirs})
        place = self._settings
        world.install(world.WorldSettings(time_scale=place.time_scale, port=place.port, habits=chosen))

    def _step(self, report: Report, event: str, text: str) -> None:
        self._health.doing = text
        report(event, text=text)

    def _deploy(self, template: str) -> None:
        deploy: Any = importlib.import_module("local.deploy")
        deploy.deploy(template, built=self._options.built)

    def _extensions(self) -> list[Callable[[Flask], None]]:
        """Routes of the world control that other parts add."""
        extensions: list[Callable[[Flask], None]] = [
            lambda app: control_messages.routes(app, self._scheduler)
        ]
        if self._options.world:
            from local.world import control as world_control

            extensions.append(world_control.routes)
        return extensions


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
