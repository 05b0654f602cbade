"""Text from outside (reasons of AWS, application logs, comments), made fit for a mail, a page or a terminal.

What a reader cannot see becomes U+FFFD: control characters, with which a terminal can be told what to do,
characters that turn the direction of writing, and others of no width. A record keeps text as it came.
"""

import re

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters, but for tab and line ends
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff"  # direction, width
    "\ud800-\udfff"  # half of a pair, which cannot be sent
    "\U000e0000-\U000e007f]"  # tags
)
_LINE_END = re.compile(r"\r\n?")


def visible(text: str) -> str:
    """The text with nothing unseen in it; lines stay lines."""
    return _UNSEEN.sub("\ufffd", _LINE_END.sub("\n", text).replace("\t", " "))


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(visible(text).split())


def indented(text: str) -> str:
    """The same below a label: no line of it can be taken for one of ours."""
    return visible(text).strip().replace("\n", "\n  ")
