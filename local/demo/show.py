"""One push, shown live until its release has ended."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from local.demo import canary, peers, watch
from local.demo.approver import Approver
from local.demo.scenarios import Scenario
from local.sample import SampleService
from local.sample.service import APPROVER

LIMIT_SECONDS = 240
PLOTS = Path("build/demo")
REST_SECONDS = 15
"""The last tasks of a canary drain after its release has ended, and a second canary waits for that."""


class Show:
    """Pushes one image and tells on a console what becomes of it."""

    def __init__(self, console: Console, service: SampleService, scenario: Scenario) -> None:
        self.console = console
        self.service = service
        self.place = service.place
        self.scenario = scenario
        self.started = time.monotonic()
        self._approver = Approver(self.place, APPROVER)
        self._old_links = set(self._approver.links())
        self._old_executions = set(watch.executions(self.place, "normal_deployment"))
        self._old_canary = self._canary()
        self._asked = watch.requests(self.place, service.name)
        self._told = 0
        self._weight = -1.0

    def run(self) -> dict[str, Any]:
        """Push, and watch until the release has ended; returns its part of the report."""
        scenario = self.scenario
        digest = self.service.push(scenario.tag, **scenario.behaviour)
        what = f"pushed checkout:{scenario.tag} ({digest[:19]}…)"
        self.console.print(f"[bold cyan]{scenario.name}[/]: {what}")
        execution = self._execution()
        with self.console.status("waiting") as status:
            while (end := watch.ending(self.place, execution)) is None:
                if time.monotonic() - self.started > LIMIT_SECONDS:
                    end = watch.Ending("RUNNING", "unfinished", f"It still runs after {LIMIT_SECONDS} s.")
                    break
                status.update(self._progress(execution))
                self._approve()
                time.sleep(0.3)
        return self._result(execution, digest, end)

    def _say(self, text: str) -> None:
        self.console.print(f"  {time.monotonic() - self.started:5.1f} s  {text}")

    def _execution(self) -> str:
        while time.monotonic() - self.started < LIMIT_SECONDS:
            found = watch.executions(self.place, "normal_deployment")
            new = [each for each in found if each not in self._old_executions]
            if new:
                return new[0]
            time.sleep(0.1)
        self.console.print("[bold red]No release came of the push.[/]")
        raise typer.Exit(1)

    def _progress(self, execution: str) -> str:
        """Tell of states and weights that are new; returns the line that shows what goes on."""
        names = watch.states_entered(self.place, execution)
        for name in names[self._told :]:
            self._say(name)
        self._told = len(names)
        served = watch.requests(self.place, self.service.name)[0]
        text = f"{names[-1] if names else 'starting'} … prod has served {served:,} requests"
        seen = self._canary()
        if seen is None or (self._old_canary and seen.id == self._old_canary.id):
            return text
        if seen.weight != self._weight:
            self._weight = seen.weight
            self._say(f"[magenta]{seen.line}[/]")
        return f"{text}, {seen.line}"

    def _approve(self) -> None:
        for link in self._approver.links():
            if link not in self._old_links:
                self._old_links.add(link)
                self._say(f"[yellow]approver opens {link}[/]")
                self._approver.decide(link, "approve", "Looks good to me.")

    def _canary(self) -> canary.Seen | None:
        production = next(each for each in self.service.manifest["environments"] if each.get("production"))
        strategy = production["strategy"]
        rule, group = strategy["listener_rules"][0], strategy["canary_target_group"]
        return canary.look(self.place, self.service.name, production["name"], rule, group)

    def _result(self, execution: str, digest: str, end: watch.Ending) -> dict[str, Any]:
        seen, release = self._at_rest(), execution.rpartition(":")[2]
        right = end.outcome == self.scenario.expected
        self._say(f"[{'green' if right else 'bold red'}]{end.outcome}[/]: {end.reason}")
        result: dict[str, Any] = {
            "name": self.scenario.name,
            "release": release,
            "digests": {"app": digest},
            "outcome": end.outcome,
            "reason": end.reason,
            "environments": watch.running_digests(self.place, self.service.name),
            "seconds": round(time.monotonic() - self.started, 1),
        }
        requests, failed = watch.requests(self.place, self.service.name)
        result |= {"requests": requests - self._asked[0], "failed_requests": failed - self._asked[1]}
        if seen is not None:
            result["canary"] = self._judged(seen, release)
        self.console.print()
        return result

    def _at_rest(self) -> canary.Seen | None:
        """The canary of this release once nothing is left of it; None when it did not come so far."""
        deadline = time.monotonic() + REST_SECONDS
        while (seen := self._canary()) is not None:
            if self._old_canary and seen.id == self._old_canary.id:
                return None
            if seen.phase == "ended" or time.monotonic() > deadline:
                return seen
            time.sleep(0.3)
        return None

    def _judged(self, seen: canary.Seen, release: str) -> dict[str, Any]:
        plot = canary.save_plot(self.place, self.service.name, release, "prod", PLOTS)
        if plot:
            self._say(f"weights and evidence are drawn in {plot}")
        served = peers.served(seen.periods) if seen.periods else []
        return {
            "phase": seen.phase,
            "weight": seen.weight,
            "decision": seen.decision,
            "reason": seen.reason,
            "plot": str(plot) if plot else None,
            "periods": len(seen.periods),
            "served": [vars(each) for each in served],
        }
