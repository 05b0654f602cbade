"""Who makes an AWS call: told by the access key, by the thread, or by a header among ourselves.

A function signs with the key of its own session. All state machines share one client per service, so their
calls carry a header with the machine's name instead. Everything else is `user`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from local import origins, settings

USER = "user"
HEADER = "X-Tidegate-Caller"

_current = threading.local()
_by_access_key: dict[str, str] = {}
_by_role: dict[str, str] = {}


def know(access_key_id: str, caller: str) -> None:
    """Attribute calls that are signed with this access key."""
    _by_access_key[access_key_id] = caller


def of_request(access_key_id: str, header: str | None) -> str:
    """Who has sent a request."""
    return _by_access_key.get(access_key_id) or header or USER


def identity_of_request(access_key_id: str, header: str | None) -> str:
    """The same, but a state machine as `machine/<name>`: a function may have the same name."""
    caller = of_request(access_key_id, header)
    return f"machine/{caller}" if header == caller and access_key_id not in _by_access_key else caller


@contextlib.contextmanager
def acting(caller: str) -> Iterator[None]:
    """Let everything that is done in this thread count as this caller's."""
    before = current()
    _current.caller = caller
    try:
        yield
    finally:
        _current.caller = before


def current() -> str:
    """On whose behalf this thread is working."""
    caller: str = getattr(_current, "caller", USER)
    return caller


def act_as_machine_of(role_arn: str | None) -> None:
    """Let this thread, which runs a state machine under that role, call in the machine's name."""
    if role_arn:
        _current.caller = _machine_of(role_arn)


def tell_caller(client: Any) -> None:
    """Let a shared client say on whose behalf it calls."""
    client.meta.events.register("before-call.*.*", _add_header)


def _add_header(params: dict[str, Any], **_: Any) -> None:
    caller = current()
    if caller != USER:
        params["headers"][HEADER] = caller
    origins.tell(params["headers"])


def _machine_of(role_arn: str) -> str:
    """The machine that runs under a role; the role's own name where several machines share it."""
    if role_arn not in _by_role:
        place = settings.current()
        machines = stepfunctions_parser_backends[place.account][place.region].state_machines
        names = {machine.name for machine in machines if machine.roleArn == role_arn}
        if len(names) != 1:
            return role_arn.rpartition("/")[2]
        _by_role[role_arn] = names.pop()
    return _by_role[role_arn]
