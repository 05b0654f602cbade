"""Which route takes a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html: a full match for
route and method, then a match with a greedy path variable, then `$default`; a named method goes before ANY.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from local.api.definition import ANY, DEFAULT_ROUTE, Route


@dataclass(frozen=True)
class Match:
    """A route and the values of its path variables."""

    route: Route
    path_parameters: dict[str, str]


def choose(routes: Iterable[Route], method: str, path: str) -> Match | None:
    """The best route for a request, or None.

    Args:
        routes: All routes of the API.
        method: HTTP method.
        path: Path after the stage, still percent-encoded.
    """
    found: list[tuple[tuple[int, int, int], Match]] = []
    for route in routes:
        if route.path == DEFAULT_ROUTE:
            found.append(((2, 0, 0), Match(route, {})))
        elif route.method in {ANY, method}:
            values = _expression(route.path).fullmatch(path)
            if values:
                greedy = int("+}" in route.path)
                parameters = {name: unquote(value) for name, value in values.groupdict().items()}
                rank = (greedy, route.path.count("{"), int(route.method == ANY))
                found.append((rank, Match(route, parameters)))
    return min(found, key=lambda one: one[0])[1] if found else None


@lru_cache(maxsize=1024)
def _expression(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template.rstrip("/") or "/")
    text = ""
    for part in parts:
        if part.startswith("{"):
            name = part.strip("{}")
            text += f"(?P<{name.rstrip('+')}>{'.+' if name.endswith('+') else '[^/]+'})"
        else:
            text += re.escape(part)
    return re.compile(text + "/?")
