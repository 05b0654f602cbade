"""Drawings that may stand in a page: shapes and words of an SVG, and nothing that could load, run or restyle.

The Content-Security-Policy of pages allows their own style alone and no images from anywhere, so a plot is
put into the page itself; that it was stored by Tidegate is no reason to trust every byte of it.
"""

from __future__ import annotations

from xml.etree import ElementTree  # nosec B405 - see drawing

from markupsafe import Markup, escape

LARGEST = 400_000
"""Bytes. A page is read on telephones."""
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    {"svg", "title", "desc", "g", "path", "line", "polyline", "polygon", "rect", "circle", "text", "tspan"}
)
_ATTRIBUTES = frozenset(
    {
        *(
            "viewBox",
            "role",
            "aria-label",
            "x",
            "y",
            "x1",
            "x2",
            "y1",
            "y2",
            "cx",
            "cy",
            "r",
            "rx",
            "ry",
            "dx",
            "dy",
        ),
        *("d", "points", "width", "height", "transform", "fill", "fill-opacity", "opacity", "stroke"),
        *("stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "stroke-opacity"),
        *("text-anchor", "dominant-baseline", "font-size", "font-weight"),
    }
)
_POINTS_ELSEWHERE = ("url(", "javascript:", "data:")


def drawing(stored: bytes) -> Markup | None:
    """The drawing as it may stand in a page; None when it is none, or too large.

    Unknown elements are left out with all that is in them, unknown attributes by themselves.
    """
    if len(stored) > LARGEST or b"<!DOCTYPE" in stored or b"<!ENTITY" in stored:
        return None
    try:
        # As UTF-8 alone: in another encoding an entity would pass the look above.
        root = ElementTree.fromstring(stored.decode())  # noqa: S314  # nosec B314 - no entities, see above
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    if _name(root) != "svg":
        return None
    return Markup("").join(_written(root))


def _written(element: ElementTree.Element) -> list[Markup]:
    name = _name(element)
    if name not in _ELEMENTS:
        return []
    kept = {
        key: value
        for key, value in element.attrib.items()
        if key in _ATTRIBUTES and not any(each in value.lower() for each in _POINTS_ELSEWHERE)
    }
    opening = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in kept.items())
    tag = Markup(name)  # noqa: S704  # nosec B704 - one of the allowed names
    parts = [Markup("<{}{}>").format(tag, opening), escape(element.text or "")]
    for child in element:
        parts += _written(child)
        parts.append(escape(child.tail or ""))
    return [*parts, Markup("</{}>").format(tag)]


def _name(element: ElementTree.Element) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag.removeprefix(_NAMESPACE) if tag.startswith(_NAMESPACE) else ""
