"""`python -m local.demo`: start a local cloud, release three images, show it live, write the report."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from local.demo import watch
from local.demo.approver import Approver
from local.demo.scenarios import SCENARIOS, Scenario
from local.sample import Place, SampleService
from local.sample.service import APPROVER

REPORT = Path("build/demo/report.json")
LIMIT_SECONDS = 120

console = Console(highlight=False, soft_wrap=True)


def main(
    port: Annotated[int, typer.Option(help="Port of the local cloud; 0 takes a free one.")] = 0,
) -> None:
    """Run the three scenarios on a local cloud of its own and exit with 1 when one ended unexpectedly."""
    from local import server

    console.print("[bold]Tidegate[/] on a local cloud: no account, no Docker.")
    with console.status("Starting the cloud and deploying template.yaml"):
        running = server.start(port=port)
    try:
        place = Place(running.endpoint)
        service = SampleService(place, "checkout")
        console.print(f"The cloud answers at {running.endpoint}; checkout runs in dev, staging and prod.\n")
        results = [_show(service, scenario) for scenario in SCENARIOS]
    finally:
        running.stop()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"scenarios": results}, indent=2) + "\n", encoding="utf-8")
    console.print(_table(results))
    console.print(f"The report is in {REPORT}.")
    wrong = [
        scenario.name
        for scenario, result in zip(SCENARIOS, results, strict=True)
        if result["outcome"] != scenario.expected
    ]
    if wrong:
        console.print(f"[bold red]Not as expected:[/] {', '.join(wrong)}")
        raise typer.Exit(1)


def _show(service: SampleService, scenario: Scenario) -> dict[str, Any]:
    place = service.place
    before, asked = set(watch.executions(place, "normal_deployment")), watch.requests(place, service.name)
    started = time.monotonic()
    digest = service.push(scenario.tag, **scenario.behaviour)
    console.print(f"[bold cyan]{scenario.name}[/]: pushed checkout:{scenario.tag} ({digest[:19]}…)")
    execution = _execution(place, before, started)
    approver, told = Approver(place, APPROVER), 0
    approver_links = set(approver.links())
    with console.status("waiting") as status:
        while (end := watch.ending(place, execution)) is None:
            if time.monotonic() - started > LIMIT_SECONDS:
                end = watch.Ending("RUNNING", "unfinished", f"It still runs after {LIMIT_SECONDS} s.")
                break
            names = watch.states_entered(place, execution)
            for name in names[told:]:
                console.print(f"  {time.monotonic() - started:5.1f} s  {name}")
            told = len(names)
            served = watch.requests(place, service.name)[0]
            status.update(f"{names[-1] if names else 'starting'} … prod has served {served:,} requests")
            for link in approver.links():
                if link not in approver_links:
                    approver_links.add(link)
                    console.print(f"  {time.monotonic() - started:5.1f} s  [yellow]approver opens {link}[/]")
                    approver.decide(link, "approve", "Looks good to me.")
            time.sleep(0.3)
    return _result(service, scenario, execution, digest, end, time.monotonic() - started, asked)


def _execution(place: Place, before: set[str], started: float) -> str:
    while time.monotonic() - started < LIMIT_SECONDS:
        new = [each for each in watch.executions(place, "normal_deployment") if each not in before]
        if new:
            return new[0]
        time.sleep(0.1)
    console.print("[bold red]No release came of the push.[/]")
    raise typer.Exit(1)


def _result(
    service: SampleService,
    scenario: Scenario,
    execution: str,
    digest: str,
    end: watch.Ending,
    seconds: float,
    asked: tuple[int, int],
) -> dict[str, Any]:
    colour = "green" if end.outcome == scenario.expected else "bold red"
    console.print(f"  {seconds:5.1f} s  [{colour}]{end.outcome}[/]: {end.reason}\n")
    requests, failed = watch.requests(service.place, service.name)
    return {
        "name": scenario.name,
        "release": execution.rpartition(":")[2],
        "digests": {"app": digest},
        "outcome": end.outcome,
        "reason": end.reason,
        "environments": watch.running_digests(service.place, service.name),
        "seconds": round(seconds, 1),
        "requests": requests - asked[0],
        "failed_requests": failed - asked[1],
    }


def _table(results: list[dict[str, Any]]) -> Table:
    table = Table(title="What became of three pushes", box=SIMPLE, padding=(0, 1, 0, 0))
    for heading in ("scenario", "outcome", "dev", "staging", "prod", "seconds", "requests", "failed"):
        figure = heading in ("seconds", "requests", "failed")
        table.add_column(heading, justify="right" if figure else "left", no_wrap=heading != "scenario")
    for result in results:
        digests = [str(digest)[7:14] for digest in result["environments"].values()]
        figures = [str(result["seconds"]), f"{result['requests']:,}", f"{result['failed_requests']:,}"]
        table.add_row(result["name"], result["outcome"], *digests, *figures)
    return table


if __name__ == "__main__":
    typer.run(main)
