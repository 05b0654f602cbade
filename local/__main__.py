"""The command line of the local cloud: `python -m local up`, `down`, `mail` and `confirm`."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from local import mail_reader, processes, server, welcome
from local.process import PROJECT, Options

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="The local cloud: all of Tidegate on this machine."
)
console = Console(highlight=False)
mail_reader.add_to(app)

Port = Annotated[int, typer.Option(help="TCP port on 127.0.0.1.")]
_TEMPLATE = Options().template or ""


@app.command()
def up(
    *,
    port: Port = 4566,
    time_scale: Annotated[
        float, typer.Option(help="Divides what AWS imposes: schedules, hook timeouts.")
    ] = 60.0,
    template: Annotated[str, typer.Option(help="SAM template to deploy; empty for none.")] = _TEMPLATE,
    built: Annotated[bool, typer.Option("--built", help="Run the functions from .aws-sam/build.")] = False,
    seed: Annotated[bool, typer.Option(help="Put the sample service `checkout` in.")] = True,
    detach: Annotated[bool, typer.Option("--detach", help="Return once the cloud is ready.")] = False,
) -> None:
    """Start the local cloud and stay until Ctrl-C."""
    options = Options(
        port=port, time_scale=time_scale, template=template or None, built=built, seed=seed and bool(template)
    )
    try:
        if detach:
            _start_detached(options)
        else:
            _stay(options)
    except server.StartError as error:
        console.print(f"[bold red]{error}")
        raise typer.Exit(1) from None


@app.command()
def down(port: Port = 4566) -> None:
    """Stop the local cloud that runs on this port."""
    health, noted = _health(port), _noted_pid(port)
    pid = health.get("pid") if health else noted
    if not isinstance(pid, int) or not processes.is_local_cloud(pid):
        _pid_file(port).unlink(missing_ok=True)
        console.print(f"No local cloud runs on port {port}.")
        return
    processes.stop_process(pid)
    _pid_file(port).unlink(missing_ok=True)
    console.print(f"The local cloud on port {port} has stopped.")


def _stay(options: Options) -> None:
    others = {name: value for name, value in vars(options).items() if name != "port"}
    with console.status("Starting the local cloud") as status:
        running = server.start(options.port, on_step=status.update, **others)
    _note_pid(options.port, running.pid)
    welcome.say(console, running.endpoint)
    console.print("\nCtrl-C stops it. Until then every mail is told here.\n")
    mail_reader.tell(running.endpoint, partial(console.print, markup=False, soft_wrap=True))
    try:
        with contextlib.suppress(KeyboardInterrupt):
            running.wait()
    finally:
        running.stop()
        _pid_file(options.port).unlink(missing_ok=True)
        console.print("The local cloud has stopped.")


def _start_detached(options: Options) -> None:
    if _health(options.port):
        raise server.StartError(
            f"Port {options.port} is already in use by a local cloud. Stop it with "
            f"`python -m local down --port {options.port}`."
        )
    pid = server.start_detached(options)
    _note_pid(options.port, pid)
    deadline = time.monotonic() + server.START_LIMIT_S
    with console.status("Starting the local cloud") as status:
        while (health := _health(options.port)) is None or health["status"] != "ready":
            if not processes.is_alive(pid) or time.monotonic() > deadline:
                _pid_file(options.port).unlink(missing_ok=True)
                raise server.StartError(_why_it_ended(options))
            if health and health["doing"]:
                status.update(health["doing"])
            time.sleep(0.1)
    welcome.say(console, f"http://127.0.0.1:{options.port}")
    console.print(f"\n`python -m local down --port {options.port}` stops it.")


def _why_it_ended(options: Options) -> str:
    lines = server.log_file(options).read_text(encoding="utf-8", errors="replace").splitlines()
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            report = json.loads(line)
            if isinstance(report, dict) and report.get("event") == "failed":
                return str(report["text"])
    return "The local cloud ended before it was ready:\n" + "\n".join(lines[-20:])


def _health(port: int) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_world/health", timeout=2) as answer:
            health: dict[str, Any] = json.load(answer)
            return health
    except (OSError, ValueError, urllib.error.URLError):
        return None


def _pid_file(port: int) -> Path:
    return PROJECT / "build" / f"local-{port}.pid"


def _note_pid(port: int, pid: int) -> None:
    path = _pid_file(port)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{pid}\n")


def _noted_pid(port: int) -> int | None:
    try:
        return int(_pid_file(port).read_text())
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    app()
