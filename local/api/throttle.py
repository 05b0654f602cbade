"""Throttling of a stage or route: a token bucket with a rate and a burst.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any


class Throttle:
    """Token buckets by API, stage and route."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def allows(self, api_id: str, stage: str, route_key: str, settings: Mapping[str, Any]) -> bool:
        """Take a token, if there is one.

        Args:
            api_id: The API.
            stage: Its stage.
            route_key: The route that takes the request.
            settings: The stage's settings, with DefaultRouteSettings and RouteSettings.
        """
        limits = dict(_lowered(settings.get("DefaultRouteSettings")))
        limits |= _lowered((settings.get("RouteSettings") or {}).get(route_key))
        rate, burst = limits.get("throttlingratelimit"), limits.get("throttlingburstlimit")
        if rate is None and burst is None:
            return True
        full = float(burst if burst is not None else rate or 0)
        now = time.monotonic()
        key = (api_id, stage, route_key)
        with self._lock:
            tokens, seen = self._buckets.get(key, (full, now))
            tokens = min(full, tokens + (now - seen) * float(rate if rate is not None else full))
            self._buckets[key] = (max(0.0, tokens - 1) if tokens >= 1 else tokens, now)
            return tokens >= 1


def _lowered(settings: Any) -> dict[str, Any]:
    return {name.lower(): value for name, value in (settings or {}).items()}
