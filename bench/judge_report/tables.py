"""Tables of the benchmark, as Markdown."""

import math
from collections.abc import Sequence
from typing import Any

from .requirements import HIGHEST_FALSE, Requirement

SET_TITLES = {
    "reference": "reference families (everybody who tuned the method looked at them)",
    "study": "families of the calibration study (some of them looked at while tuning)",
    "held_out": "held-out families (declared first, used for no choice)",
    "mismatch": "deployments noisier than the history that calibrated them",
    "mismatch_held_out": "the same, held out from the choice of the live comparison's constants",
}


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _percent(found: dict[str, float]) -> str:
    text = f"{100 * found['share']:.2f} ({100 * found['upper_limit']:.2f})"
    return f"**{text}**" if found["share"] > HIGHEST_FALSE else text


def harmless(results: dict[str, Any]) -> str:
    """Return false roll-backs in per cent with their upper 95 % limits, one table for each set."""
    parts = []
    for name, title in SET_TITLES.items():
        cells = [cell for cell in results["harmless"] if cell["set"] == name]
        if not cells:
            continue
        methods = list(dict.fromkeys(method for cell in cells for method in cell["methods"]))
        rows = [
            [cell["family"], f"{cell['rate']:g}"]
            + [_percent(cell["methods"][m]) if m in cell["methods"] else "" for m in methods]
            for cell in cells
        ]
        parts.append(f"### False roll-backs, %: {title}\n\n" + table(["family", "req/s", *methods], rows))
    return "\n\n".join(parts)


def _detection(found: dict[str, float], least: float) -> str:
    minutes = [f"{x:.0f}" if math.isfinite(x) else "-" for x in (found["median"], found["p95"])]
    ratio = f" ({found['bad_requests'] / least:.1f}x)" if math.isfinite(least) and least > 0 else ""
    return f"{found['share']:.3f}/{minutes[0]}/{minutes[1]}/{found['bad_requests']:.1f}{ratio}"


def _bound(found: dict[str, float]) -> str:
    return f"{found['minutes']:.2f}; {found['whole_minutes']:.0f}; {found['bad_requests']:.0f}"


def harmful(results: dict[str, Any], part: str = "harmful") -> str:
    """Return detection: share / median / p95 minutes / bad requests (times those at the bound)."""
    parts = []
    cells = [cell for cell in results[part] if cell["canary_rate"] > 0.001]
    for family in dict.fromkeys(cell["family"] for cell in cells):
        chosen = [cell for cell in cells if cell["family"] == family]
        methods = list(chosen[0]["methods"])
        rows = [
            [
                f"{cell['rate']:g}",
                f"{100 * cell['canary_rate']:g} %",
                _bound(cell["bound"]),
                *(_detection(cell["methods"][m], cell["bound"]["bad_requests"]) for m in methods),
            ]
            for cell in chosen
        ]
        header = ["req/s", "canary errors", "bound (min; whole; bad)", *methods]
        parts.append(f"### Detection: {family}\n\n" + table(header, rows))
    return "\n\n".join(parts)


def live(results: dict[str, Any]) -> str:
    """Return what comparing the stable groups live changes: false roll-backs first, then detection."""
    cells = [cell for cell in results["live"] if cell["canary_rate"] <= 0.001]
    methods = list(cells[0]["methods"])
    rows = [
        [cell["family"], f"{cell['rate']:g}", *(_percent(cell["methods"][m]) for m in methods)]
        for cell in cells
    ]
    return (
        "### Stable groups compared live: false roll-backs, %\n\n"
        + table(["history -> deployment", "req/s", *methods], rows)
        + "\n\n"
        + harmful(results, "live").replace("### Detection", "### Stable groups compared live: detection")
    )


def endings(results: dict[str, Any]) -> str:
    """Return how deployments end that the certificate may shorten."""
    keys = ("completed", "returned", "held")
    rows = [
        [cell["family"], cell["profile"], f"{cell['rate']:g}", f"{100 * cell['canary_rate']:g} %"]
        + [f"{100 * cell[key]:.2f} %" for key in keys]
        + [f"{cell[key]:.0f}" if math.isfinite(cell[key]) else "-" for key in ("median", "p95")]
        for cell in results["endings"]
    ]
    header = ["family", "profile", "req/s", "canary errors", *keys, "median min", "p95 min"]
    return "### Ends of deployments that the certificate may shorten\n\n" + table(header, rows)


def peers(results: dict[str, Any]) -> str:
    """Return bad requests of each peer divided by ours, beside the peer's own false roll-backs."""
    nulls = {
        cell["rate"]: cell["methods"]
        for cell in results["harmless"]
        if cell["set"] == "reference" and cell["family"] == "independent errors"
    }
    cells = [cell for cell in results["harmful"] if cell["family"] == "independent errors"]
    rows = []
    for cell in cells:
        ours = cell["methods"]["calibrated"]["bad_requests"]
        row = [f"{cell['rate']:g}", f"{100 * cell['canary_rate']:g} %", f"{ours:.1f}"]
        for method, found in cell["methods"].items():
            if method not in {"calibrated", "guarded", "robust", "fast"}:
                false = nulls[cell["rate"]][method]["share"]
                text = f"{found['bad_requests'] / ours:.1f}x"
                row.append(text if false <= HIGHEST_FALSE else f"({text}; {100 * false:.0f} % false)")
        rows.append(row)
    names = [m for m in cells[0]["methods"] if m not in {"calibrated", "guarded", "robust", "fast"}]
    title = (
        "### Bad requests of each peer / ours (in brackets: the peer returns more than 1 % harmless canaries)"
    )
    return f"{title}\n\n" + table(["req/s", "canary errors", "ours", *names], rows)


def required(found: list[Requirement]) -> str:
    """Return the requirements, the missed ones first."""
    rows = [
        [
            "met" if one.met else "**MISSED**",
            one.name,
            f"{one.measured:.4f}" if one.limit < 0.1 else f"{one.measured:.2f}",
            f"{'>=' if one.least else '<='} {one.limit:g}",
            one.note,
        ]
        for one in sorted(found, key=lambda one: one.met)
    ]
    missed = sum(not one.met for one in found)
    title = f"### Requirements: {len(found) - missed} met, {missed} missed"
    return f"{title}\n\n" + table(["", "requirement", "measured", "limit", "note"], rows)
