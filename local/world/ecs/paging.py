"""Pages of a list operation."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from local.world.binding import Call
from local.world.ecs.store import invalid


def page(call: Call, name: str, items: Sequence[Any], *, default: int = 100) -> dict[str, Any]:
    """One page of a list, with a ``nextToken`` where more follow."""
    size = int(call.get("maxResults", default))
    start = 0
    token = call.get("nextToken")
    if token:
        try:
            start = int(base64.b64decode(token))
        except ValueError:
            raise invalid("Invalid token") from None
    answer: dict[str, Any] = {name: list(items[start : start + size])}
    if start + size < len(items):
        answer["nextToken"] = base64.b64encode(str(start + size).encode()).decode()
    return answer
