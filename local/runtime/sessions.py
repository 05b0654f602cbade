"""Credentials: each function acts under its own role session, so that every call can be attributed."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from moto.sts.models import sts_backends

from local import callers

SESSION_SECONDS = 12 * 3600


@dataclass(frozen=True)
class Session:
    """Temporary credentials as Lambda hands them to a function."""

    access_key_id: str
    secret_access_key: str
    session_token: str


class Sessions:
    """One assumed-role session per caller and role, known to IAM and STS as well as to the call recorder.

    The session's name is the function's, as on AWS, where a function's caller identity is
    `assumed-role/<role name>/<function name>`:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html.
    """

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region
        self._sessions: dict[tuple[str, str], Session] = {}
        self._lock = threading.Lock()

    def of(self, caller: str, role_arn: str) -> Session:
        """The session of a function or state machine under its role; made at the first request."""
        with self._lock:
            key = (caller, role_arn)
            if key not in self._sessions:
                self._sessions[key] = self._assume(caller, role_arn)
            return self._sessions[key]

    def _assume(self, caller: str, role_arn: str) -> Session:
        backend = sts_backends[self._account]["aws"]
        role = backend.assume_role(
            region_name=self._region,
            role_session_name=caller[:64],
            role_arn=role_arn,
            policy="",
            duration=SESSION_SECONDS,
            external_id="",
        )
        callers.know(role.access_key_id, caller)
        return Session(role.access_key_id, role.secret_access_key, role.session_token)
