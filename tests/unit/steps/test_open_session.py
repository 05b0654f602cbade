"""Give a person who may call this function a link to the status pages."""

import re

import pytest
from pydantic import ValidationError

from tests.support.ports import fake_ports
from tests.unit.examples import NOON, at
from tidegate.domain.session import Session, secret_hash
from tidegate.errors import Terminal
from tidegate.steps.open_session import Command, run


def test_the_link_opens_what_was_stored_under_its_hash():
    # Given
    ports = fake_ports(web_address="https://tidegate.example/")

    # When
    answer = run(Command(by=" Ada "), ports)

    # Then
    found = re.fullmatch(r"https://tidegate\.example/status/open/([\w-]{40,})", answer["url"])
    assert found
    assert ports.sessions.links == {secret_hash(found[1]): Session("Ada", at(120))}
    assert answer["expires_at"] == "2026-11-23T12:02:00.000000Z"


def test_who_asked_is_written_down_and_the_link_is_not():
    # Given
    ports = fake_ports()

    # When
    link = run(Command(by="Ada"), ports)["url"].rpartition("/")[2]

    # Then
    ((subject, line),) = ports.journal.lines
    assert (subject, line["kind"], line["entry"]) == ("tidegate", "session.offered", {"by": "Ada"})
    assert line["at"] == "2026-11-23T12:00:00.000000Z"
    assert link not in repr(ports.journal.lines)
    assert link not in repr(ports.sessions.links)
    assert ports.clock.now() == NOON


def test_every_call_gives_another_link():
    ports = fake_ports()

    links = {run(Command(by="Ada"), ports)["url"] for _ in range(3)}

    assert len(links) == len(ports.sessions.links) == 3


def test_nobody_gets_a_link_that_was_not_written_down():
    # Given a journal that takes nothing
    ports = fake_ports()
    ports.journal.fail("append", Terminal("access denied"))

    # When
    with pytest.raises(Terminal):
        run(Command(by="Ada"), ports)

    # Then
    assert ports.sessions.links == {}


@pytest.mark.parametrize("by", ["", "   ", "x" * 101, "a\nb", "a\x00b", None, 7])
def test_a_name_is_one_short_line(by: object):
    with pytest.raises(ValidationError):
        Command.model_validate({"by": by})


def test_the_name_must_be_given():
    with pytest.raises(ValidationError, match="by"):
        Command.model_validate({})
