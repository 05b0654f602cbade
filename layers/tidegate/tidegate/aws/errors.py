"""Every call to AWS goes through here, so that every failure leaves as `Transient` or `Terminal`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError

from tidegate.errors import Terminal, Transient

Answer = dict[str, Any]
"""A response of AWS as botocore gives it."""

_TRANSIENT_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "ConcurrentModificationException",
        "ConcurrentUpdateException",
        "EC2ThrottledException",
        "HealthUnavailable",
        "InternalError",
        "InternalErrorException",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalServiceException",
        "KMSThrottlingException",
        "KmsThrottlingException",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
        "TransientException",
    }
)
_TRANSIENT_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Why DynamoDB cancels a transaction that may be tried again.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""
_TRANSIENT_SENTENCES = ("Too many concurrent attempts to create a new revision",)
"""ECS answers two registrations of a family at once with a plain ClientException and this sentence."""

_TRANSIENT_FAULTS = (AwsConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)
"""What goes wrong on the way: timeouts, refused and closed connections, half an answer."""


def aws_call(method: Callable[..., Any], /, **parameters: Any) -> Answer:
    """Call a method of a botocore client.

    Raises:
        Transient: throttled, in conflict with another call, a 5xx answer, or no answer at all.
        Terminal: anything else; what is not known to pass is taken to stay.
    """
    try:
        answer: Answer = method(**parameters)
        return answer
    except (ClientError, BotoCoreError) as error:
        raise translated(error, call_name(method)) from error


def aws_call_unless(
    codes: Collection[str], method: Callable[..., Any], /, **parameters: Any
) -> Answer | None:
    """Like `aws_call`, but None when AWS answers with one of the error codes named."""
    try:
        answer: Answer = method(**parameters)
        return answer
    except ClientError as error:
        if error_code(error) in codes:
            return None
        raise translated(error, call_name(method)) from error
    except BotoCoreError as error:
        raise translated(error, call_name(method)) from error


def aws_pages(client: Any, operation: str, /, **parameters: Any) -> Iterator[Answer]:
    """The pages of an operation that botocore can paginate; raises what `aws_call` raises."""
    try:
        yield from client.get_paginator(operation).paginate(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise translated(error, call_name(getattr(client, operation))) from error


def error_code(error: ClientError) -> str:
    """The error's code, as AWS documents it."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def translated(error: ClientError | BotoCoreError, operation: str) -> Transient | Terminal:
    """Which of the two errors a failed call means; its message is `Code: sentence (service:Operation)`."""
    if isinstance(error, ClientError):
        code = error_code(error)
        sentence = str(error.response.get("Error", {}).get("Message", "")) or "AWS gave no reason."
        kind = Transient if _is_transient(error, code, sentence) else Terminal
    else:
        code, sentence = type(error).__name__, str(error)
        kind = Transient if isinstance(error, _TRANSIENT_FAULTS) else Terminal
    return kind(f"{code}: {sentence} ({operation})")


def _is_transient(error: ClientError, code: str, sentence: str) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if code == "TransactionCanceledException":
        return bool(_TRANSIENT_REASONS.intersection(cancellation_codes(error)))
    return (
        code in _TRANSIENT_CODES
        or status == 429
        or status >= 500
        or any(known in sentence for known in _TRANSIENT_SENTENCES)
    )


def cancellation_codes(error: ClientError) -> list[str]:
    """Why DynamoDB cancelled a transaction: one code for each write, `None` for those that were fine."""
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    return [str(reason.get("Code", "None")) for reason in reasons]


def call_name(method: Callable[..., Any]) -> str:
    """`ecs:UpdateService` of the method `update_service` of an ECS client."""
    client: Any = getattr(method, "__self__", None)
    if client is None:
        return method.__name__
    operation = client.meta.method_to_api_mapping.get(method.__name__, method.__name__)
    return f"{client.meta.service_model.service_name}:{operation}"
