"""What a function is told by its environment."""

import pytest

from tests.adapters.values import HOME
from tidegate.errors import Terminal
from tidegate.settings import Settings


def test_variables_are_read_by_their_names_in_capitals(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEDGER_TABLE", "ledger")
    monkeypatch.setenv("LOCKS_TABLE", "")

    settings = Settings.from_environment()

    assert settings.need("ledger_table") == "ledger"
    with pytest.raises(Terminal, match="LOCKS_TABLE is missing"):
        settings.need("locks_table")


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_machines_are_called_by_stack_and_name_in_their_partition(region: str, partition: str):
    variables = {"HOME_ACCOUNT": HOME.account, "AWS_REGION": region, "STACK_NAME": "tidegate"}

    prefix = Settings.from_environment(variables).machine_arn_prefix

    assert prefix == f"arn:{partition}:states:{region}:123456789012:stateMachine:tidegate-"
