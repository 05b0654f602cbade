"""Planning a deployment of one environment by hand."""

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import check_repeatable
from tests.unit.examples import NOON, digest, execution_arn, registered, release, service
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.steps.plan_deployment import Command, run

BY_HAND = execution_arn("console-4711", "deploy")


def ledger() -> tuple[FakePorts, Release]:
    ports = registered(fake_ports())
    ports.registry.push("checkout", "1.0.b", digest("b"), NOON)
    return ports, release(ports, letter="b", salt=901, outcome=Outcome.SUCCEEDED)


def plan(ports: FakePorts, root: str = BY_HAND, **given) -> dict:
    return run(Command(root=root, input=given), ports)


@pytest.mark.parametrize("image", ["tag", "digest", "release"])
def test_any_image_or_release_goes_to_the_one_environment(image: str):
    # Given
    ports, one = ledger()
    choice = {
        "tag": {"service": "checkout", "tag": "1.0.b"},
        "digest": {"service": "checkout", "digest": digest("b")},
        "release": {"release": one.id},
    }[image]

    # When
    result = plan(ports, environment="staging", requested_by="ana", reason="Try it.", **choice)

    # Then
    assert (result["outcome"], result["index"]) == ("ready", 0)
    assert [each["name"] for each in result["environments"]] == ["staging"]
    minted = ports.releases.stored[result["release"]]
    assert minted.id != one.id
    assert (minted.digests, minted.trigger) == ({"app": digest("b")}, "operator")
    assert (minted.execution, minted.requested_by) == (BY_HAND, "ana")
    assert ports.journal.kinds(minted.id) == ["release.created", "release.started"]
    assert len(ports.notifier.messages) == 1


def test_the_strategy_may_be_named_when_the_manifest_has_settings_for_it():
    # Given
    ports, one = ledger()

    # Then
    result = plan(ports, release=one.id, environment="dev", strategy="rolling")
    assert result["environments"][0]["strategy"] == "rolling"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "environment: this field is missing; give the name of an environment."),
        ({"environment": "moon"}, "environment: service checkout has no environment moon; it has dev"),
        ({"environment": "dev", "strategy": "leap"}, "strategy: leap is no strategy; give one of "),
        ({"environment": "dev", "service": "nobody"}, "service: nobody is not registered"),
        ({"environment": "dev", "tag": "9.9"}, "tag: repository checkout has no image 9.9."),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_that_names_the_field_and_changes_nothing(given: dict, sentence: str):
    # Given
    ports, one = ledger()

    # When
    result = plan(ports, **{"service": "checkout", "tag": "1.0.b", **given})

    # Then
    assert (result["outcome"], result["release"]) == ("rejected", None)
    assert result["reason"].startswith(sentence)
    assert set(ports.releases.stored) == {one.id}
    assert not ports.intake.claims


def test_a_release_of_another_service_is_refused():
    # Given
    ports, one = ledger()
    registered(ports, service("refunds"))

    # When
    result = plan(ports, service="refunds", release=one.id, environment="dev")

    # Then
    assert result["reason"] == f"service: {one.id} is a release of checkout, not of refunds."


def test_an_image_in_quarantine_ends_the_release_that_was_minted():
    # Given
    ports, _ = ledger()
    ports.quarantine.add("checkout", digest("b"), reason="It crashes.", release="x", at=NOON)

    # When
    result = plan(ports, service="checkout", tag="1.0.b", environment="dev")

    # Then
    assert result["outcome"] == "rejected"
    assert result["release"] in ports.releases.stored


def test_a_strategy_that_exists_but_has_no_settings_here_is_refused(monkeypatch: pytest.MonkeyPatch):
    # Given a version that knows one more strategy
    ports, one = ledger()
    monkeypatch.setattr("tidegate.domain.strategy.STRATEGIES", frozenset({"rolling", "canary"}))

    # When
    result = plan(ports, release=one.id, environment="dev", strategy="canary")

    # Then
    assert result["reason"] == "strategy: dev has settings for rolling."


@pytest.mark.parametrize("outcome", ["ready", "rejected"])
def test_whatever_breaks_trying_again_finishes_it(outcome: str):
    def make():
        ports, _ = ledger()
        if outcome == "rejected":
            ports.quarantine.add("checkout", digest("b"), reason="Bad.", release="x", at=NOON)
        return ports, lambda: plan(ports, service="checkout", tag="1.0.b", environment="dev")

    check_repeatable(make)
