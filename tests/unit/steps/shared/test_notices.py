"""Messages to people."""

from typing import Any

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import execution_arn, service
from tidegate.domain.service import Notifications, Service
from tidegate.errors import Terminal, Transient
from tidegate.steps.notices import LONGEST, execution_link, tell

ROOT = execution_arn("checkout-20261123T120000Z-000384")


def say(
    ports: FakePorts,
    of: Service | None = None,
    key: str = "started/1",
    kind: str = "started",
    *,
    loud: bool = False,
    **details: str | None,
) -> None:
    tell(
        ports,
        key=key,
        kind=kind,
        loud=loud,
        what="checkout: release of checkout:1.0.b started",
        details={"Reason": "Now.", "Requested by": None, **details},
        service=of,
        execution=ROOT,
    )


def test_the_first_line_says_what_happened_and_the_last_one_links_to_the_execution():
    # Given
    ports = fake_ports()

    # When
    say(ports, service())

    # Then
    (message,) = ports.notifier.messages
    assert message.topic is None
    assert message.subject == "checkout: release of checkout:1.0.b started"
    assert message.attributes == {"kind": "started", "service": "checkout"}
    assert message.body.splitlines() == [
        "checkout: release of checkout:1.0.b started",
        "",
        "Reason: Now.",
        "",
        f"Execution: {execution_link(ROOT)}",
    ]


def test_a_message_about_a_release_links_to_its_page_alone():
    # Given
    ports = fake_ports()

    # When
    say(ports, Release="checkout-1", Environment="prod")

    # Then
    (message,) = ports.notifier.messages
    assert message.body.splitlines()[-1] == "Look: https://tidegate.example/status/releases/checkout-1"
    assert message.body.count("https://") == 1


@pytest.mark.parametrize(
    ("runbooks", "line"),
    [
        ("", "Runbook: docs/runbooks/normal_deployment.md"),
        ("https://git.example/docs/", "Runbook: https://git.example/docs/normal_deployment.md"),
    ],
)
@pytest.mark.parametrize("kind", ["failed", "rolled_back", "rejected", "expired", "cancelled"])
def test_a_message_of_a_failure_names_the_runbook_of_its_machine(kind: str, runbooks: str, line: str):
    # Given
    ports = fake_ports(runbooks=runbooks)

    # When
    say(ports, kind=kind)

    # Then
    assert ports.notifier.messages[0].body.splitlines()[-1] == line


@pytest.mark.parametrize(
    ("kinds", "kind", "sent"),
    [
        (None, "started", 1),
        (("failed",), "started", 0),
        (("failed",), "failed", 1),
        ((), "failed", 0),
        ((), "glass_broken", 1),
    ],
)
def test_a_team_chooses_the_kinds_that_it_wants(kinds: Any, kind: str, sent: int):
    # Given
    ports = fake_ports()

    # When
    say(ports, service(notifications=Notifications(kinds=kinds)), kind=kind)

    # Then
    assert len(ports.notifier.messages) == sent


def test_what_is_loud_is_told_to_the_team_and_to_the_operators_whatever_was_chosen():
    # Given
    ports = fake_ports()
    topic = "arn:aws:sns:us-east-1:123456789012:team"
    quiet = service(notifications=Notifications(topic, kinds=()))

    # When
    for _ in range(2):
        say(ports, quiet, loud=True)
        say(ports, service(), key="other", loud=True)

    # Then
    assert [each.topic for each in ports.notifier.messages] == [topic, None, None]


def test_a_service_may_have_a_topic_of_its_own():
    # Given
    ports = fake_ports()
    topic = "arn:aws:sns:us-east-1:123456789012:team"

    # When
    say(ports, service(notifications=Notifications(topic)))

    # Then
    assert ports.notifier.messages[0].topic == topic


def test_what_belongs_to_no_service_goes_to_the_topic_of_the_stack():
    # Given
    ports = fake_ports()

    # When
    say(ports)

    # Then
    assert ports.notifier.messages[0].attributes == {"kind": "started"}


def test_a_message_is_sent_once():
    # Given
    ports = fake_ports()

    # When
    say(ports)
    say(ports)
    say(ports, key="started/2")

    # Then
    assert len(ports.notifier.messages) == 2


def test_a_detail_without_end_is_cut():
    # Given
    ports = fake_ports()

    # When
    say(ports, Reason="x" * 300_000)

    # Then
    assert len(ports.notifier.messages[0].body) < LONGEST + 1000
    assert "x…" in ports.notifier.messages[0].body


@pytest.mark.parametrize("of", [None, service()])
def test_a_topic_that_refuses_is_noted_and_not_asked_again(of: Service | None):
    # Given
    ports = fake_ports()
    ports.notifier.fail("publish", Terminal("no such topic"))

    # When
    say(ports, of)
    say(ports, of)

    # Then
    assert len(ports.notifier.called("publish")) == 1
    (line,) = ports.journal.entries("checkout" if of else "tidegate")
    assert (line["kind"], line["entry"]["why"]) == ("notice.failed", "no such topic")


def test_a_topic_that_is_out_of_order_is_tried_again_by_the_step():
    # Given
    ports = fake_ports()
    ports.notifier.fail("publish", Transient("throttled"))

    # When
    with pytest.raises(Transient):
        say(ports)
    say(ports)

    # Then
    assert len(ports.notifier.messages) == 1
    assert not ports.journal.lines


def test_a_topic_that_stays_out_of_order_stops_nobody():
    # Given
    ports = fake_ports()
    ports.notifier.fail("publish", Transient("throttled"), times=9)

    # When
    with pytest.raises(Transient):
        say(ports)
    say(ports)

    # Then
    assert [line["kind"] for line in ports.journal.entries("tidegate")] == ["notice.failed"]


def test_the_link_opens_the_execution_in_its_region():
    assert execution_link(ROOT) == (
        "https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/" + ROOT
    )


def test_what_is_no_execution_is_shown_as_it_is():
    assert execution_link("arn:aws:ecs:x") == "arn:aws:ecs:x"
