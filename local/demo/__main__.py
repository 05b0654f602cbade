"""`python -m local.demo`: start a local cloud, release four images, show it live, write the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from local.demo import watch
from local.demo.scenarios import (
    REQUESTS_PER_SECOND,
    SCENARIOS,
    USUAL_ERROR_RATE,
    canary_in_production,
)
from local.demo.show import Show
from local.sample import seed

REPORT = Path("build/demo/report.json")

console = Console(highlight=False, soft_wrap=True)


def main(
    port: Annotated[int, typer.Option(help="Port of the local cloud; 0 takes a free one.")] = 0,
) -> None:
    """Run the scenarios on a local cloud of its own and exit with 1 when one ended unexpectedly."""
    from local import server

    console.print("[bold]Tidegate[/] on a local cloud: no account, no Docker.")
    with console.status("Starting the cloud and deploying template.yaml"):
        running = server.start(port=port, seed=False)
    try:
        with console.status("Creating the sample service checkout"):
            service = seed(running.endpoint, canary_in_production, REQUESTS_PER_SECOND)
            usual = {"starts": True, "error_rate": USUAL_ERROR_RATE}
            service.place.world("PUT", f"/images/{service.digests['app']}", usual)
        console.print(f"The cloud answers at {running.endpoint}; checkout runs in dev, staging and prod.")
        console.print(f"Its status pages, open for two minutes: {watch.status_link(service.place)}\n")
        results = [Show(console, service, scenario).run() for scenario in SCENARIOS]
    finally:
        running.stop()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps({"scenarios": results}, indent=2) + "\n", encoding="utf-8")
    console.print(_releases(results))
    peers = _peers(results)
    if peers is not None:
        console.print(peers)
    console.print(f"The report is in {REPORT}.")
    wrong = [name for name, text in _unexpected(results)]
    for name, text in _unexpected(results):
        console.print(f"[bold red]Not as expected:[/] {name}: {text}")
    if wrong:
        raise typer.Exit(1)


def _unexpected(results: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What a person would not have wanted, from what was read in the world."""
    wrong = []
    for scenario, result in zip(SCENARIOS, results, strict=True):
        canary = result.get("canary", {"weight": 0.0, "phase": "ended", "decision": ""})
        if result["outcome"] != scenario.expected:
            wrong.append((scenario.name, f"it ended {result['outcome']}"))
        if canary["weight"] or canary["phase"] != "ended":
            wrong.append((scenario.name, f"the canary is {canary['phase']} at {canary['weight']:.0f} %"))
        if scenario.judged and canary["decision"] != "roll_back":
            wrong.append((scenario.name, "it was not the judge who returned it"))
    return wrong


def _releases(results: list[dict[str, Any]]) -> Table:
    table = Table(title="What became of four pushes", box=SIMPLE, padding=(0, 1, 0, 0))
    for heading in ("scenario", "outcome", "dev", "staging", "prod", "seconds", "requests", "failed"):
        figure = heading in ("seconds", "requests", "failed")
        table.add_column(heading, justify="right" if figure else "left", no_wrap=heading != "scenario")
    for result in results:
        digests = [str(digest)[7:14] for digest in result["environments"].values()]
        figures = [str(result["seconds"]), f"{result['requests']:,}", f"{result['failed_requests']:,}"]
        table.add_row(result["name"], result["outcome"], *digests, *figures)
    return table


def _peers(results: list[dict[str, Any]]) -> Table | None:
    """What each rule makes of the very periods of both canaries; None when one of them has none.

    A rule that had not decided when the bad canary was ended would have gone on serving it.
    """
    of = dict(zip(SCENARIOS, [result.get("canary", {}).get("served") for result in results], strict=True))
    good = next(served for scenario, served in of.items() if scenario.expected == "succeeded")
    bad = next(served for scenario, served in of.items() if scenario.judged)
    if not good or not bad:
        return None
    table = Table(title="What other rules make of the same minutes", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("rule")
    for heading in ("bad canary returned after", "bad responses served", "good canary"):
        table.add_column(heading, justify="right")
    for wrong, right in zip(bad, good, strict=True):
        after = wrong["decided_after"]
        table.add_row(
            wrong["rule"],
            f"{after} minutes" if after else "not yet",
            f"{wrong['bad']:,}" if after else f"{wrong['bad']:,} and more",
            "[red]returned[/]" if right["decided_after"] else "passed",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
