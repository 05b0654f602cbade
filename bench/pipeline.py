"""What one release costs from push to production, and whether that grows with the fleet.

    python bench/pipeline.py [--quick] [--services 1,100,1000] [--pushes 50]

Runs the real template, state machines and functions on a local cloud and counts state transitions, Lambda
invocations, API calls by service and DynamoDB request units, and from them the price at list prices. Then the
same with more registered services, and many pushes at once. Prints tables, writes build/bench/pipeline.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "tidegate")]

from bench.pipeline_report import prices  # noqa: E402
from local import server  # noqa: E402
from local.demo import watch  # noqa: E402
from local.sample import Place, SampleService  # noqa: E402
from tidegate.contracts.manifest import parse  # noqa: E402
from tidegate.domain.figures import figures_of  # noqa: E402
from tidegate.domain.strategy import CanarySettings  # noqa: E402
from tidegate.ports import Catalogue  # noqa: E402

REPORT = ROOT / "build" / "bench" / "pipeline.json"
PATIENCE_SECONDS = 300
CANARY_WEIGHTS = (1, 5, 25, 50, 95)
CANARY_MINUTES = 60
MOST_TRANSITIONS, MOST_USD = 150, 0.01
"""What a release with a canary may take from push to production."""
APART = ("user", "tidegate-sweep")
"""Whose calls are no part of a release: the benchmark itself, and the sweep, which runs whatever happens."""

console = Console(highlight=False)


@dataclass(frozen=True)
class Count:
    """What one release took."""

    services: int
    transitions: int
    invocations: int
    calls: dict[str, int] = field(default_factory=dict)
    read_units: float = 0.0
    write_units: float = 0.0
    metrics: int = 0
    pulses: int = 0

    @property
    def price(self) -> float:
        """At list prices, in US dollars."""
        seconds = self.invocations * prices.BILLED_SECONDS * prices.MEMORY_GB
        return (
            self.transitions * prices.STATE_TRANSITION
            + self.invocations * prices.LAMBDA_REQUEST
            + seconds * prices.LAMBDA_GB_SECOND_ARM
            + self.read_units * prices.DYNAMODB_READ_UNIT
            + self.write_units * prices.DYNAMODB_WRITE_UNIT
            + self.calls.get("sns", 0) * (prices.SNS_PUBLISH + prices.SNS_EMAIL)
            + self.calls.get("s3", 0) * prices.S3_PUT
            + self.metrics * prices.METRIC_REQUESTED
            + self.pulses * prices.SCHEDULER_INVOCATION
        )


def main() -> int:
    """Run the benchmark; 1 when a push was lost or taken in twice, or the calls per release grow."""
    options = _options()
    fleet = [1] if options.quick else [int(number) for number in options.services.split(",")]
    pushes = 6 if options.quick else options.pushes
    with console.status("Starting a local cloud"):
        running = server.start(port=0, seed=False)
    try:
        place = Place(running.endpoint)
        counts = [_one_release(place, size) for size in fleet]
        canary = _one_canary(place, CANARY_MINUTES // 2 if options.quick else CANARY_MINUTES)
        burst = _burst(place, pushes)
    finally:
        running.stop()
    idle = _idle_month()
    _print([*counts, canary], burst, idle)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "releases": [{**asdict(count), "price_usd": count.price} for count in counts],
        "canary": {**asdict(canary), "price_usd": canary.price},
        "burst": burst,
        "idle_month_usd": idle,
        "billed_seconds_per_invocation": prices.BILLED_SECONDS,
    }
    REPORT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    grown = {(count.transitions, sum(count.calls.values())) for count in counts}
    spread = max(calls for _, calls in grown) - min(calls for _, calls in grown)
    if burst["lost"] or burst["twice"] or spread > 0.1 * min(calls for _, calls in grown):
        console.print(
            "[bold red]Pushes were lost or doubled, or the calls per release grow with the fleet.[/]"
        )
        return 1
    if canary.transitions > MOST_TRANSITIONS or canary.price > MOST_USD:
        limit = f"{MOST_TRANSITIONS} transitions and {MOST_USD * 100:.0f} cent"
        console.print(f"[bold red]A release with a canary takes more than {limit}.[/]")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one service, six pushes")
    parser.add_argument("--services", default="1,100,1000", help="fleet sizes, ascending")
    parser.add_argument("--pushes", type=int, default=50, help="how many pushes at once")
    return parser.parse_args()


def _one_release(place: Place, services: int) -> Count:
    """Release one image of a service of its own while so many services are registered."""
    with console.status(f"Registering services up to {services}"):
        _fill(place, services - 1)
    service = _service(place, f"bench-{services}")
    time.sleep(2)  # what the registration still does in the background must not be counted
    place.world("DELETE", "/calls")
    with console.status(f"One release among {services} services"):
        service.push("1.1.0")
        execution = _ends(place, service.name, 1)[0]
    return _count(place, service.name, execution, services)


def _one_canary(place: Place, minutes: int) -> Count:
    """Release one image whose canary in production takes so many minutes, each a second here."""
    each = minutes / len(CANARY_WEIGHTS)

    def canary(manifest: dict[str, Any]) -> None:
        steps = [
            {"weight": weight, "minimum_seconds": round(each), "maximum_seconds": round(each)}
            for weight in CANARY_WEIGHTS
        ]
        strategy = {
            "name": "canary",
            "steps": steps,
            "warm_up_seconds": 1,
            "when_inconclusive": "wait",
            "timeout_seconds": 120,
        }
        manifest["environments"][-1]["strategy"] = strategy

    service = _service(place, "bench-canary", canary)
    service.set_traffic(20_000)
    time.sleep(2)
    place.world("DELETE", "/calls")
    with console.status(f"One release with a canary of {minutes} minutes"):
        service.push("1.1.0")
        execution = _ends(place, service.name, 1)[0]
    count = _count(place, service.name, execution, 1)
    settings = cast("CanarySettings", parse(service.manifest).to_domain().environment("prod").strategy)
    return replace(count, metrics=count.calls.get("cloudwatch", 0) * len(figures_of(settings).queries))


def _service(
    place: Place, name: str, change: Callable[[dict[str, Any]], None] | None = None
) -> SampleService:
    def automatic(manifest: dict[str, Any]) -> None:
        for environment in manifest["environments"]:
            environment["approval"] = None
        if change is not None:
            change(manifest)

    service = SampleService(place, name, automatic)
    service.create()
    service.register()
    return service


def _fill(place: Place, wanted: int) -> None:
    """Let so many services be registered that share the workloads of one: only the catalogue has to grow."""
    have = int(getattr(_fill, "have", 0))
    if wanted <= have:
        return
    if not have:
        _fill.base = _service(place, "fleet")  # type: ignore[attr-defined]
    base: SampleService = _fill.base  # type: ignore[attr-defined]
    catalogue = _catalogue(place)
    for number in range(have, wanted):
        catalogue.put(parse({**base.manifest, "name": f"fleet-{number}"}).to_domain(), after=0)
    _fill.have = wanted  # type: ignore[attr-defined]


def _catalogue(place: Place) -> Catalogue:
    """The product's own catalogue, on the local cloud's table."""
    os.environ |= {
        "AWS_ENDPOINT_URL": place.endpoint,
        "AWS_REGION": place.region,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_ACCESS_KEY_ID": "user",
        "AWS_SECRET_ACCESS_KEY": "user",
        "STACK_NAME": "tidegate",
        "HOME_ACCOUNT": place.account,
        "CATALOGUE_TABLE": place.resource("CatalogueTable"),
    }
    from tidegate.bootstrap import ports

    return ports().catalogue


def _ends(place: Place, prefix: str, number: int) -> list[str]:
    """Wait until so many releases of services with this prefix have ended; returns their executions."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        arns = [
            arn
            for arn in watch.executions(place, "normal_deployment")
            if arn.rpartition(":")[2].startswith(prefix)
        ]
        if len(arns) >= number and all(watch.ending(place, arn) is not None for arn in arns):
            return arns
        time.sleep(0.5)
    raise SystemExit(f"After {PATIENCE_SECONDS} s {number} releases of {prefix} have not ended.")


def _count(place: Place, name: str, execution: str, services: int) -> Count:
    end = watch.ending(place, execution)
    if end is None or end.outcome != "succeeded":
        raise SystemExit(f"The release of {name} ended as {end}")
    counts = place.world("GET", "/counts")
    functions = {name.removeprefix("tidegate-"): each for name, each in counts["functions"].items()}
    calls: Counter[str] = Counter()
    for each in counts["calls"]:
        calls[each["service"]] += 0 if each["caller"] in APART else int(each["calls"])
    return Count(
        services=services,
        transitions=_transitions(place, execution),
        invocations=sum(
            int(each["invocations"]) for name, each in counts["functions"].items() if name not in APART
        ),
        calls=dict(sorted(calls.items())),
        read_units=sum(
            float(each["read_units"]) for each in counts["dynamodb"] if each["caller"] not in APART
        ),
        write_units=sum(
            float(each["write_units"]) for each in counts["dynamodb"] if each["caller"] not in APART
        ),
        pulses=int(functions.get("pulse", {}).get("invocations", 0)),
    )


def _transitions(place: Place, execution: str) -> int:
    """State transitions of an execution and of all that it started, as Step Functions counts them."""
    states = place.client("stepfunctions")
    total, todo = 0, [execution]
    while todo:
        pages = states.get_paginator("get_execution_history").paginate(executionArn=todo.pop())
        for event in (event for page in pages for event in page["events"]):
            total += "stateEnteredEventDetails" in event or "Retr" in event["type"]
            todo += _started(event)
        total += 1  # the start of the execution
    return total


def _started(event: dict[str, Any]) -> Iterable[str]:
    details = event.get("taskSubmittedEventDetails")
    if details and details.get("resourceType") == "states":
        yield json.loads(details["output"])["ExecutionArn"]


def _burst(place: Place, pushes: int) -> dict[str, Any]:
    services = []
    with console.status(f"Creating {pushes} services") as status:
        for number in range(pushes):
            services.append(_service(place, f"burst-{number}"))
            status.update(f"Created {number + 1} of {pushes} services")
    started = time.monotonic()
    digests = {service.name: service.push("1.1.0") for service in services}
    with console.status(f"{pushes} releases at once"):
        arns = _ends(place, "burst-", pushes)
    seconds = time.monotonic() - started
    released = Counter("-".join(arn.rpartition(":")[2].split("-")[:2]) for arn in arns)
    right = sum(
        watch.running_digests(place, name, ("prod",))["prod"] == digest for name, digest in digests.items()
    )
    return {
        "pushes": pushes,
        "releases": len(arns),
        "lost": pushes - len(released),
        "twice": sum(number - 1 for number in released.values()),
        "in_production": right,
        "wall_seconds": round(seconds, 1),
    }


def _idle_month() -> float:
    """What the stack costs in a month in which nothing happens: a key, alarms, the sweep."""
    sweep = prices.LAMBDA_REQUEST + prices.BILLED_SECONDS * prices.MEMORY_GB * prices.LAMBDA_GB_SECOND_ARM
    return (
        prices.KMS_KEY_MONTH
        + prices.ALARM_METRICS * prices.ALARM_METRIC_MONTH
        + prices.SCHEDULED_INVOCATIONS_PER_MONTH * sweep
    )


def _print(counts: list[Count], burst: dict[str, Any], idle: float) -> None:
    services = sorted({name for count in counts for name in count.calls})
    table = Table(title="One release from push to production, three environments")
    headings = [str(count.services) for count in counts[:-1]]
    for heading in ("registered services", *headings, "1, with a canary"):
        table.add_column(heading, justify="right")
    table.add_row("state transitions", *(str(count.transitions) for count in counts))
    table.add_row("Lambda invocations", *(str(count.invocations) for count in counts))
    for name in services:
        table.add_row(f"calls to {name}", *(str(count.calls.get(name, 0)) for count in counts))
    table.add_row("DynamoDB read units", *(f"{count.read_units:.1f}" for count in counts))
    table.add_row("DynamoDB write units", *(f"{count.write_units:.1f}" for count in counts))
    table.add_row("metrics asked for", *(str(count.metrics) for count in counts))
    table.add_row("price, US cents", *(f"{count.price * 100:.3f}" for count in counts))
    console.print(table)
    console.print(
        f"Prices at {prices.BILLED_SECONDS} s billed for each invocation; idle stack: ${idle:.2f} a month."
    )
    console.print(
        f"{burst['pushes']} pushes at once: {burst['releases']} releases, {burst['lost']} lost, "
        f"{burst['twice']} twice, {burst['in_production']} in production, {burst['wall_seconds']} s."
    )


if __name__ == "__main__":
    sys.exit(main())
