"""`validate`, `plan` and `register`: from a manifest in a file to a registered service."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.difference import EnvironmentPlan, Plan, image_words, plan_of
from cli.exits import Exit, usage
from cli.output import Output
from cli.requests import Timeout, ask, printed
from cli.session import STACK, AsJson, RequestedBy, StackName, session_of
from cli.text import words
from tidegate.contracts.inputs import RegisterServiceInput
from tidegate.contracts.manifest import Manifest, parse
from tidegate.domain.diff import Change
from tidegate.domain.plain import to_plain

ManifestFile = Annotated[
    str, typer.Argument(metavar="MANIFEST", help="The manifest's JSON file; - for standard input.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(validate)
    app.command()(plan)
    app.command()(register)


def validate(
    context: typer.Context, manifest: ManifestFile, *, stack: StackName = STACK, as_json: AsJson = False
) -> int:
    """Check a manifest by itself, without AWS.

    Every mistake is one sentence that names the field.
    """
    out = session_of(context, stack, as_json=as_json).out
    service = _parsed(_read(manifest)).to_domain()
    places = [environment.name for environment in service.environments]
    out.say(("valid", "green"), f": {service.name}, from {', '.join(service.repositories)}")
    out.say("environments: ", " → ".join(places), indent=2)
    out.document({"valid": True, "service": service.name, "environments": places})
    return Exit.SUCCEEDED


def plan(
    context: typer.Context, manifest: ManifestFile, *, stack: StackName = STACK, as_json: AsJson = False
) -> int:
    """Show what registering a manifest would change.

    It is compared with the registered revision and with what runs. Nothing is changed.
    """
    session = session_of(context, stack, as_json=as_json)
    made = plan_of(session.tidegate.ports, _parsed(_read(manifest)).to_domain())
    _show(session.out, made)
    problems = made.every_problem
    session.out.document({**_plain(made), "would_be_refused": bool(problems)})
    return Exit.REJECTED if problems else Exit.SUCCEEDED


def register(
    context: typer.Context,
    manifest: ManifestFile,
    *,
    reason: Annotated[str | None, typer.Option(help="Why, in one line.")] = None,
    requested_by: RequestedBy = None,
    timeout: Timeout = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Register a service, or its manifest's next revision."""
    session = session_of(context, stack, as_json=as_json)
    document = _read(manifest)
    name = _parsed(document).name
    given = {"manifest": document, "reason": reason, "requested_by": session.requester(requested_by)}
    ending = ask(session, "register_service", f"register-{name}", RegisterServiceInput, given, timeout)
    return printed(session, ending)


def _read(path: str) -> Any:
    """The JSON of a manifest."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise usage(f"manifest: {path} cannot be read: {why}.") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        at = f"line {error.lineno}, column {error.colno}: " if isinstance(error, json.JSONDecodeError) else ""
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise usage(f"manifest: {path} is no JSON: {at}{why}.") from None


def _parsed(document: object) -> Manifest:
    return parse(document)


# --- showing a plan -----------------------------------------------------------------------------------------


def _show(out: Output, made: Plan) -> None:
    name = made.service
    if made.revision is None:
        out.say((name, "bold"), " is not registered yet; this manifest would be revision 1.")
    elif not made.changes:
        out.say((name, "bold"), f": the manifest is that of revision {made.revision}; nothing would change.")
    else:
        next_one = f"this manifest would be revision {made.revision + 1}."
        out.say((name, "bold"), f": revision {made.revision} is registered; {next_one}")
        out.say()
        out.say(("Manifest", "bold"), f", compared with revision {made.revision}")
        _show_changes(out, _joined(made), indent=2)
    out.say()
    out.say(("Environments", "bold"), ", compared with what runs")
    for place in made.environments:
        _show_environment(out, place)
    if made.every_problem:
        out.say()
        out.say(("Registering would be refused", "bold red"))
        for problem in made.every_problem:
            out.say(problem, indent=2)


def _show_environment(out: Output, place: EnvironmentPlan) -> None:
    strategy = place.strategy
    if place.strategy_before not in (None, place.strategy):
        strategy = f"{place.strategy_before} → {place.strategy}"
    strategy += f" ({place.steps})" if place.steps else ""
    production = " (production)" if place.production else ""
    out.say((place.name, "bold"), f"{production}: strategy {words(strategy)}", indent=2)
    if place.approvers:
        out.say(f"asks for approval: {', '.join(place.approvers)}", indent=4)
    if place.task_definition is None:
        out.say("nothing runs there yet", indent=4)
    else:
        runs = place.task_definition.rpartition("/")[2]
        out.say(f"runs {runs}, {place.running} of {place.desired} tasks", indent=4)
        for container, image in sorted(place.images.items()):
            out.say(f"{container}: {image_words(image)}", indent=4)
        if place.changes:
            out.say("the next release would change besides its images:", indent=4)
            _show_changes(out, place.changes, indent=6)
        else:
            out.say("the next release would change its images alone", indent=4)
    if place.calibration:
        out.say(f"judge: {place.calibration}", indent=4)


def _joined(made: Plan) -> list[Change]:
    """The changes of the manifest; an environment that is new or gone is one line."""
    new = {place.name for place in made.environments if place.strategy_before is None}
    kept = {place.name for place in made.environments} - new
    told: set[str] = set()
    joined = []
    for change in made.changes:
        name = change.path.split(".")[1] if change.path.startswith("environments.") else None
        if name is None or name in kept:
            joined.append(change)
        elif name not in told:
            told.add(name)
            is_new = name in new
            joined.append(
                Change(f"environments.{name}", None if is_new else "it is there", "new" if is_new else None)
            )
    return joined


def _show_changes(out: Output, changes: Iterable[Change], indent: int) -> None:
    for change in changes:
        if change.before is None:
            out.say(("+ ", "green"), change.path, ": ", (change.after, "green"), indent=indent)
        elif change.after is None:
            out.say(("- ", "red"), change.path, ": ", (change.before, "red"), indent=indent)
        else:
            sides = (change.before, "red"), " → ", (change.after, "green")
            out.say(("~ ", "yellow"), change.path, ": ", *sides, indent=indent)


def _plain(made: Plan) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(made)
    return plain
