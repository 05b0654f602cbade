"""Puts the recorder and the faults at the one place through which moto answers API calls."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.dynamodb.models import dynamodb_backends

from local import authorizations, callers, calls, fault_errors, faults, origins, tables
from local.consumption import Meter
from local.front import SilentTimeoutError
from local.mends import tokens
from local.mends.patching import Foreign, Mends

MENDS = Mends()

# Common errors such as throttling stand in no service's model, which moto remarks every time.
warnings.filterwarnings("ignore", message=r"Exception\(InjectedError\)")

log = logging.getLogger(__name__)

# The SDKs try a 500 again and again; 501 they take for an answer.
MISSING_HERE = 501
_METERED = frozenset(
    {
        *("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"),
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
    }
)


class InjectedError(ServiceException):
    """An error response that somebody asked for."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status_code = status
        self.http_status = status


@MENDS.wraps("moto.core.responses:BaseResponse.call_action", "26076963fd17")
def call_action(original: Foreign, self: Foreign) -> Foreign:
    """Record the call, and let it meet its fault, before or after it takes effect."""
    action = self._get_action() or ""
    self._get_action = lambda: action  # three callers ask; for REST protocols each time costs a route match
    return _recorded(self, self.boto3_service_name, action, lambda: original(self))


@MENDS.wraps("moto.s3.responses:S3Response._bucket_response", "15b194a31b24")
def bucket_response(original: Foreign, self: Foreign, request: Foreign, full_url: str) -> Foreign:
    """The same for S3, whose calls go another way."""
    return _recorded(self, "s3", _s3_action(self, request), lambda: original(self, request, full_url))


@MENDS.wraps("moto.s3.responses:S3Response._key_response", "eb67586ff76b")
def key_response(original: Foreign, self: Foreign, request: Foreign, full_url: str) -> Foreign:
    """The same for S3, whose calls go another way."""
    return _recorded(self, "s3", _s3_action(self, request), lambda: original(self, request, full_url))


def _s3_action(self: Foreign, request: Foreign) -> str:
    return self._get_action_from_method_and_request_uri(request) or "Unknown"


def _recorded(self: Foreign, service: str, action: str, work: Callable[[], Foreign]) -> Foreign:
    caller = callers.of_request(self.access_key, self.headers.get(callers.HEADER))
    asks = _parameters(self)
    origin, task = origins.of_request(self.headers), tokens.waiting(str(_first(asks, "taskToken")))
    if task is not None:  # an answer to a token is about the execution that waits, too
        origin = replace(origin, text=f"{origin.text} {task.text}")
    fault = faults.for_call(caller, service, action, lambda name: _first(asks, name), origin)
    resource = calls.resource_in(asks) or (task.state if task else None)
    who = callers.identity_of_request(self.access_key, self.headers.get(callers.HEADER))
    authorizations.note(who, service, action, _all_parameters(self))
    try:
        with callers.acting(caller), origins.acting(origin):
            response = _answer(work, self, service, action, fault)
    except (ServiceException, SilentTimeoutError) as error:
        calls.record(caller, service, action, resource, str(getattr(error, "code", "NoAnswer")), origin)
        raise
    calls.record(caller, service, action, resource, _error_of(response), origin)
    return response


def _error_of(response: Foreign) -> str | None:
    if isinstance(response, str | bytes):
        return None
    status, headers, body = response
    return calls.error_code(int(status), headers, body)


@MENDS.wraps("moto.sts.models:STSBackend.assume_role", "f32a21bb2eb0")
def assume_role(original: Foreign, self: Foreign, **arguments: Foreign) -> Foreign:
    """Attribute what is done under an assumed role to whoever assumed it."""
    role = original(self, **arguments)
    callers.know(role.access_key_id, callers.current())
    return role


def _answer(
    work: Callable[[], Foreign], self: Foreign, service: str, action: str, fault: faults.Fault | None
) -> Foreign:
    if fault is None:
        return _carry_out(work, self, service, action)
    if fault.kind == "pause":
        return _paused(lambda: _carry_out(work, self, service, action), fault)
    if fault.kind == "surprise":
        return _rewritten(_carry_out(work, self, service, action), fault)
    if fault.kind == "fail_after_effect":
        _carry_out(work, self, service, action)
    if fault.kind == "timeout":
        time.sleep(fault.seconds)
        raise SilentTimeoutError
    principal = f"arn:aws:sts::{self.current_account}:assumed-role/{callers.current()}"
    return _error_response(self, *fault_errors.error_of(fault.kind, service, action, principal))


def _rewritten(response: Foreign, fault: faults.Fault) -> Foreign:
    status, headers, body = response
    pattern, instead = fault.rewrite or ("", "")
    text = body.decode() if isinstance(body, bytes) else str(body)
    text = re.sub(pattern, instead.replace("\\", r"\\"), text, flags=re.DOTALL)
    if fault.status is not None:
        status, headers = fault.status, {**headers, "status": str(fault.status)}
    return status, headers, text


def _paused(carry_out: Callable[[], Foreign], fault: faults.Fault) -> Foreign:
    if fault.before:
        faults.pause(fault)
        return carry_out()
    response = carry_out()
    faults.pause(fault)
    return response


def _carry_out(work: Callable[[], Foreign], self: Foreign, service: str, action: str) -> Foreign:
    try:
        if service != "dynamodb":
            return work()
        with tables.lock:
            return _metered(work, self, action)
    except ServiceException:
        raise
    except NotImplementedError as error:
        message = f"The local cloud has no {service}:{action}. {error}"
        return _error_response(self, MISSING_HERE, "NotImplemented", message)
    except Exception as error:
        log.exception("The local cloud could not answer %s:%s", service, action)
        message = f"The local cloud could not answer {service}:{action}: {error!r}"
        return _error_response(self, MISSING_HERE, "InternalFailure", message)


def _metered(work: Callable[[], Foreign], self: Foreign, action: str) -> Foreign:
    if action not in _METERED:
        return work()
    body = json.loads(self.raw_body)
    meter = Meter(dynamodb_backends[self.current_account][self.region], action, body)
    response = work()
    status, _, text = response
    decoded = json.loads(text) if int(status) == 200 and action in {"Query", "Scan"} else None
    calls.consume(callers.current(), _tables_of(body), meter.units(decoded))
    return response


def _tables_of(body: dict[str, Any]) -> str:
    if "TableName" in body:
        return str(body["TableName"])
    names = set(body.get("RequestItems") or {})
    names |= {one["TableName"] for item in body.get("TransactItems") or [] for one in item.values()}
    return ",".join(sorted(names))


def _error_response(self: Foreign, status: int, code: str, message: str) -> Foreign:
    _, headers, body = self.serialized(ActionResult(InjectedError(status, code, message)))
    headers["status"] = str(status)
    return status, headers, body


def _parameters(self: Foreign) -> list[Any]:
    """Functions that look a parameter up, in the JSON body, the query or form, and the path."""
    # What the path names counts first: the body of an invocation is the function's event.
    asks: list[Any] = [self.uri_match.get] if self.uri_match else []
    body = self.raw_body
    if body[:1] == b"{" and len(body) < 1 << 20:
        try:
            parsed = json.loads(body)
        except ValueError:
            parsed = {}
        asks.append(parsed.get)
        if "TransactItems" in parsed:
            asks.append({"TableName": _tables_of(parsed).split(",")}.get)
    else:
        asks.append(self.querystring.get)
    return asks


def _all_parameters(self: Foreign) -> dict[str, Any]:
    """Every parameter by its name, wherever the protocol of the service puts it."""
    query = parse_qs(urlsplit(self.uri).query)  # a REST call may say more there: the group of a schedule
    found: dict[str, Any] = {**{name: values[0] for name, values in query.items()}, **self.uri_match}
    if self.automated_parameter_parsing:
        return {**found, **self.params}
    if self.raw_body[:1] == b"{" and len(self.raw_body) < 1 << 20:
        with contextlib.suppress(ValueError):
            return {**found, **json.loads(self.raw_body)}
    return {**self.querystring, **found} if "Action" in self.querystring else found


def _first(asks: list[Any], name: str) -> Any:
    for ask in asks:
        if (value := ask(name)) is not None:
            return value
    return None
