"""The entries of the journal as lines that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.text import moment, words

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a timeline.

    Attributes:
        key: Names the entry, so that none is shown twice.
        where: The environment it is about, or the empty string.
        what: What happened, in a line.
        outcome: A word that gives the line its colour, or the empty string.
    """

    key: str
    at: datetime
    where: str
    what: str
    outcome: str = ""


def happening(line: Entry) -> Happening:
    """One entry of the journal as a line. A kind that this version does not know is shown by its name."""
    kind, entry = str(line["kind"]), line.get("entry") or {}
    subject, _, verb = kind.partition(".")
    tell = _TELL.get(kind) or _TELL.get(subject) or _anything
    what = tell(verb or subject, entry)
    reason = entry.get("reason")
    text = f"{what}: {reason}" if reason and kind not in _WITHOUT_REASON else what
    return Happening(
        key=f"{line['at']}/{line['key']}",
        at=datetime.fromisoformat(str(line["at"])),
        where=str(entry.get("environment") or ""),
        what=text,
        outcome=_colour(verb, entry),
    )


def _colour(verb: str, entry: Entry) -> str:
    """The word that colours the line: what an operator's action came to, or what became of the subject."""
    if "action" in entry:
        return str(entry.get("outcome", ""))
    return {"passed": "succeeded", "blocked": "rejected"}.get(verb, verb)


def _created(_: str, entry: Entry) -> str:
    images = ", ".join(str(image) for image in (entry.get("images") or {}).values())
    by = f" by {entry['requested_by']}" if entry.get("requested_by") else ""
    return f"created ({words(entry.get('trigger', 'unknown'))}{by}) from {_short(images) or 'nothing'}"


def _started(_: str, entry: Entry) -> str:
    attempt = entry.get("attempt", 1)
    again = f"attempt {attempt} " if attempt != 1 else ""
    return f"{again}started: {' → '.join(map(str, entry.get('environments') or []))}"


def _scan(verb: str, entry: Entry) -> str:
    return f"scan {verb}: {entry.get('reason', '')}"


def _requested(_: str, entry: Entry) -> str:
    asked = ", ".join(map(str, entry.get("asked") or [])) or "nobody"
    until = entry.get("expires_at")
    expires = f", until {moment(datetime.fromisoformat(str(until)))}" if until else ""
    return f"approval asked of {asked}{expires}"


def _decided(verb: str, entry: Entry) -> str:
    by = f" by {entry['by']}" if entry.get("by") else ""
    comment = f": {entry['comment']}" if entry.get("comment") else ""
    return f"approval {words(verb)}{by}{comment}"


def _progress(_: str, entry: Entry) -> str:
    failed = f", {entry['failed']} failed" if entry.get("failed") else ""
    counts = f"{entry.get('running', 0)} of {entry.get('requested', 0)} tasks run{failed}"
    return f"{counts} ({words(str(entry.get('status', '')).lower())})"


def _deployment(verb: str, entry: Entry) -> str:
    checks = entry.get("checks") or []
    passed = sum(1 for each in checks if each.get("status") == "passed")
    others = [f"{each.get('name')} {words(each.get('status', ''))}" for each in checks]
    failed = [each for each in others if not each.endswith(" passed")]
    figures = [f"{passed} checks passed"] if passed else []
    return ", ".join([f"deployment {words(verb)}", *figures, *failed])


def _operator(verb: str, entry: Entry) -> str:
    by = entry.get("requested_by") or "an operator"
    digest = f" {_short(str(entry['digest']))}" if entry.get("digest") else ""
    return f"{words(verb)}{digest} asked for by {by}, {words(entry.get('outcome', 'unknown'))}"


def _anything(verb: str, entry: Entry) -> str:
    del entry
    return words(verb)


def _release(verb: str, _: Entry) -> str:
    return f"release {words(verb)}"


def _rollback(verb: str, entry: Entry) -> str:
    by = f" by {entry['requested_by']}" if entry.get("requested_by") else ""
    return f"rollback {words(verb)}{by}"


def _short(text: str) -> str:
    """A text in which whole digests are cut to what one can tell apart."""
    head, mark, digest = text.partition("sha256:")
    return f"{head}{mark}{digest[:12]}{_short(digest[64:])}" if mark else text


_TELL: dict[str, Callable[[str, Entry], str]] = {
    "release.created": _created,
    "release.started": _started,
    "release": _release,
    "scan": _scan,
    "scan.passed": _scan,
    "scan.blocked": _scan,
    "approval.requested": _requested,
    "approval": _decided,
    "deployment.progress": _progress,
    "deployment": _deployment,
    "operator": _operator,
    "rollback": _rollback,
}
_WITHOUT_REASON = frozenset({"scan.passed", "scan.blocked", "deployment.succeeded"})
"""Kinds whose line has the reason in it, or whose reason says nothing more."""
