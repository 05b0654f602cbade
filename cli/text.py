"""Values as people read them on a terminal, safe whatever stands in the ledger."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

NOTHING = "-"
"""Stands where there is no value."""
DIGEST = 19
"""Characters of a digest that people are shown: ``sha256:`` and twelve digits."""

_DURATION = re.compile(r"(?P<number>\d{1,7})(?P<unit>[smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def shown(text: object) -> str:
    r"""A text for one line of a terminal: what is no printable character is written as `\x1b`.

    Tags, comments and reasons are written by anybody; an escape sequence among them must not move the cursor,
    change a title or turn the direction of writing.
    """
    return "".join(_escaped(character) for character in str(text))


def shown_lines(text: object) -> list[str]:
    """The lines of a text that may have several, each as `shown`."""
    return [shown(line) for line in str(text).split("\n")]


def _escaped(character: str) -> str:
    # Not printable: control and format characters, surrogates, line separators, what is unassigned.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    code = ord(character)
    if character in "\t\n\r":
        return {"\t": "\\t", "\n": "\\n", "\r": "\\r"}[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def moment(at: datetime | None) -> str:
    """A time: `2026-11-23 12:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at else NOTHING


def clock_time(at: datetime) -> str:
    """The time of day in UTC, to the second."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def shortest(image: str) -> str:
    """The first digits of the digest of a pinned image reference."""
    return shown(image.rpartition("sha256:")[2][:12])


def words(name: object) -> str:
    """A word of the ledger as people write it: `rolled back`."""
    return shown(name).replace("_", " ")


def duration(seconds: float) -> str:
    """A duration in its two largest units: `2 h 5 min`."""
    rest = max(0, round(seconds))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def seconds_of(text: str) -> int | None:
    """The seconds of a duration such as `90`, `90s`, `30m`, `2h` or `1d`; None when it is none."""
    match = _DURATION.fullmatch(text.strip())
    return int(match["number"]) * _SECONDS[match["unit"]] if match else None
