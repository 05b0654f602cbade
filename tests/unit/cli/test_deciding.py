"""`approve` and `reject`: a thin client of the real approval page."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from cli.exits import Stop
from cli.pages import Form, Page, address_of, read_page
from tests.unit.cli.terminal import Terminal
from tests.unit.examples import APPROVER, NOON, at, digest, execution_arn, running, service
from tidegate.domain.approval import Approval, ApprovalStatus, link_hash
from tidegate.steps import approval_page

LINK = "https://tidegate.example/approve/" + "a" * 43
DEFINITION = {
    "family": "checkout-prod",
    "containerDefinitions": [{"name": "app", "image": f"r@{digest('0')}"}],
}


class Pages:
    """A browser that opens the real page, without a network between them."""

    def __init__(self, terminal: Terminal) -> None:
        self._ports = terminal.ports
        self.requests: list[tuple[str, str]] = []
        self.before_post = lambda: None

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        if form is not None:
            self.before_post()
        answer = self._ask("GET" if form is None else "POST", url, urlencode(form) if form else "")
        if answer["statusCode"] == 303:
            return self.open(url)
        return read_page(answer["statusCode"], answer.get("body", ""))

    def _ask(self, method: str, url: str, body: str) -> dict[str, Any]:
        self.requests.append((method, url))
        path = urlsplit(url).path
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {"host": "tidegate.example", "content-type": "application/x-www-form-urlencoded"},
            "requestContext": {
                "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"},
                "stage": "$default",
                "requestId": "1",
            },
            "body": body,
            "isBase64Encoded": False,
        }
        return approval_page.run(approval_page.Command(event), self._ports)


@pytest.fixture
def asked(terminal: Terminal) -> Pages:
    """A release that waits for an approval in prod, and the link to it."""
    ports = terminal.ports
    place = service().environment("prod")
    arn = ports.task_definitions.register(place.target, DEFINITION)
    ports.services.add("prod", "checkout", arn)
    one = running(ports)
    ports.registry.push("checkout", "1.0.a", digest("a"), NOON)
    approval = Approval(
        id="approval-1", release=one.id, service="checkout", environment="prod", digests=one.digests,
        from_task_definition=arn, from_images={}, requested_at=NOON, expires_at=at(3600),
        requested_by=None, asked=(APPROVER,),
    )  # fmt: skip
    ports.approvals.create(approval, {link_hash("a" * 43): APPROVER})
    pages = Pages(terminal)
    terminal.browser = pages
    return pages


def status(terminal: Terminal) -> ApprovalStatus:
    return terminal.ports.approvals.stored["approval-1"].status


def test_a_link_is_approved_through_the_page_and_its_form(terminal: Terminal, asked: Pages):
    # When
    said = terminal.run("approve", LINK, "--comment", "Fine by me.", "--yes")

    # Then
    stored = terminal.ports.approvals.stored["approval-1"]
    assert said.code == 0
    assert (stored.status, stored.decided_by, stored.comment) == (
        ApprovalStatus.APPROVED,
        APPROVER,
        "Fine by me.",
    )
    assert [method for method, _ in asked.requests] == ["GET", "POST", "GET"]
    assert "Approve checkout 1.0.a for prod?" in said.out
    assert "Approved: checkout in prod" in said.out


def test_a_link_is_rejected_with_a_comment(terminal: Terminal, asked: Pages):
    # When
    said = terminal.run("reject", LINK, "--comment", "Not today.", "--yes", "--json")

    # Then
    assert (said.code, status(terminal)) == (0, ApprovalStatus.REJECTED)
    assert said.document["title"] == "Rejected: checkout in prod"


def test_a_rejection_needs_a_comment(terminal: Terminal, asked: Pages):
    # When
    said = terminal.run("reject", LINK, "--comment", " ", "--yes")

    # Then
    assert (said.code, said.err) == (2, "comment: say why you reject it.\n")
    assert status(terminal) is ApprovalStatus.PENDING


@pytest.mark.parametrize(
    ("answer", "expected"), [(True, ApprovalStatus.APPROVED), (False, ApprovalStatus.PENDING)]
)
def test_a_person_is_asked_after_having_seen_the_page(terminal: Terminal, asked: Pages, answer, expected):
    # Given
    terminal.answers = [answer]

    # When
    said = terminal.run("approve", LINK)

    # Then
    assert status(terminal) is expected
    assert said.code == (0 if answer else 130)
    assert "Approve checkout 1.0.a for prod?" in said.out


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_where_nobody_can_be_asked_nothing_is_decided_without_yes(
    terminal: Terminal, asked: Pages, arguments
):
    # When
    said = terminal.run("approve", LINK, *arguments)

    # Then
    assert said.code == 2
    assert said.err.startswith("yes: nobody can be asked here")
    assert asked.requests == []


def test_the_last_part_of_the_link_suffices(terminal: Terminal, asked: Pages):
    assert terminal.run("approve", "a" * 43, "--yes").code == 0


def test_a_link_may_come_from_standard_input(
    terminal: Terminal, asked: Pages, monkeypatch: pytest.MonkeyPatch
):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(LINK + "\n"))
    assert terminal.run("approve", "-", "--yes").code == 0


def test_a_used_link_shows_what_was_decided_and_decides_nothing(terminal: Terminal, asked: Pages):
    # Given
    terminal.run("approve", LINK, "--yes")

    # When
    said = terminal.run("reject", LINK, "--comment", "No!", "--yes", "--json")

    # Then
    assert said.code == 3
    assert said.document["title"] == "Approved: checkout in prod"
    assert status(terminal) is ApprovalStatus.APPROVED


def test_an_unknown_link_is_not_found(terminal: Terminal, asked: Pages):
    # When
    said = terminal.run("approve", LINK[:-1] + "b", "--yes")

    # Then
    assert said.code == 8
    assert said.err.startswith("link: There is nothing here. This link is not valid.")
    assert "approve/" not in said.err


def test_a_decision_of_somebody_else_in_the_meantime_is_not_taken_for_ones_own(
    terminal: Terminal, asked: Pages
):
    # Given
    def decided() -> None:
        terminal.ports.approvals.decide(
            "approval-1", ApprovalStatus.REJECTED, by="bo@example.com", comment="No.", at=NOON
        )

    asked.before_post = decided

    # When
    said = terminal.run("approve", LINK, "--yes", "--json")

    # Then
    assert said.code == 3
    assert said.document["title"].startswith("Rejected: ")


def test_what_changed_since_it_was_asked_makes_the_approval_void(terminal: Terminal, asked: Pages):
    # Given
    terminal.ports.services.add("prod", "checkout", "arn:aws:ecs:us-east-1:123456789012:task-definition/x:9")

    # When
    said = terminal.run("approve", LINK, "--yes")

    # Then
    assert said.code == 3
    assert "Not taken: checkout in prod" in said.out
    assert status(terminal) is ApprovalStatus.VOID


def test_a_release_whose_execution_has_stopped_takes_no_decision(terminal: Terminal, asked: Pages):
    # Given
    (arn,) = terminal.ports.machines.executions
    terminal.ports.machines.finish(arn, "ABORTED")

    # When
    said = terminal.run("approve", LINK, "--yes", "--json")

    # Then
    assert said.code == 3
    assert said.document["title"] == "No longer needed: checkout in prod"
    assert arn == execution_arn(arn.rpartition(":")[2])


def test_a_comment_that_is_too_long_is_said(terminal: Terminal, asked: Pages):
    # When
    said = terminal.run("approve", LINK, "--comment", "x" * 3000, "--yes")

    # Then
    assert said.code == 2
    assert said.err.startswith("comment: ")
    assert "1000 characters too long" in said.err


# --- links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "ftp://tidegate.example/approve/x",
        "https://tidegate.example/other/x",
        "http://tidegate.example/approve/x",
        "file:///etc/passwd",
        "https:///approve/x",
        "https://[bad/approve/x",
        "x",
        "",
    ],
)
def test_what_is_no_link_to_an_approval_is_never_opened(terminal: Terminal, asked: Pages, link: str):
    # When
    said = terminal.run("approve", link, "--yes")

    # Then
    assert said.code == 2
    assert said.err.startswith("link: ")
    assert asked.requests == []


def test_a_link_to_this_machine_may_be_unencrypted():
    link = "http://127.0.0.1:4566/_aws/execute-api/a/approve/x"
    assert address_of(link, None) == link


def test_an_id_alone_needs_a_stack_that_serves_pages():
    with pytest.raises(Stop, match="link: the stack has no address for pages"):
        address_of("a" * 43, None)


# --- reading pages ------------------------------------------------------------------------------------------


def test_a_page_is_read_line_by_line():
    # Given
    html = """<html><head><title>no</title><style>no</style></head><body><main>
      <h1>Approve <b>this</b>?</h1><script>no</script><svg><text>no</text></svg>
      <dl><div><dt>Service</dt><dd>checkout</dd></div></dl>
      <table><tr><th>What</th><th>To</th></tr>
             <tr><td>A &amp; B</td> <td>1<br>2</td></tr></table>
      <ul><li>one<ul><li>two</li></ul></li></ul>
      <form method="post" action="here"><input type="hidden" name="nonce" value="n">
        <p class="hint">no</p><label>no</label><textarea>no</textarea><button>no</button></form>"""

    # When
    page = read_page(200, html)

    # Then
    assert page.title == "Approve this?"
    assert [line.text for line in page.lines] == [
        "Approve this?", "Service: checkout", "What | To", "A & B | 1 2", "one", "two",
    ]  # fmt: skip
    assert [line.depth for line in page.lines[-2:]] == [1, 2]
    assert page.form == Form("here", {"nonce": "n"})


@pytest.mark.parametrize(
    "html", ["", "<", "<ul></ul></ul></b>", "<h1>", "<form><input type=hidden>", "\x00" * 9]
)
def test_a_broken_page_is_read_as_far_as_it_goes(html: str):
    page = read_page(200, html)
    assert page.form is None
    assert json.dumps([line.text for line in page.lines]) is not None
