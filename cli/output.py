"""What a command prints: text for people, or with `--json` one document and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cli.text import NOTHING, shown, shown_lines
from tidegate.domain.plain import to_plain

WIDE = 10_000
"""A line in a file or a pipe is not broken, so that tools which work by lines find it whole."""

_STYLES = {
    "succeeded": "green",
    "approved": "green",
    "failed": "bold red",
    "rolled_back": "bold red",
    "rejected": "red",
    "expired": "yellow",
    "superseded": "yellow",
    "cancelled": "yellow",
}


def console_for(stream: TextIO) -> Console:
    """A console without markup, so that nothing in the ledger is taken for a style.

    rich leaves colour away where there is no terminal, and where NO_COLOR is set (https://no-color.org).
    """
    terminal = stream.isatty()
    return Console(file=stream, markup=False, emoji=False, highlight=False, width=None if terminal else WIDE)


def style_of(outcome: object) -> str:
    """The colour of an outcome; the word itself always stands beside it."""
    return _STYLES.get(str(outcome), "")


def line(*parts: object) -> Text:
    """A line of escaped text; a pair is a text with its style."""
    text = Text()
    for part in parts:
        words, style = part if isinstance(part, tuple) else (part, "")
        text.append(shown(words), style=style)
    return text


class Output:
    """Where a command prints.

    Args:
        out: The console of standard output.
        as_json: Print nothing but the document.
    """

    def __init__(self, out: Console, *, as_json: bool) -> None:
        self.console = out
        self.as_json = as_json

    def say(self, *parts: object, indent: int = 0) -> None:
        """Print a line for people. What is longer than the terminal is wide goes on below its beginning."""
        if not self.as_json and not parts:
            self.console.print()
        elif not self.as_json:
            self.console.print(Padding(line(*parts), (0, 0, 0, indent), expand=False))

    def paragraph(self, text: object, indent: int = 0, style: str = "") -> None:
        """Print a text that may have several lines."""
        for each in shown_lines(text):
            self.say((each, style), indent=indent)

    def rows(self, headings: Sequence[str], rows: Iterable[Sequence[object]], indent: int = 0) -> None:
        """Print a table; where it is wider than the terminal, one block for each row."""
        if self.as_json:
            return
        texts = [[each if isinstance(each, Text) else line(each) for each in row] for row in rows]
        if not texts:
            return
        heads = [line((heading, "bold")) for heading in headings]
        widths = [max(cell_len(row[at].plain) for row in [heads, *texts]) for at in range(len(heads))]
        if indent + sum(widths) + 2 * (len(widths) - 1) <= self.console.width:
            for row in [heads, *texts]:
                self._aligned(row, widths, indent)
        else:
            for row in texts:
                self._block(headings, row, indent)

    def _aligned(self, row: Sequence[Text], widths: Sequence[int], indent: int) -> None:
        text = Text(" " * indent)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
            text.append_text(cell)
            if at < len(widths) - 1:
                text.append(" " * (width - cell_len(cell.plain) + 2))
        self.console.print(text)

    def _block(self, headings: Sequence[str], row: Sequence[Text], indent: int) -> None:
        first, *others = row
        self.console.print(Padding(first, (0, 0, 0, indent), expand=False))
        for heading, cell in zip(headings[1:], others, strict=True):
            if cell.plain not in ("", NOTHING):
                text = line((f"{heading}: ", "dim"))
                text.append_text(cell)
                self.console.print(Padding(text, (0, 0, 0, indent + 2), expand=False))

    def document(self, document: Any) -> None:
        """Print the document that `--json` asks for: ASCII alone, so that no terminal acts upon its text."""
        if self.as_json:
            self.console.file.write(json.dumps(to_plain(document), indent=2, ensure_ascii=True) + "\n")
            self.console.file.flush()
