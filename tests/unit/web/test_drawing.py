"""Drawings in pages: shapes and words, and nothing that could load, run or restyle."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.judge.plot import Point, draw
from tidegate.domain.judge.settings import JudgeSettings
from tidegate.web.drawing import LARGEST, drawing

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">'


def drawn(inside: str) -> str:
    found = drawing(f"{SVG}{inside}</svg>".encode())
    assert found is not None
    return found.removeprefix('<svg viewBox="0 0 1 1">').removesuffix("</svg>")


def test_the_plot_of_a_canary_passes_whole_but_for_its_style():
    # Given
    points = [Point(n, 10.0 * n, {"errors": (0.5, 0.4)}, 0.1 * n, 0.2 * n, "continue") for n in range(1, 6)]
    plot = draw(points, JudgeSettings(), "Harm of 5 % & more <would> have been seen.")

    # When
    shown = drawing(plot.encode())

    # Then
    assert shown is not None
    assert len(re.findall(r"<(path|line|rect|text|circle|polyline|g)\b", shown)) == len(
        re.findall(r"<(path|line|rect|text|circle|polyline|g)\b", plot)
    )
    assert "&amp; more &lt;would&gt; have been seen." in shown
    assert "style" not in shown
    assert "xmlns" not in shown


@pytest.mark.parametrize(
    ("inside", "left"),
    [
        ("<script>alert(1)</script>", ""),
        ("<style>*{}</style>", ""),
        ('<image href="https://evil.example/x.png"/>', ""),
        ("<foreignObject><p>x</p></foreignObject>", ""),
        ("<a><text>x</text></a>", ""),
        ('<use href="#x"/>', ""),
        ('<rect onload="alert(1)" x="1"/>', '<rect x="1"></rect>'),
        ('<rect style="x" class="y" id="z" x="1"/>', '<rect x="1"></rect>'),
        ('<rect fill="url(https://evil.example)"/>', "<rect></rect>"),
        ('<rect xmlns:x="http://evil.example" x:href="y"/>', "<rect></rect>"),
        ("<text>a &lt;b&gt; &amp; c<!-- no --></text>", "<text>a &lt;b&gt; &amp; c</text>"),
        ("<g><path d='M0 0'/>tail</g>", '<g><path d="M0 0"></path>tail</g>'),
        ('<text fill="&quot;&gt;&lt;script&gt;">x</text>', '<text fill="&#34;&gt;&lt;script&gt;">x</text>'),
    ],
)
def test_what_could_do_more_than_be_seen_is_left_out(inside: str, left: str):
    assert drawn(inside) == left


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"no drawing",
        b"<svg>",
        b"<svg></svg>",
        b"<html xmlns='http://www.w3.org/1999/xhtml'></html>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\xff\xfe\x00",
        f"{SVG}{' ' * LARGEST}</svg>".encode(),
    ],
)
def test_what_is_no_drawing_is_not_shown(stored: bytes):
    assert drawing(stored) is None


@given(st.binary(max_size=200), st.text(alphabet="<>/='\"&;abcgpsvtx ", max_size=80))
def test_no_bytes_break_a_page(stored: bytes, inside: str):
    drawing(stored)
    shown = drawing(f"{SVG}{inside}</svg>".encode())
    assert shown is None or set(re.findall(r"</?(\w+)", shown)) <= {"svg", "g", "path", "text", "a"} - {"a"}
