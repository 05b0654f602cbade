"""`releases` and `show`: what became of releases."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.commands.options import Service
from cli.exits import Exit
from cli.output import Output, line, style_of
from cli.records import (
    Record,
    images_in_words,
    read_record,
    release_named,
    service_named,
    state_in_words,
)
from cli.session import STACK, AsJson, StackName, session_of
from cli.text import NOTHING, moment, words
from cli.timeline import happening
from tidegate.domain.plain import to_plain
from tidegate.domain.release import Release

ReleaseArgument = Annotated[
    str, typer.Argument(metavar="RELEASE", help="Id of a release, or a service's name for its newest one.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(releases)
    app.command()(show)


def releases(
    context: typer.Context,
    service: Service,
    *,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 20,
    before: Annotated[str | None, typer.Option(metavar="RELEASE", help="Only those before this one.")] = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """List the releases of a service, newest first."""
    session = session_of(context, stack, as_json=as_json)
    ports = session.tidegate.ports
    service_named(ports, service)
    if before is not None:
        release_named(ports, before)
    found = ports.releases.newest(service, limit, before=before)
    if not found:
        session.out.say(f"{service} has had no release yet.")
    headings = ("release", "images", "state", "by", "began (UTC)", "environments")
    session.out.rows(headings, [_release_row(each) for each in found])
    more = len(found) == limit
    if more:
        session.out.say(f"older ones: tidegate releases {service} --before {found[-1].id}")
    session.out.document({"releases": to_plain(found), "more": more})
    return Exit.SUCCEEDED


def _release_row(release: Release) -> list[object]:
    state = state_in_words(release)
    by = f"{release.trigger}{f' ({release.requested_by})' if release.requested_by else ''}"
    return [
        release.id,
        images_in_words(release),
        line((words(state), style_of(state))),
        by,
        moment(release.created_at).removesuffix(" UTC"),
        ", ".join(release.touched) or NOTHING,
    ]


def show(
    context: typer.Context,
    release: ReleaseArgument,
    *,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Show one release and all that happened to it."""
    session = session_of(context, stack, as_json=as_json)
    record = read_record(session.tidegate.ports, release_named(session.tidegate.ports, release))
    show_record(session.out, record)
    session.out.document(record.document())
    return Exit.SUCCEEDED


def show_record(out: Output, record: Record) -> None:
    """Print a release for people."""
    _show_facts(out, record.release)
    _show_deployments(out, record)
    for approval in record.pending:
        asked = ", ".join(approval.asked) or "nobody"
        until = moment(approval.expires_at)
        out.say()
        out.say(("waits for approval: ", "yellow"), f"{approval.environment}, by {asked}, until {until}")
    if record.timeline:
        out.say()
        out.say(("Timeline", "bold"), " (UTC)")
    for entry in record.timeline:
        each = happening(entry)
        at, where = f"{each.at:%m-%d %H:%M:%S}  ", f"{each.where}  " if each.where else ""
        out.say((at, "dim"), (where, "bold"), (each.what, style_of(each.outcome)), indent=2)


def _show_facts(out: Output, release: Release) -> None:
    state = state_in_words(release)
    out.say((release.id, "bold"), "  ", (words(state), style_of(state)))
    for reason in (release.outcome_reason, release.stop_reason if not release.ended else None):
        if reason:
            out.paragraph(reason, indent=2)
    facts = {
        "service": f"{release.service}, manifest revision {release.revision}",
        "began": f"{moment(release.created_at)}, by {release.trigger}",
        "requested by": release.requested_by,
        "reason": release.reason,
        "attempt": release.attempt if release.attempt > 1 else None,
        "execution": release.execution,
    }
    for name, fact in facts.items():
        if fact is not None:
            out.say((f"{name}: ", "dim"), fact, indent=2)
    for container, image in sorted(release.images.items()):
        tag = f":{image.tag}" if image.tag else ""
        out.say((f"image of {container}: ", "dim"), f"{image.repository}{tag}@{image.digest}", indent=2)


def _show_deployments(out: Output, record: Record) -> None:
    if not record.deployments:
        return
    out.say()
    out.say(("Deployments", "bold"))
    for each in record.deployments:
        outcome = "revoked" if each.revoked else each.outcome.value if each.outcome else "running"
        by = f", approved by {each.approved_by}" if each.approved_by else ""
        style = "yellow" if each.revoked else style_of(outcome)
        before = (each.from_task_definition or "nothing").rpartition("/")[2]
        out.say((each.environment, "bold"), "  ", (words(outcome), style), f", {each.strategy}{by}", indent=2)
        out.say(f"{before} → {each.task_definition.rpartition('/')[2]}", indent=4)
        if each.revoked or (each.outcome and each.outcome.value != "succeeded"):
            out.paragraph(each.revoked or each.reason or "", indent=4)
        for check in each.checks:
            figures = words(check.get("status", ""))
            out.say(f"{check.get('name')}: {figures}. {check.get('reason', '')}", indent=4)
