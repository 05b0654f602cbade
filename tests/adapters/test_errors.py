"""How an error of botocore becomes one of the two errors that leave a Lambda."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from tests.adapters.values import HOME
from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_call, translated
from tidegate.errors import Terminal, Transient


def refusal(code: str, message: str = "no", status: int = 400, **more: object) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(response, "Operation")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code",
    [
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "ConcurrentModificationException",
        "TransactionConflictException",
        "ServerException",
        "InternalServerError",
        "ServiceUnavailable",
        "SlowDown",
        "HealthUnavailable",
        "KMSThrottlingException",
    ],
)
def test_what_passes_is_transient(code: str):
    assert isinstance(translated(refusal(code), "x:Y"), Transient)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_unknown_code_is_transient_when_the_status_says_so(status: int):
    assert isinstance(translated(refusal("SomethingNew", status=status), "x:Y"), Transient)


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ValidationException", "LimitExceededException", "New"]
)
def test_what_stays_and_what_is_unknown_is_terminal(code: str):
    assert isinstance(translated(refusal(code), "x:Y"), Terminal)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (["None", "TransactionConflict"], Transient),
        (["ThrottlingError"], Transient),
        (["ProvisionedThroughputExceeded"], Transient),
        (["ValidationError"], Terminal),
        (["ItemCollectionSizeLimitExceeded", "None"], Terminal),
        ([], Terminal),
    ],
)
def test_a_cancelled_transaction_is_judged_by_its_reasons(codes: list[str], kind: type[Exception]):
    error = refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])

    assert isinstance(translated(error, "dynamodb:TransactWriteItems"), kind)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="https://x"), Transient),
        (ConnectTimeoutError(endpoint_url="https://x"), Transient),
        (NoCredentialsError(), Terminal),
        (ParamValidationError(report="Unknown parameter"), Terminal),
        (BotoCoreError(), Terminal),
    ],
)
def test_what_goes_wrong_on_the_way_is_transient(error: BotoCoreError, kind: type[Exception]):
    assert isinstance(translated(error, "x:Y"), kind)


def test_the_message_names_code_sentence_and_call():
    assert (
        str(translated(refusal("Refused", "It may not."), "ecs:RunTask"))
        == "Refused: It may not. (ecs:RunTask)"
    )
    assert (
        str(translated(refusal("Refused", ""), "ecs:RunTask")) == "Refused: AWS gave no reason. (ecs:RunTask)"
    )


def test_a_request_that_makes_no_sense_is_terminal_and_names_the_call(clients: Clients):
    with pytest.raises(Terminal, match=r"^ParamValidationError: [\s\S]*\(ecs:RunTask\)$"):
        aws_call(clients.at("ecs", HOME).run_task, nonsense=True)
