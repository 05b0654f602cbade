"""`status`: what stands where, for one service or for all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cli.exits import Exit
from cli.output import line
from cli.records import Standing, images_in_words, service_named, standing_of, tags_of
from cli.session import STACK, AsJson, Session, StackName, session_of
from cli.text import NOTHING, moment, shortest
from tidegate.domain.approval import Approval
from tidegate.domain.plain import to_plain
from tidegate.domain.release import Release
from tidegate.ports import Ports

MOST_SERVICES = 50
_AT_ONCE = 8


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(status)


@dataclass(frozen=True, slots=True)
class _Overview:
    """How things stand with a service."""

    name: str
    revision: int
    environments: tuple[Standing, ...]
    newest: tuple[Release, ...]
    pending: tuple[Approval, ...]

    def document(self) -> dict[str, Any]:
        newest = self.newest[0] if self.newest else None
        return {
            "service": self.name,
            "revision": self.revision,
            "environments": to_plain(self.environments),
            "newest_release": to_plain(newest),
            "pending_approvals": to_plain(self.pending),
        }


def status(
    context: typer.Context,
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="One service, looked at closely; else all.")
    ] = None,
    *,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Show what runs where, what waits and what is frozen."""
    session = session_of(context, stack, as_json=as_json)
    ports = session.tidegate.ports
    if service is not None:
        service_named(ports, service)
    names = (service,) if service is not None else ports.catalogue.names()
    overviews = _overviews(ports, names[:MOST_SERVICES], closely=service is not None)
    out = session.out
    if not names:
        out.say("No service is registered yet; `tidegate register` does that.")
    for overview in overviews:
        _show_overview(session, overview)
    left_out = len(names) - len(names[:MOST_SERVICES])
    if left_out:
        out.say(f"… and {left_out} more services; name one to see it.")
    out.document({"services": [each.document() for each in overviews], "left_out": left_out})
    return Exit.SUCCEEDED


def _overviews(ports: Ports, names: Sequence[str], *, closely: bool) -> list[_Overview]:
    """Several services at once: most of the time is spent waiting for DynamoDB."""
    for prepared in ("catalogue", "deployments", "freezes", "locks", "releases", "approvals"):
        getattr(ports, prepared)  # Ports are made when first used; not in several threads at once.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda name: _overview(ports, name, closely=closely), names))


def _overview(ports: Ports, name: str, *, closely: bool) -> _Overview:
    revision, service = service_named(ports, name)
    newest = ports.releases.newest(name, 5)
    return _Overview(
        name,
        revision,
        tuple(standing_of(ports, service, place, closely=closely) for place in service.environments),
        newest,
        tuple(
            approval
            for release in newest
            if not release.ended
            for approval in ports.approvals.pending_of(release.id)
        ),
    )


def _show_overview(session: Session, overview: _Overview) -> None:
    out = session.out
    out.say((overview.name, "bold"), f"  revision {overview.revision}")
    headings = ("environment", "runs", "digest", "since (UTC)", "approved by", "state")
    out.rows(
        headings, [_standing_row(session, each, overview.newest) for each in overview.environments], indent=2
    )
    for release in overview.newest:
        if not release.ended:
            out.say("under way: ", release.id, f", {images_in_words(release)}", indent=2)
    for approval in overview.pending:
        asked = ", ".join(approval.asked) or "nobody"
        until = moment(approval.expires_at)
        out.say(("waits: ", "yellow"), f"{approval.environment} for {asked}, until {until}", indent=2)
    for each in overview.environments:
        if each.frozen is not None:
            out.say(("frozen: ", "yellow"), f"{each.environment}: {each.frozen}", indent=2)
        if each.drift is not None:
            out.say(("drift: ", "red"), f"{each.environment}: {each.drift}", indent=2)
    out.say()


def _standing_row(session: Session, each: Standing, releases: Sequence[Release]) -> list[object]:
    production = "*" if each.production else ""
    if each.runs is None:
        return [f"{each.environment}{production}", NOTHING, NOTHING, NOTHING, NOTHING, _state(each)]
    known = list(releases)
    if all(release.id != each.runs.release for release in known):
        found = session.tidegate.ports.releases.get(each.runs.release)
        known += [found] if found else []
    digests = ", ".join(shortest(image) for _, image in sorted(each.runs.images.items()))
    since = moment(each.runs.ended_at or each.runs.opened_at).removesuffix(" UTC")
    return [
        f"{each.environment}{production}",
        tags_of(each.runs, known),
        digests,
        since,
        each.runs.approved_by or NOTHING,
        _state(each),
    ]


def _state(each: Standing) -> object:
    parts: list[object] = []
    if each.running is not None:
        parts.append(f"{each.running} of {each.desired} tasks")
    if each.deploying is not None:
        parts.append((f"deploying {each.deploying.release}", "cyan"))
    if each.frozen is not None:
        parts.append(("frozen", "yellow"))
    if each.drift is not None:
        parts.append(("drift", "red"))
    joined: list[object] = []
    for part in parts:
        joined += [", ", part] if joined else [part]
    return line(*joined) if joined else NOTHING
