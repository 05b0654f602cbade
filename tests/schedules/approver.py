"""The approver's browser: the request that it sends for a form of the approval page."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from tidegate.domain.approval import Approval
from tidegate.web.forms import nonce


def form(link: str, approval: Approval, *, yes: bool) -> dict[str, Any]:
    """A submitted form, in the payload format 2.0 of HTTP APIs."""
    shown = approval.id if approval.difference is None else f"{approval.id}/{approval.difference}"
    fields = {
        "decision": "approve" if yes else "reject",
        "comment": "" if yes else "Not now.",
        "nonce": nonce(link, shown),
    }
    path = f"/approve/{link}"
    return {
        "version": "2.0",
        "routeKey": "ANY /approve/{link}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "host": "tidegate.example",
            "content-type": "application/x-www-form-urlencoded",
            "sec-fetch-site": "same-origin",
        },
        "requestContext": {"http": {"method": "POST", "path": path}, "stage": "$default"},
        "isBase64Encoded": True,
        "body": base64.b64encode(urlencode(fields).encode()).decode(),
    }
