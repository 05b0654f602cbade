"""What `ports.Canaries` promises."""

import math
from dataclasses import replace

import pytest

from tests.adapters.conftest import aws_stores
from tests.adapters.scripted import Scripted
from tests.adapters.values import at, canary, period
from tidegate.aws.clients import Clients
from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.errors import Terminal
from tidegate.ports import Ports

TRACKING = {
    "PolicyName": "cpu",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 62.5, "DisableScaleIn": False},
}


def test_a_canary_is_opened_once(stores: Ports):
    # When
    opened = stores.canaries.open(canary())

    # Then a retry gets it back as it stands, whatever the retry says
    assert opened == replace(canary(), version=1)
    assert stores.canaries.open(canary(reason="again")) == opened
    assert stores.canaries.get("checkout", "prod") == opened
    assert stores.canaries.get("checkout", "dev") is None


def test_only_one_canary_lives_at_a_time(stores: Ports):
    # Given
    first = stores.canaries.open(canary())

    # Then another one is refused
    with pytest.raises(Terminal, match="Canary canary-1 of checkout in prod has not ended"):
        stores.canaries.open(canary("canary-2"))

    # When the first has ended
    assert stores.canaries.end(replace(first, phase="ended", ended_at=at(60))) is not None

    # Then the next one takes its place, and a late retry of the first gets nothing new
    assert stores.canaries.open(canary("canary-2")).id == "canary-2"
    assert stores.canaries.get("checkout", "prod") == replace(canary("canary-2"), version=1)


def test_a_canary_that_has_ended_is_not_opened_again(stores: Ports):
    # Given
    ended = stores.canaries.end(replace(stores.canaries.open(canary()), phase="ended"))

    # Then
    assert stores.canaries.open(canary()) == ended
    assert stores.canaries.active() == ()


def test_everything_about_a_canary_is_kept(stores: Ports):
    # Given a canary with a value in every field
    opened = stores.canaries.open(canary(strategy="blue_green"))
    full = replace(
        opened,
        phase="analysing",
        step=2,
        weight=0.1,
        shifted_at=at(90),
        decision="roll_back",
        reason="too many errors",
        evidence="judge",
        promoted=True,
        judge='{"log": 1e-300}',
        readings={"a": {"2026-11-23T12:00:00.000000Z": [0.1, 1e-300, 3.0]}, "b": None},
        judged_until=at(60),
        capacity_since=at(30),
        scaling=ServiceScaling(2, 8, Suspended(scale_in=True), (TRACKING,)),
        held=True,
        note="no history",
        evidence_at="s3://evidence/1",
        ended_at=at(120),
    )

    # When
    saved = stores.canaries.save(full)

    # Then
    assert saved == replace(full, version=2)
    assert stores.canaries.get("checkout", "prod") == saved


def test_of_two_who_change_a_canary_one_wins(stores: Ports):
    # Given two who have read the same
    opened = stores.canaries.open(canary())

    # When both save
    first = stores.canaries.save(replace(opened, phase="analysing"))
    second = stores.canaries.save(replace(opened, phase="asking"))

    # Then the second has to read again
    assert first is not None
    assert second is None
    assert stores.canaries.get("checkout", "prod") == first
    assert stores.canaries.save(replace(opened, id="canary-0")) is None


def test_a_write_that_is_sent_again_is_the_same_write(stores: Ports):
    # Given
    opened = stores.canaries.open(canary())
    changed = replace(opened, phase="ended", ended_at=at(1))

    # Then
    assert stores.canaries.save(changed) == stores.canaries.save(changed)


def test_what_has_not_ended_is_found_without_a_search(stores: Ports):
    # Given canaries in several places
    for service, environment in (("basket", "prod"), ("checkout", "prod"), ("checkout", "staging")):
        stores.canaries.open(canary(f"{service}-{environment}", service=service, environment=environment))

    # When one ends
    basket = stores.canaries.get("basket", "prod")
    assert basket is not None
    stores.canaries.save(replace(basket, phase="ended"))

    # Then
    assert [each.id for each in stores.canaries.active()] == ["checkout-prod", "checkout-staging"]


def test_a_period_is_kept_once_and_as_it_was_first(stores: Ports):
    # Given
    stores.canaries.add_periods("one", [period(60), period(0, log_evidence=-math.inf)])

    # When one comes again with other figures
    stores.canaries.add_periods("one", [period(60, verdict="roll_back"), period(120)])

    # Then
    assert stores.canaries.periods("one") == (period(0, log_evidence=-math.inf), period(60), period(120))
    assert stores.canaries.periods("two") == ()
    stores.canaries.add_periods("two", [])


def test_a_record_that_dynamodb_would_refuse_is_refused_with_a_sentence(clients: Clients):
    # Given
    ports = aws_stores(clients)
    opened = ports.canaries.open(canary())

    # Then
    with pytest.raises(Terminal, match=r"canary-1 cannot be stored: its record has \d{6} bytes"):
        ports.canaries.save(replace(opened, readings={"errors": ["x" * 1000] * 400}))


def test_an_entry_without_its_record_is_passed_over(clients: Clients):
    # Given a list that names a canary whose record says that it has ended
    ports = aws_stores(clients)
    opened = ports.canaries.open(canary())
    script = Scripted(clients.home("dynamodb"))
    script.answer("Query", {"Items": [{"pk": {"S": "CANARIES"}, "sk": {"S": "checkout/prod"}}]})
    ports.canaries.save(replace(opened, phase="ended"))

    # Then
    assert ports.canaries.active() == ()
