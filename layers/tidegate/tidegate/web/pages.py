"""Render pages: templates, the style and the headers that keep a page to itself."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tidegate.domain.visible import visible
from tidegate.web.forms import BREAK_GLASS, LONGEST_COMMENT, Form
from tidegate.web.view import ApprovalView, Message, duration, moment, short

HTML = "text/html; charset=utf-8"
_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the status that it is answered with."""

    status: int
    body: str


def approval_page(
    view: ApprovalView, nonce: str, *, form: Form | None = None, mistake: str | None = None
) -> Page:
    """The page that asks for a decision; with a ``form`` that has a ``mistake`` it asks again."""
    body = (
        _templates()
        .get_template("approval.html.j2")
        .render(
            view=view,
            nonce=nonce,
            form=form,
            mistake=mistake,
            longest_comment=LONGEST_COMMENT,
            break_glass=BREAK_GLASS,
        )
    )
    return Page(422 if mistake else 200, body)


def message_page(message: Message) -> Page:
    """A page without a form."""
    return Page(message.status, _templates().get_template("message.html.j2").render(message=message))


@cache
def headers() -> dict[str, str]:
    """What every approval page is sent with."""
    return headers_for(_style())


@cache
def headers_for(style: str, *sources: str) -> dict[str, str]:
    """What a page is sent with: only its own style is loaded, and nobody frames or keeps it.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy

    Args:
        style: The style that stands in the page.
        sources: What the page may load besides, as directives such as ``img-src 'self'``.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        *sources,
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex, nofollow",
        "Strict-Transport-Security": "max-age=63072000",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


def shown(value: object) -> object:
    """A value as a page shows it: with nothing unseen in a text that came from outside."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _style() -> str:
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    """Everything that is written into a page is escaped; only our own style is not."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Our own file, of which the CSP has the hash.
    environment.globals["style"] = Markup(_style())  # noqa: S704  # nosec B704
    environment.filters |= {"moment": moment, "short": short, "duration": duration}
    return environment
