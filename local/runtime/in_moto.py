"""Puts our Lambda service behind moto's Lambda API, and behind the services that invoke functions."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

from local.mends.patching import Foreign, Mends
from local.runtime import running
from local.runtime.errors import RefusedError

MENDS = Mends()

MODELS = "moto.awslambda.models"


@MENDS.replaces("moto.awslambda.responses:LambdaResponse.invoke", "8f68f0bf023a")
def invoke(self: Foreign) -> Foreign:
    """moto runs functions in Docker; it calls every failure `Handled` and knows no limits.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
    name = unquote(self.path.rsplit("/", 2)[-2])
    qualifier = self.querystring.get("Qualifier", [None])[0]
    function = self.backend.get_function(name, qualifier)
    kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
    try:
        if kind == "DryRun":
            return 204, {"status": "204"}, b""
        if kind == "Event":
            running.current().queue.put(_arn_of(function), self.raw_body)
            return 202, {"status": "202"}, b""
        return _answer(self, function)
    except RefusedError as error:
        headers = {
            "status": str(error.status),
            "x-amzn-errortype": error.code,
            "content-type": "application/json",
        }
        return error.status, headers, error.body()


def _answer(self: Foreign, function: Foreign) -> Foreign:
    encoded = self.headers.get("X-Amz-Client-Context")
    context: Any = json.loads(base64.b64decode(encoded)) if encoded else None
    result = running.current().service.run(function, self.raw_body, client_context=context)
    headers = {"content-type": "application/json", "x-amz-executed-version": result.version}
    if result.function_error:
        headers["x-amz-function-error"] = result.function_error
    if self.headers.get("X-Amz-Log-Type") == "Tail":
        # The last 4 KB: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax
        headers["x-amz-log-result"] = base64.b64encode(result.log.encode()[-4096:]).decode()
    return 200, headers, result.payload


@MENDS.replaces("moto.awslambda.responses:LambdaResponse.invoke_async", "b51e6e28b6a2")
def invoke_async(self: Foreign) -> Foreign:
    """The deprecated InvokeAsync: an event without an invocation type."""
    name = unquote(self.path.rsplit("/", 3)[-3 if self.path.endswith("/") else -2])
    running.current().queue.put(_arn_of(self.backend.get_function(name, None)), self.raw_body)
    return 202, {"status": "202"}, b""


@MENDS.replaces(f"{MODELS}:LambdaFunction.invoke", "dadc324f30ae")
def invoke_in_process(self: Foreign, body: str, request_headers: Foreign, response_headers: Foreign) -> bytes:  # noqa: ARG001
    """moto's own services call functions through this, and look for the error header only."""
    result = running.current().service.run(self, body.encode() if isinstance(body, str) else body or b"{}")
    if result.function_error:
        response_headers["x-amz-function-error"] = result.function_error
    return result.payload


@MENDS.wraps(f"{MODELS}:LambdaFunction.__init__", "70a285222b4a")
def remember_more(
    original: Foreign, self: Foreign, account_id: str, spec: Foreign, *more: Any, **named: Any
) -> None:
    """moto forgets the dead-letter queue of a function."""
    original(self, account_id, spec, *more, **named)
    self.dead_letter_config = spec.get("DeadLetterConfig")


@MENDS.wraps(f"{MODELS}:LambdaFunction.update_configuration", "eca1cdec066f")
def update_more(original: Foreign, self: Foreign, config_updates: Foreign) -> Foreign:
    """moto forgets the dead-letter queue of a function."""
    if "DeadLetterConfig" in config_updates:
        self.dead_letter_config = config_updates["DeadLetterConfig"]
    return original(self, config_updates)


def _arn_of(function: Foreign) -> str:
    arn: str = function.function_arn
    return arn
