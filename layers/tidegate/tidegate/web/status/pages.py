"""Render the status pages: every value is escaped, and a page is sent with headers that keep it to itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tidegate.web import pages
from tidegate.web.status.request import Answer
from tidegate.web.status.wording import ago, kind_words, outcome_words
from tidegate.web.view import duration, moment, short

_FOLDER = Path(__file__).parent / "templates"
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A picture may have style attributes, and loads and runs nothing whatever is written into it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page.

    Attributes:
        root: The relative address of the API's root.
        visitor: Who is signed in; None on the pages before that.
        until: When the session ends.
        here: Which entry of the menu is open.
    """

    root: str
    now: datetime
    visitor: str | None = None
    until: datetime | None = None
    here: str = ""


def page(
    template: str, frame: Frame, *, status: int = 200, cookies: tuple[str, ...] = (), **context: Any
) -> Answer:
    """One page of HTML."""
    body = _templates().get_template(f"{template}.html.j2").render(frame=frame, **context)
    return Answer(status, body, {**headers(), "Content-Type": pages.HTML}, cookies)


def document(body: str, kind: str, more: Mapping[str, str] | None = None) -> Answer:
    """Something that is no page: a picture or an export."""
    return Answer(200, body, {**headers(), "Content-Type": kind, **(more or {})})


def picture(body: str) -> Answer:
    """A picture, which may not do anything even when it is opened by itself."""
    return document(body, "image/svg+xml; charset=utf-8", {"Content-Security-Policy": SVG_POLICY})


def redirect(address: str, cookies: tuple[str, ...] = ()) -> Answer:
    """Send the browser on, to a relative address, with GET."""
    return Answer(303, "", {**headers(), "Location": address}, cookies)


@cache
def headers() -> dict[str, str]:
    """What everything is sent with."""
    return pages.headers_for(_style())


@cache
def _style() -> str:
    shared = (Path(pages.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    return shared + (_FOLDER / "status.css").read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=pages.shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own files, of which the CSP has the hash.
    environment.globals["style"] = Markup(_style())  # noqa: S704  # nosec B704
    environment.filters |= {
        "moment": moment,
        "short": short,
        "duration": duration,
        "ago": ago,
        "kind": kind_words,
        "outcome": outcome_words,
    }
    return environment
