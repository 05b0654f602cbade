"""Noting who pushed an image, when CloudTrail tells."""

from datetime import timedelta
from typing import Any

import pytest

from local.events.pattern import matches
from tests.statemachines.template import resources
from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import check_repeatable
from tests.unit.examples import event, registered, release, service
from tidegate.contracts.events import ApiCall
from tidegate.domain.images import ImageRef
from tidegate.domain.release import Release
from tidegate.steps.receive_put_image import Command, run

TOLD = event("cloudtrail_put_image")
ARN = TOLD["detail"]["userIdentity"]["arn"]
DIGEST = TOLD["detail"]["responseElements"]["image"]["imageId"]["imageDigest"]
AT = ApiCall.model_validate(TOLD).detail.at


def command(**detail: Any) -> Command:
    return Command.model_validate(event("cloudtrail_put_image", **detail))


def pushed(ports: FakePorts, *, later: float = 2, **more: Any) -> Release:
    """A release of the image, which was pushed so many seconds after CloudTrail's time."""
    image = ImageRef("checkout", DIGEST, "1.4.0", AT + timedelta(seconds=later))
    return release(ports, images={"app": image}, **more)


def given_ports() -> FakePorts:
    return registered(fake_ports(), service("checkout"))


def test_the_pusher_is_noted_with_the_release_that_the_push_made():
    # Given
    ports = given_ports()
    mine, other = pushed(ports), release(ports, letter="c", salt=7)

    # When it is delivered twice
    results = [run(command(), ports), run(command(), ports)]

    # Then
    assert results == [{"outcome": "noted", "releases": [mine.id]}] * 2
    assert ports.releases.stored[mine.id].pushed_by == (ARN,)
    assert ports.releases.stored[other.id].pushed_by == ()
    (line,) = ports.journal.entries(mine.id)
    assert (line["kind"], line["entry"]["pusher"]) == ("release.pushed_by", ARN)


def test_what_comes_before_its_release_is_kept_for_it():
    # Given
    ports = given_ports()

    # When
    result = run(command(), ports)

    # Then
    assert result == {"outcome": "noted", "releases": []}
    assert ports.intake.seen(f"pusher/checkout@{DIGEST}") == (ARN, AT)


@pytest.mark.parametrize("more", [{"later": 3600}, {"later": -3600}, {"trigger": "operator"}])
def test_other_releases_of_the_same_image_have_other_requesters(more: dict[str, Any]):
    # Given a release of the image that another push, or a person, has made
    ports = given_ports()
    other = pushed(ports, **more)

    # When
    run(command(), ports)

    # Then
    assert ports.releases.stored[other.id].pushed_by == ()


@pytest.mark.parametrize(
    ("detail", "ignored"),
    [
        ({"errorCode": "ImageTagAlreadyExistsException", "responseElements": None}, "refused"),
        ({"userIdentity": {"type": "AWSService", "invokedBy": "replication.ecr.amazonaws.com"}}, "no_pusher"),
        ({"responseElements": None}, "no_image"),
        ({"requestParameters": {}}, "no_image"),
    ],
)
def test_what_names_no_pusher_or_no_image_is_ignored(detail: dict[str, Any], ignored: str):
    # Given
    ports = given_ports()
    pushed(ports)

    # Then
    assert run(command(**detail), ports) == {"ignored": ignored}
    assert not ports.intake.claims


def test_whatever_breaks_trying_again_finishes_it():
    def make() -> Any:
        ports = given_ports()
        pushed(ports)
        return ports, lambda: run(command(), ports)

    check_repeatable(make)


def test_the_rule_takes_the_documented_event_and_no_other_call():
    # Given
    function = resources("AWS::Serverless::Function")["ReceivePutImageFunction"]
    pattern = {**function["Events"]["Call"]["Properties"]["Pattern"], "source": ["aws.ecr"]}

    # Then
    assert matches(pattern, TOLD)
    assert not matches(pattern, event("cloudtrail_put_image", eventName="BatchDeleteImage"))
    assert not matches(pattern, event("ecr_image_push"))
