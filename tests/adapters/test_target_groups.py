"""What `ports.TargetGroups` promises."""

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.support.fakes import FakeTargetGroups
from tidegate.aws.clients import Clients
from tidegate.aws.target_groups import ElbTargetGroups
from tidegate.domain.workload import TargetState
from tidegate.errors import Terminal
from tidegate.ports import TargetGroups


@pytest.fixture
def groups(kind: str, request: pytest.FixtureRequest) -> tuple[TargetGroups, str]:
    """A target group with one healthy target, and its ARN."""
    if kind == "fake":
        fake = FakeTargetGroups()
        fake.targets["group"] = (TargetState("10.0.0.1:80", "healthy"),)
        return fake, "group"
    clients: Clients = request.getfixturevalue("clients")
    elb = clients.at("elbv2", HOME)
    vpc = clients.at("ec2", HOME).describe_vpcs()["Vpcs"][0]["VpcId"]
    made = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    arn: str = made["TargetGroups"][0]["TargetGroupArn"]
    scripted = {"TargetHealth": {"State": "healthy"}, "Target": {"Id": "10.0.0.1", "Port": 80}}
    Scripted(elb).answer("DescribeTargetHealth", {"TargetHealthDescriptions": [scripted]})
    return ElbTargetGroups(clients), arn


def test_every_target_has_its_state(groups: tuple[TargetGroups, str]):
    port, arn = groups

    assert port.health(HOME, arn) == (TargetState("10.0.0.1:80", "healthy"),)


def test_a_target_group_that_does_not_exist_is_a_mistake(kind: str, request: pytest.FixtureRequest):
    unknown = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/none/0123456789abcdef"
    port = FakeTargetGroups() if kind == "fake" else ElbTargetGroups(request.getfixturevalue("clients"))

    with pytest.raises(Terminal, match="TargetGroupNotFound"):
        port.health(HOME, unknown)


def test_reasons_are_passed_on_and_new_states_too(clients: Clients):
    # Given
    health = {
        "State": "unhealthy.draining",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [500]",
    }
    answer = [{"Target": {"Id": "i-1"}, "TargetHealth": health}, {"Target": {"Id": "i-2", "Port": 8080}}]
    scripted = Scripted(clients.at("elbv2", HOME))
    scripted.answer("DescribeTargetHealth", {"TargetHealthDescriptions": answer})

    # Then a target of which nothing is known is not healthy
    assert ElbTargetGroups(clients).health(HOME, "group") == (
        TargetState("i-1", "unhealthy.draining", health["Reason"], health["Description"]),
        TargetState("i-2:8080", "unavailable"),
    )
