"""How often a page asks DynamoDB, with a fleet of a thousand services.

    python bench/pages.py [--quick] [--services 1000]

Fills the tables of a local cloud through the product's own adapters, opens every status page and an approval
page there, and counts what their functions asked DynamoDB for. Prints a table, writes build/bench/pages.json,
and exits 1 when a status page took more than three round trips or the approval page more than two.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "tidegate")]

from bench.pages_report.asking import asked  # noqa: E402
from bench.pages_report.fleet import Fleet, names, ports_of, without_sweep  # noqa: E402
from bench.pages_report.story import chat, fail, tell  # noqa: E402
from bench.pages_report.visitor import Page, Visitor, read  # noqa: E402
from local import server  # noqa: E402
from local.sample import Place  # noqa: E402

REPORT = ROOT / "build" / "bench" / "pages.json"
SERVICE = "checkout-web"
MOST = {"tidegate-status_page": 3, "tidegate-approval_page": 2}
"""DynamoDB round trips that a page of a function may take."""
TRIES = 4

console = Console(highlight=False)


@dataclass(frozen=True)
class Visit:
    """One page, opened.

    Attributes:
        calls: DynamoDB calls by their action; each is one round trip.
        milliseconds: The fastest of a few tries, from the request to the end of the body.
    """

    page: str
    function: str
    status: int
    milliseconds: float
    kilobytes: float
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def round_trips(self) -> int:
        """How often the page asked."""
        return sum(self.calls.values())

    @property
    def too_many(self) -> bool:
        """Whether that is more than it may."""
        return self.round_trips > MOST[self.function]


def main() -> int:
    """Run the benchmark; 1 when a page asks too often, or is not there."""
    options = _options()
    number = 100 if options.quick else options.services
    with console.status("Starting a local cloud"):
        running = server.start(port=0, seed=False)
    try:
        visits = _visits(Place(running.endpoint), number)
    finally:
        running.stop()
    _print(visits, number)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "services": number,
        "most": MOST,
        "pages": [{**asdict(visit), "round_trips": visit.round_trips} for visit in visits],
    }
    REPORT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    bad = [visit.page for visit in visits if visit.too_many or visit.status != 200]
    if bad:
        console.print(f"[bold red]Asks too often, or did not answer: {', '.join(bad)}.[/]")
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a hundred services")
    parser.add_argument("--services", type=int, default=1000, help="size of the fleet, at least 100")
    return parser.parse_args()


def _visits(place: Place, number: int) -> list[Visit]:
    with console.status("A release comes to its approval"):
        approval = asked(place)
    without_sweep(place)
    ports = ports_of(place)
    fleet = Fleet(ports)
    with console.status(f"Filling the tables with {number} services"):
        fleet.fill(number)
        going = fleet.busy(min(90, number), 20, 40)
        good, bad = tell(ports, fleet, SERVICE), fail(ports, fleet, SERVICE)
        chat(ports, fleet, names(number), 3 * number)
    visitor = Visitor(place)
    paths = {
        "home": "status",
        "services": "status/services",
        "services, found by name": "status/services?q=checkout",
        "one service": f"status/services/{SERVICE}",
        "a release on its way": f"status/releases/{going[0].id}",
        "a release, judged": f"status/releases/{good.id}",
        "a release, rolled back": f"status/releases/{bad.id}",
        "audit trail": "status/audit",
        "audit trail of a service": f"status/audit?service={SERVICE}",
        "audit trail of a kind": "status/audit?kind=freeze",
        "audit trail as CSV": "status/audit.csv?from=2020-01-01",
        "audit trail as JSON": "status/audit.json?from=2020-01-01",
    }
    visits = [
        _visit(place, name, "tidegate-status_page", lambda path=path: visitor.read(path))  # type: ignore[misc]
        for name, path in paths.items()
    ]
    return [*visits, _visit(place, "approval page", "tidegate-approval_page", lambda: read(approval))]


def _visit(place: Place, name: str, function: str, opened: Callable[[], Page]) -> Visit:
    """Open a page a few times; what it asks is counted once, when everything is warm."""
    fastest = min(_timed(opened) for _ in range(TRIES - 1))
    place.world("DELETE", "/calls")
    page = opened()
    counted: list[dict[str, Any]] = place.world("GET", "/counts")["calls"]
    calls = {
        str(each["action"]): int(each["calls"])
        for each in counted
        if each["caller"] == function and each["service"] == "dynamodb"
    }
    return Visit(
        name, function, page.status, round(1000 * fastest, 1), round(len(page.body) / 1024, 1), calls
    )


def _timed(opened: Callable[[], Page]) -> float:
    """Seconds from the request to the end of the body."""
    time.sleep(0.2)  # the API lets ten requests a second in
    begun = time.perf_counter()
    opened()
    return time.perf_counter() - begun


def _print(visits: list[Visit], number: int) -> None:
    table = Table(title=f"What a page asks of DynamoDB among {number:,} services")
    for heading in ("page", "round trips", "at most", "calls", "kB", "ms"):
        table.add_column(heading, justify="left" if heading in ("page", "calls") else "right")
    for visit in visits:
        colour = "bold red" if visit.too_many or visit.status != 200 else "green"
        table.add_row(
            visit.page,
            f"[{colour}]{visit.round_trips}[/]",
            str(MOST[visit.function]),
            ", ".join(f"{count} {action}" for action, count in visit.calls.items()),
            f"{visit.kilobytes:,.1f}",
            f"{visit.milliseconds:,.0f}",
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
