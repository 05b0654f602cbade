"""An approver: opens the mail, follows the link, reads the page, submits its form."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from local.sample.place import Place

LINK = re.compile(r"https?://\S+/approve/[A-Za-z0-9_-]+")
"""An approval link in a mail."""


@dataclass(frozen=True)
class Decision:
    """What became of a submitted form: the HTTP status and the text of the page that answered."""

    status: int
    page: str


class Approver:
    """One person with a mailbox.

    Args:
        place: The local cloud.
        address: The person's address.
    """

    def __init__(self, place: Place, address: str) -> None:
        self._place = place
        self._address = address
        self._used: set[str] = set()

    def links(self) -> list[str]:
        """The approval links in the mailbox that this person has not used, oldest first."""
        query = urllib.parse.urlencode({"address": self._address})
        mails: list[dict[str, Any]] = self._place.world("GET", f"/mailbox?{query}")
        found = [link for mail in mails for link in LINK.findall(mail["body"])]
        return [link for link in dict.fromkeys(found) if link not in self._used]

    def read(self, link: str) -> str:
        """The page behind a link."""
        return _open(link).page

    def decide(self, link: str, decision: str, comment: str = "") -> Decision:
        """Submit the form on the page, as a browser would; a page without one is itself the answer."""
        page = _open(link)
        form = _Form()
        form.feed(page.page)
        if not form.hidden:
            return page
        fields = {**form.hidden, "decision": decision, "comment": comment}
        action = urllib.parse.urljoin(link, form.action or link)
        self._used.add(link)
        return _open(action, urllib.parse.urlencode(fields).encode())


class _Form(HTMLParser):
    """The first form of a page: where it goes and its hidden fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "get").lower() == "post":
            self.action = given.get("action", "")
        if tag == "input" and given.get("type") == "hidden":
            self.hidden[given.get("name", "")] = given.get("value", "")


def _open(url: str, form: bytes | None = None) -> Decision:
    origin = "://".join(urllib.parse.urlsplit(url)[:2])
    headers = {"origin": origin, "content-type": "application/x-www-form-urlencoded"} if form else {}
    request = urllib.request.Request(url, data=form, headers=headers)  # noqa: S310 - a link of the local cloud
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return Decision(answer.status, answer.read().decode())
    except urllib.error.HTTPError as error:
        return Decision(error.code, error.read().decode())
