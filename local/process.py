"""The process that is the local cloud: mends moto, deploys the template, serves until it is told to stop.

Started by `local.server`, which talks to it through pipes: it reads nothing from standard input, whose end
tells it that its parent has died, and writes one JSON line per step to standard output.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import orphans

if TYPE_CHECKING:
    from local.cloud import Cloud

PROJECT = Path(__file__).resolve().parents[1]


def _template() -> str:
    """The template to deploy: the sources, or what `sam build` made of them, as CI wants it."""
    return os.environ.get("TIDEGATE_TEMPLATE") or "template.yaml"


@dataclass(frozen=True)
class Options:
    """What the process was started with.

    Attributes:
        port: TCP port, 0 for a free one.
        time_scale: By how much what AWS imposes is divided.
        template: The SAM template to deploy, or None for an empty cloud; by default the one that the
            environment variable TIDEGATE_TEMPLATE names, or `template.yaml`.
        built: Whether to run functions from `.aws-sam/build` instead of from their sources.
        seed: Whether to put the sample service into the cloud.
        world: Whether to simulate ECS, traffic and alarms.
        habits: World habits that differ from the default, by name.
        build: Folder for logs and unpacked code.
        stay: Whether to go on when standard input ends.
    """

    port: int = 4566
    time_scale: float = 60.0
    template: str | None = field(default_factory=_template)
    built: bool = False
    seed: bool = True
    world: bool = True
    habits: dict[str, Any] | None = None
    build: str = str(PROJECT / "build")
    stay: bool = False


def report(event: str, **details: Any) -> None:
    """Tell whoever started us."""
    try:
        print(json.dumps({"event": event, **details}), flush=True)
    except OSError:
        # Nobody reads any more, which is no reason to stop.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def main(arguments: list[str] | None = None) -> int:
    """Run the local cloud until a signal or the end of standard input."""
    parser = argparse.ArgumentParser(prog="local.process")
    parser.add_argument("options", help="a JSON object with the fields of Options")
    options = Options(**json.loads(parser.parse_args(arguments).options))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("botocore").setLevel(logging.ERROR)
    faulthandler.register(signal.SIGUSR1)  # shows where every thread is
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if not options.stay:
        orphans.watch_end_of(sys.stdin.buffer, stop.set)
    return _run(options, stop)


def _run(options: Options, stop: threading.Event) -> int:
    # moto takes seconds to import. A port in use is told before, and the fork server does its own imports
    # at the same time.
    from local.listener import Listener, PortInUseError
    from local.runtime import preload
    from local.runtime.forks import ForkServer

    try:
        listener = Listener(options.port)
    except PortInUseError as error:
        report("failed", text=str(error))
        return 3
    report("listening", port=listener.port)
    forks = ForkServer(*_runtime(options))
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # read once, when moto is imported
    preload.keep_data_files(service_models=False)  # moto reads the list of regions again and again
    from local.cloud import Cloud

    return _serve(Cloud(options, listener, forks), stop)


def _runtime(options: Options) -> tuple[str, list[str]]:
    """The Python that runs the functions, and where it finds packages before any function is there.

    Functions from their sources share this process's Python and packages. What `sam build` made has its
    packages with it, compiled for the runtime's own version, which TIDEGATE_PYTHON names.
    """
    python = os.environ.get("TIDEGATE_PYTHON")
    if not python or not options.template or options.template != os.environ.get("TIDEGATE_TEMPLATE"):
        return sys.executable, []
    layers = (PROJECT / options.template).parent.glob("*/python")
    return python, [str(layer) for layer in layers]


def _serve(cloud: Cloud, stop: threading.Event) -> int:
    failures: list[BaseException] = []

    def build_up() -> None:
        try:
            cloud.build_up(report)
        except BaseException as error:
            logging.getLogger(__name__).exception("The local cloud could not be built up")
            failures.append(error)
            stop.set()

    cloud.start()
    threading.Thread(target=build_up, name="build-up", daemon=True).start()
    stop.wait()
    if failures:
        report("failed", text=f"{type(failures[0]).__name__}: {failures[0]}")
    threading.Thread(target=_give_up_after, args=(5.0,), daemon=True).start()
    cloud.stop()
    return 1 if failures else 0


def _give_up_after(seconds: float) -> None:
    time.sleep(seconds)
    os._exit(0)


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    os._exit(exit_code)  # the threads of running executions need no farewell
