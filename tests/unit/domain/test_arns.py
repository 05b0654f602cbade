"""Amazon Resource Names."""

import pytest

from tidegate.domain.arns import EcsName, ecs_name, machine_of
from tidegate.domain.service import Target


@pytest.mark.parametrize("kind", ["service", "task"])
def test_a_service_or_task_says_where_it_is(kind: str):
    found = ecs_name(f"arn:aws:ecs:eu-central-1:123456789012:{kind}/prod/checkout")
    assert found == EcsName(Target("123456789012", "eu-central-1"), "prod", "checkout")


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "checkout",
        "arn:aws:ecs:eu-central-1:123456789012:service/checkout",
        "arn:aws:s3:::prod/checkout/x",
        "arn:aws:ecs:eu-central-1:123456789012:service/a/b/c",
    ],
)
def test_what_names_no_cluster_says_nothing(arn: str):
    assert ecs_name(arn) is None


def test_an_execution_names_its_machine():
    prefix = "arn:aws:states:eu-central-1:123456789012"
    assert machine_of(f"{prefix}:execution:tidegate-rollback:checkout-1") == "tidegate-rollback"
    assert machine_of(f"{prefix}:stateMachine:tidegate-rollback") is None
    assert machine_of("by hand") is None
