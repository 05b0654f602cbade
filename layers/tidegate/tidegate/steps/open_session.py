"""Give a person who may call this function a link to the status pages, good for one exchange."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from tidegate.domain.plain import time_text
from tidegate.domain.session import LINK_LASTS, Session, secret_hash
from tidegate.domain.status import OWN
from tidegate.ports import Ports


class Command(BaseModel):
    """``by`` is the name under which the session is shown and written down, as the caller claims it."""

    by: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$"
        ),
    ] = Field(description="the person's name")


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Store the link's hash and write down who asked. Every call gives a link of its own.

    IAM has said that the caller may invoke the function; AWS does not tell the function who it was.
    CloudTrail does, where data events of Lambda are recorded.

    Returns:
        ``url`` and ``expires_at``.
    """
    now, link = ports.clock.now(), ports.clock.secret()
    expires = now + LINK_LASTS
    ports.journal.append(
        OWN, "session.offered", {"by": command.by}, at=now, key=f"session/{secret_hash(link)[:16]}"
    )
    ports.sessions.offer(secret_hash(link), Session(command.by, expires))
    address = f"{ports.web_address.rstrip('/')}/status/open/{link}"
    return {"url": address, "expires_at": time_text(expires)}
