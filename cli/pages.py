"""A very small browser for the approval page: it reads the page as text and sends its form."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPException
from typing import Any, Protocol

from cli.exits import Exit, Stop, usage

TIMEOUT_SECONDS = 30
LARGEST_PAGE = 4 * 1024 * 1024
MOST_REDIRECTS = 3
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Form:
    """A form that is sent by POST: where to (relative to its page), and its hidden fields."""

    action: str
    hidden: dict[str, str]


@dataclass(frozen=True)
class Line:
    """One line of a page: a heading, paragraph, row or entry. ``depth`` counts the lists around it."""

    text: str
    heading: bool = False
    depth: int = 0


@dataclass(frozen=True)
class Page:
    """What a page says.

    Attributes:
        title: Its heading.
        lines: Its text.
        form: The form, if it has one.
    """

    status: int
    title: str
    lines: tuple[Line, ...] = ()
    form: Form | None = None


class Browser(Protocol):
    """What opens pages."""

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        """GET a page, or POST a form to it, and follow where it leads on the same host."""


class UrllibBrowser(Browser):
    """It needs nothing but the standard library, keeps no cookies and runs no scripts."""

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        """See `Browser`.

        Raises:
            Stop: nobody answers there, or it leads to another host.
        """
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        for _ in range(MOST_REDIRECTS + 1):
            status, location, text = _answer(url, body)
            if status not in (301, 302, 303, 307, 308) or not location:
                return read_page(status, text)
            onward = urllib.parse.urljoin(url, location)
            if urllib.parse.urlsplit(onward)[:2] != urllib.parse.urlsplit(url)[:2]:
                raise Stop(Exit.REFUSED_BY_AWS, "link: the page leads to another host; it is not followed.")
            url, body = onward, None
        raise Stop(Exit.REFUSED_BY_AWS, "link: the page leads from one address to the next without an end.")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand: a decision is never sent to a second address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none."""


_OPENER = urllib.request.build_opener(_NoRedirects)


def _answer(url: str, body: bytes | None) -> tuple[int, str | None, str]:
    request = urllib.request.Request(url, data=body, headers={"accept": "text/html"})  # noqa: S310 - checked
    try:
        with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return answer.status, answer.headers.get("location"), _text(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("location"), _text(error)
    except (OSError, HTTPException, ValueError) as error:
        host = urllib.parse.urlsplit(url).netloc
        why = getattr(error, "reason", None) or error
        raise Stop(Exit.TRY_AGAIN, f"link: {host} does not answer; try again. {why}") from None


def _text(answer: Any) -> str:
    content: bytes = answer.read(LARGEST_PAGE)
    return content.decode("utf-8", errors="replace")


def address_of(link: str, web_address: str | None) -> str:
    """The address of a link, given whole or by its id alone.

    Raises:
        Stop: it is no link to a page, or the id alone does not suffice.
    """
    if re.fullmatch(r"[A-Za-z0-9_-]{20,200}", link):
        if web_address is None:
            raise usage("link: the stack has no address for pages; give the whole link.")
        return f"{web_address.rstrip('/')}/approve/{link}"
    try:
        parts = urllib.parse.urlsplit(link)
        host = parts.hostname
    except ValueError:
        raise usage("link: this is no link; copy it from the mail.") from None
    if parts.scheme not in ("http", "https") or not host or "/approve/" not in parts.path:
        raise usage("link: this is no link to an approval; copy it from the mail.")
    if parts.scheme == "http" and host not in _HERE:
        raise usage("link: it is not encrypted; an approval is sent by https only.")
    return link


def read_page(status: int, html: str) -> Page:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_line()
    return Page(status, " ".join(reader.title.split()), tuple(reader.lines), reader.form)


_BLOCKS = frozenset(
    {"address", "article", "dd", "div", "dl", "dt", "figcaption", "h1", "h2", "h3", "h4", "li", "main", "ol"}
    | {"p", "section", "summary", "table", "tbody", "thead", "tr", "ul"}
)
_CELLS = frozenset({"td", "th"})
_LISTS = frozenset({"ol", "ul"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_SILENT = frozenset({"button", "head", "label", "nav", "script", "style", "svg", "textarea", "title"})


@dataclass
class _Reader(HTMLParser):
    """The text of a page line by line, without what is only for filling the form in."""

    lines: list[Line] = field(default_factory=list)
    title: str = ""
    form: Form | None = None
    _line: list[str] = field(default_factory=list)
    _silent: list[str] = field(default_factory=list)
    _heading: str = ""
    _depth: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or a form."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "get").lower() == "post" and self.form is None:
            self.form = Form(given.get("action", ""), {})
        if tag == "input" and given.get("type") == "hidden" and self.form is not None:
            self.form.hidden[given.get("name", "")] = given.get("value", "")
        if tag in _SILENT or "hint" in given.get("class", "").split():
            self._silent.append(tag)
        if tag in _CELLS and "".join(self._line).strip():
            self._line.append(" | ")
        elif tag == "br":
            self._line.append(" ")
        elif tag == "dd":
            self._line.append(": ")
        elif tag in _BLOCKS:
            self.end_line()
        self._depth += tag in _LISTS
        self._heading = tag if tag in _HEADINGS else self._heading

    def handle_endtag(self, tag: str) -> None:
        """End a line."""
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        if tag in _BLOCKS and tag != "dt":
            self.end_line()
        self._depth -= tag in _LISTS
        if tag == self._heading:
            self._heading = ""

    def handle_data(self, data: str) -> None:
        """Take text in."""
        if self._silent:
            return
        self._line.append(data)
        if self._heading == "h1":
            self.title += data

    def end_line(self) -> None:
        """Keep the line that was begun, if there is anything in it."""
        text = " ".join("".join(self._line).split()).replace(" : ", ": ").replace(" ,", ",")
        self._line.clear()
        if text.strip(" |:"):
            self.lines.append(Line(text, heading=bool(self._heading), depth=self._depth))
