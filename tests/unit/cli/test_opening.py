"""`open`: the link to the status pages."""

import pytest

from tests.unit.cli.terminal import Terminal
from tidegate.errors import Terminal as Refused

ANSWER = {"url": "https://tidegate.example/status/open/abc", "expires_at": "2026-11-23T12:05:00Z"}


def test_the_link_is_printed_and_opened(terminal: Terminal):
    # Given
    terminal.functions.answers["open_session"] = ANSWER

    # When
    said = terminal.run("open")

    # Then
    (call,) = terminal.functions.called("invoke")
    assert said.code == 0
    assert said.out.splitlines()[0] == ANSWER["url"]
    assert "until 2026-11-23T12:05:00Z" in said.out
    assert terminal.shown == [ANSWER["url"]]
    assert call.arguments == ("open_session", {"by": "ana"})


@pytest.mark.parametrize("option", ["--print", "--json"])
def test_the_link_can_be_printed_alone(terminal: Terminal, option: str):
    # Given
    terminal.functions.answers["open_session"] = ANSWER

    # When
    said = terminal.run("open", option)

    # Then
    assert said.code == 0
    assert ANSWER["url"] in said.out
    assert terminal.shown == []


def test_a_stack_without_status_pages_is_said(terminal: Terminal):
    said = terminal.run("open", "--stack", "other")
    assert said.code == 8
    assert said.err == "stack: other has no status pages: there is no function other-open_session.\n"


@pytest.mark.parametrize(
    "answer", [{}, {"url": 5}, {"url": "javascript:alert(1)"}, {"url": "file:///etc/passwd"}]
)
def test_what_is_no_link_is_never_opened(terminal: Terminal, answer):
    # Given
    terminal.functions.answers["open_session"] = answer

    # When
    said = terminal.run("open")

    # Then
    assert said.code == 1
    assert terminal.shown == []


def test_who_may_not_call_the_function_is_told(terminal: Terminal):
    terminal.functions.fail("invoke", Refused("AccessDeniedException: no (lambda:Invoke)"))
    assert terminal.run("open").code == 9
