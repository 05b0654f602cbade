"""The parts of the local cloud, put together in one process."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import calls_in_moto, control, front, mends, quickening, settings
from local.api.app import HttpApis
from local.control import Health
from local.events import in_moto as events_in_moto
from local.events import publish
from local.events.schedules import Scheduler
from local.mends import executions
from local.runtime import event_sources, in_moto, running

if TYPE_CHECKING:
    from local.listener import Listener
    from local.process import Options

Report = Callable[..., None]


class Cloud:
    """One local cloud; start it from the main thread, as its fork server must not outlive that."""

    def __init__(self, options: Options, listener: Listener) -> None:
        self._options = options
        self._listener = listener
        self._health = Health()
        self._settings = settings.use(settings.Settings(port=listener.port, time_scale=options.time_scale))

    def start(self) -> None:
        """Mend moto, start the runtime, and begin to answer."""
        self._runtime = running.start(self._settings, Path(self._options.build))
        mends.install()
        for ours in (quickening, calls_in_moto, in_moto, event_sources, events_in_moto):
            ours.MENDS.apply()
        self._router = publish.start(self._settings.time_scale)
        executions.on_status_change.append(publish.execution_changed)
        self._scheduler = Scheduler(self._settings, self._router)
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

    def _step(self, report: Report, event: str, text: str) -> None:
        self._health.doing = text
        report(event, text=text)

    def _deploy(self, template: str) -> None:
        deploy: Any = importlib.import_module("local.deploy")
        deploy.deploy(template)

    def _extensions(self) -> list[Any]:
        return []


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
