"""Measuring the noise of services that are deployed by canaries."""

import random
from datetime import timedelta
from typing import Any

from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import check_repeatable
from tests.unit.canary_world import SLOW, settings
from tests.unit.examples import at, deployment, environment, registered, release, running, service
from tidegate.domain.figures import history_of
from tidegate.domain.judge import Calibration
from tidegate.domain.outcome import Outcome
from tidegate.domain.strategy import CanarySettings, JudgeRules, ZoneHistory
from tidegate.errors import Transient
from tidegate.steps.calibrate_service import CURSOR, Command, run

ZONES = ZoneHistory(("use1-az1", "use1-az2"))
NOW = at(0)


def with_canary(name: str = "checkout", **more: Any) -> Any:
    strategy = settings(**{"history": ZONES, **more})
    return service(name, environments=(environment("prod", strategy=strategy), environment("dev")))


def given(*services: Any, hours: float = 24, errors: int = 3) -> FakePorts:
    """Services of which the metrics of some hours are there: zones of equal load, `errors` a minute each."""
    ports = registered(fake_ports(), *(services or (with_canary(),)))
    for each in services or (with_canary(),):
        for place in each.environments:
            if isinstance(place.strategy, CanarySettings):
                fill(ports, place.strategy, hours, errors)
    return ports


def fill(ports: FakePorts, strategy: CanarySettings, hours: float, errors: int) -> None:
    chance = random.Random(1)
    for minute in range(1, int(hours * 60)):
        when = NOW - timedelta(minutes=minute)
        for query in history_of(strategy).queries:
            value = 1000.0 if "requests" in query.id else float(chance.randrange(2 * errors + 1))
            if value:
                ports.metrics.record(query, when, value)


def calibration(ports: FakePorts, metric: str = "errors") -> Calibration:
    return Calibration.from_dict(ports.calibrations.stored["checkout", "prod"].metrics[metric])


def test_a_day_of_two_zones_calibrates_every_environment_with_a_canary():
    # Given
    ports = given(with_canary(judge=JudgeRules(slow=(SLOW,))))

    # When
    result = run(Command(), ports)

    # Then
    assert result == {"calibrated": 1, "services": 1}
    stored = ports.calibrations.stored["checkout", "prod"]
    assert (stored.at, stored.since, stored.note) == (NOW, at(-86_400), "")
    assert (calibration(ports).status, calibration(ports, "slow_p99").status) == ("ok", "ok")
    assert calibration(ports).minutes == 1439
    assert set(stored.dispersion) == {"errors", "slow_p99"}
    assert set(ports.calibrations.stored) == {("checkout", "prod")}


def test_deployments_and_the_quarter_of_an_hour_after_them_are_left_out():
    # Given a deployment of ten minutes three hours ago
    ports = given()
    old = release(ports)
    deployment(ports, old, "prod", opened=-10_800, outcome=Outcome.SUCCEEDED, ended_at=at(-10_200))

    # When
    run(Command(), ports)

    # Then its 25 minutes do not count, nor does the one in which it began
    assert calibration(ports).minutes == 1439 - 26


def test_a_deployment_that_runs_now_is_left_out_too():
    ports = given()
    deployment(ports, running(ports), "prod", opened=-3600)
    run(Command(), ports)
    assert calibration(ports).minutes == 1439 - 61


def test_that_a_service_was_adopted_is_no_deployment():
    ports = given()
    deployment(ports, release(ports), "prod", opened=-3600, outcome=Outcome.SUCCEEDED, strategy="adopted")
    run(Command(), ports)
    assert calibration(ports).minutes == 1439


def test_too_short_a_history_is_said_so():
    ports = given(hours=3)
    run(Command(), ports)
    stored = ports.calibrations.stored["checkout", "prod"]
    assert stored.note == "errors cannot be calibrated: under 6 h of usable history."
    assert calibration(ports).status == "fallback"


def test_without_a_history_the_dispersion_of_all_errors_is_measured():
    # Given errors that come in bunches of twenty
    ports = given(with_canary(history=None), errors=20)

    # When
    run(Command(), ports)

    # Then
    stored = ports.calibrations.stored["checkout", "prod"]
    assert stored.metrics == {}
    assert stored.dispersion["errors"] > 5
    assert "No history" in stored.note


def test_a_minute_with_requests_and_without_an_error_has_none():
    # Given
    ports = given(errors=0)
    chance = random.Random(2)
    for query in history_of(settings(history=ZONES)).queries:
        for minute in range(1, 1440):
            if "requests" not in query.id and chance.random() < 0.1:
                ports.metrics.record(query, NOW - timedelta(minutes=minute), 1.0)

    # When
    run(Command(), ports)

    # Then
    assert calibration(ports).minutes == 1439
    assert 0.1 < calibration(ports).errors_per_minute < 0.3


def test_the_most_cautious_of_seven_days_counts():
    # Given a noisy day a week ago, and calm ones since
    ports = given()
    noisy = history_of(settings(history=ZONES)).queries
    one = next(query for query in noisy if query.id == "group_0_errors")
    for minute in range(1, 1440):
        ports.metrics.record(one, NOW - timedelta(minutes=minute), 60.0 if minute % 60 < 10 else 1.0)
    run(Command(), ports)
    largest = calibration(ports).largest
    assert largest > 5

    # When
    seen = []
    for day in range(1, 8):
        ports.clock.at = NOW + timedelta(days=day)
        ports.metrics.series.clear()
        chance = random.Random(day)
        for minute in range(1, 1440):
            for query in noisy:
                value = 1000.0 if "requests" in query.id else float(chance.randrange(7))
                ports.metrics.record(query, ports.clock.at - timedelta(minutes=minute), value)
        run(Command(), ports)
        seen.append(calibration(ports).largest)

    # Then
    assert seen[:6] == [largest] * 6
    assert seen[6] < largest
    assert len(ports.calibrations.stored["checkout", "prod"].days) == 7


def test_what_cannot_be_read_keeps_nobody_else_from_being_measured():
    # Given
    ports = given(with_canary("aaa"), with_canary("checkout"))
    ports.metrics.fail("read", Transient("InternalError"))

    # When
    result = run(Command(), ports)

    # Then
    assert (result["calibrated"], result["services"], result["reason"]) == (1, 2, "aaa: InternalError")


def test_the_next_run_goes_on_with_the_service_after_the_last():
    # Given
    ports = given(with_canary("aaa"), with_canary("bbb"), with_canary("ccc"))

    # When two at a time
    for _ in range(2):
        run(Command(services=2), ports)
        ports.clock.advance(1)

    # Then
    assert [each.arguments[0] for each in ports.calibrations.called("put")] == ["aaa", "bbb", "ccc", "aaa"]
    assert ports.intake.seen(CURSOR) == ("aaa", at(1))


def test_a_run_ends_in_time():
    # Given a reading that takes half a minute
    ports = given(with_canary("aaa"), with_canary("bbb"), with_canary("ccc"))
    read = ports.metrics.read

    def slow(*arguments: Any, **options: Any) -> Any:
        ports.clock.advance(30)
        return read(*arguments, **options)

    ports.metrics.read = slow

    # Then
    assert run(Command(seconds=40), ports)["services"] == 2


def test_a_run_that_breaks_is_made_up_for_by_the_next():
    def make() -> Any:
        ports = given(hours=7)
        return ports, lambda: run(Command(), ports)

    # What concerns one service is said in the result and keeps the run going.
    of_one = {
        ("catalogue", "get"), ("metrics", "read"), ("deployments", "latest"), ("calibrations", "get"),
        ("calibrations", "put"),
    }  # fmt: skip
    check_repeatable(make, forgiven=of_one)


def test_a_rule_that_belongs_to_no_application_load_balancer_is_said():
    ports = registered(fake_ports(), with_canary(listener_rules=("arn:no:rule",)))
    assert "is not the ARN of a listener rule" in run(Command(), ports)["reason"]
