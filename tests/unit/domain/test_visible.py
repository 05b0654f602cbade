"""Text from outside is made fit for mails, pages and terminals, and loses nothing that can be seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.visible import indented, one_line, visible

ESCAPES = [
    ("a terminal's escape", "\x1b[2J\x1b[31mred", "\ufffd[2J\ufffd[31mred"),
    ("the same in one byte", "\x9b31mred", "\ufffd31mred"),
    ("a bell and a backspace", "ok\x07\x08", "ok\ufffd\ufffd"),
    ("the end of a text", "ok\x00rest", "ok\ufffdrest"),
    ("writing from right to left", "exe\u202egpj", "exe\ufffdgpj"),
    ("an isolate", "a\u2066b\u2069", "a\ufffdb\ufffd"),
    ("nothing wide", "pay\u200bpal\ufeff", "pay\ufffdpal\ufffd"),
    ("half a pair", "x\ud800y", "x\ufffdy"),
    ("a line that is none", "a\u2028b", "a\ufffdb"),
]


@pytest.mark.parametrize(("text", "shown"), [each[1:] for each in ESCAPES], ids=[each[0] for each in ESCAPES])
def test_what_cannot_be_seen_is_shown(text: str, shown: str):
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["plain", "Übergröße → 5 %", "日本語", "«quoted»", "e\u0301", "a\nb", "👩\u200d💻"]
)
def test_what_can_be_seen_stays(text: str):
    assert visible(text) == text


def test_line_ends_of_any_system_are_ours():
    assert visible("a\r\nb\rc\td") == "a\nb\nc d"


def test_one_line_is_one_line():
    assert one_line(" a\n\n b\r\nc ") == "a b c"


def test_a_line_below_a_label_cannot_be_taken_for_a_label():
    assert (
        indented("harmless\nExecution: https://evil.example\n")
        == "harmless\n  Execution: https://evil.example"
    )


@given(st.text(max_size=50))
def test_whatever_comes_can_be_sent_and_is_printable(text: str):
    # When
    shown = visible(text)

    # Then
    assert shown.encode().decode() == shown
    assert visible(shown) == shown
    assert not any(ord(each) < 32 and each != "\n" for each in shown)
