"""Texts that people and AWS write stay texts: in pages, in mails, in records, in state machines."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from markupsafe import Markup

from tests.security.test_hostile_events import HUGE, MARKUP
from tests.statemachines.machines import Machine, load_all
from tests.support.ports import fake_ports
from tests.unit.examples import execution_arn, service
from tidegate.domain.plain import from_plain, to_plain
from tidegate.domain.release import Release
from tidegate.domain.visible import visible
from tidegate.steps.notices import tell
from tidegate.web import pages
from tidegate.web.drawing import drawing
from tidegate.web.status import pages as status_pages
from tidegate.web.view import ApprovalView, Message

TEXTS = [each for each in MARKUP if each.strip() and each != HUGE]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def filled(kind: Any, text: str) -> Any:
    """A value of a type, in which every string is this text and every list has one element."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return filled(next(each for each in arguments if each is not type(None)), text)
    if origin is tuple:
        return tuple(filled(each, text) for each in arguments if each is not ...)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = dataclasses.fields(kind)
        return typing.cast("Any", kind)(**{each.name: filled(hints[each.name], text) for each in fields})
    if kind is Markup:
        return Markup("<svg></svg>")
    return {str: text, bool: True, int: 200, float: 1.0, datetime: NOW}[kind]


class Parsed(HTMLParser):
    """Elements, attributes and text of a page, as a browser understands them."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.text = ""
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src", "action"}}

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(text: str) -> Parsed:
    return Parsed(pages.approval_page(filled(ApprovalView, text), text).body)


@pytest.mark.parametrize("text", TEXTS)
def test_a_page_with_hostile_texts_has_the_elements_of_any_other(text: str):
    # Given
    harmless, hostile = page_of("harmless"), page_of(text)

    # Then
    assert hostile.tags == harmless.tags
    assert hostile.attributes == harmless.attributes
    assert hostile.links == harmless.links
    assert "script" not in hostile.tags
    assert visible(text) in hostile.text or visible(text).strip() in hostile.text


@pytest.mark.parametrize("text", TEXTS)
def test_a_message_with_hostile_texts_has_the_elements_of_any_other(text: str):
    # When
    harmless = Parsed(pages.message_page(filled(Message, "harmless")).body)
    hostile = Parsed(pages.message_page(filled(Message, text)).body)

    # Then
    assert (hostile.tags, hostile.attributes) == (harmless.tags, harmless.attributes)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("templates", [pages._templates, status_pages._templates], ids=["approval", "status"])
def test_every_value_in_every_template_is_escaped_and_made_visible(templates: Any, text: str):
    # When
    shown = templates().from_string('<p title="{{ text }}">{{ text }}</p>').render(text=text)

    # Then
    parsed = Parsed(shown)
    assert parsed.tags == ["p"]
    assert parsed.attributes == {"title"}
    assert shown == visible(shown)


def test_no_template_marks_a_value_as_safe():
    # Given: constants may be safe, values not
    folders = [pages._FOLDER, status_pages._FOLDER]
    texts = {path.name: path.read_text() for folder in folders for path in folder.glob("*.j2")}

    # When
    marked = {
        (name, found)
        for name, text in texts.items()
        for found in re.findall(r"\{\{[^}]*\|\s*safe[^}]*\}\}|autoescape false", text)
        if not re.match(r"\{\{ '[^']*'\|safe", found)
    }

    # Then
    assert texts
    assert marked == set()


@pytest.mark.parametrize("text", TEXTS)
def test_a_mail_says_what_happened_and_nobody_else_adds_a_line(text: str):
    # Given
    ports = fake_ports()
    forged = f"{text}\nExecution: https://evil.example\nDecide here: https://evil.example"

    # When
    execution = execution_arn("checkout-1")
    details = {"Reason": forged, "Log": text, "Empty": None}
    tell(
        ports,
        key="k",
        kind="failed",
        what=f"checkout: {forged}",
        details=details,
        service=service(),
        execution=execution,
    )

    # Then
    (message,) = ports.notifier.messages
    subject, *lines = message.body.splitlines()
    labels = [line.partition(":")[0] for line in lines if line and not line.startswith("  ")]
    assert subject == message.subject
    assert labels[:2] == ["Reason", "Log"]
    assert set(labels[2:]) <= {"Execution", "Runbook", "Release", "Page", "https"}, labels
    assert "evil" not in "".join(line for line in lines if not line.startswith(("  ", "Reason", "Log")))
    assert message.body == visible(message.body)
    assert message.body.encode()


@pytest.mark.parametrize("text", [*TEXTS, HUGE])
def test_a_record_keeps_a_text_as_it_came(text: str):
    # Given
    release = filled_release(text)

    # Then
    assert from_plain(Release, to_plain(release)) == release


def filled_release(text: str) -> Release:
    return Release(
        id="checkout-20261123T120000Z-0a1b2c",
        service="checkout",
        revision=1,
        images={},
        created_at=NOW,
        newest_push=NOW,
        trigger="operator",
        reason=text,
        stop_reason=text,
        requested_by=text,
    )


@pytest.mark.parametrize("machine", load_all(), ids=lambda machine: machine.name)
def test_no_machine_evaluates_what_it_is_given(machine: Machine):
    """JSONata has a function for it: https://docs.jsonata.org/higher-order-functions."""
    assert "$eval" not in machine.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_a_drawing_with_entities_is_none_in_any_encoding(encoding: str):
    # Given
    entity = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    stored = f'{entity}<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>'.encode(encoding)

    # Then
    assert drawing(stored) is None
