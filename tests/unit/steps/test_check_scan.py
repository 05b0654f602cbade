"""Judging the scans of a release's images."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import at, digest, service
from tests.unit.stage import Stage, planned
from tidegate.domain.outcome import StopSignal
from tidegate.domain.scan import ImageScan, ScanFinding
from tidegate.domain.service import ScanPolicy, Waiver
from tidegate.errors import Terminal
from tidegate.steps.check_scan import FIRST_LOOK_SECONDS, LOOK_AGAIN_SECONDS, Command, run

CLEAN = ImageScan(status="COMPLETE")
BAD = ImageScan(status="COMPLETE", counts={"CRITICAL": 1}, findings=(ScanFinding("CVE-2026-1", "CRITICAL"),))
RUNNING = ImageScan(status="IN_PROGRESS")
UNSUPPORTED = ImageScan(status="UNSUPPORTED_IMAGE")
MISSING = ImageScan(status=None)


def gate(scan: ImageScan, **policy) -> Stage:
    stage = planned(manifest=service(scan=ScanPolicy(**policy)))
    stage.ports.registry.scans["checkout", digest("b")] = scan
    return stage


def check(stage: Stage) -> dict:
    return run(Command(root=stage.root, release=stage.release.id, started_at=at(0)), stage.ports)


def test_a_clean_image_passes_and_the_journal_says_so_once():
    # Given
    stage = gate(CLEAN)

    # When
    results = [check(stage), check(stage)]

    # Then
    assert {each["outcome"] for each in results} == {"passed"}
    assert stage.ports.journal.kinds(stage.release.id) == ["scan.passed"]


def test_findings_that_block_reject_the_release():
    # Given
    stage = gate(BAD)

    # When
    result = check(stage)

    # Then
    assert result["outcome"] == "rejected"
    assert "CVE-2026-1" in result["reason"]
    assert "scan gate" not in result["reason"]
    assert result["blocking"]
    assert stage.ports.journal.kinds(stage.release.id) == ["scan.blocked"]


def test_a_waiver_lets_its_finding_pass_until_it_expires():
    # Given
    waiver = Waiver("CVE-2026-1", "Not reachable.", "2026-11-23")
    stage = gate(BAD, waivers=(waiver,))

    # When
    today = check(stage)
    stage.ports.clock.advance(86_400)
    tomorrow = check(stage)

    # Then
    assert (today["outcome"], tomorrow["outcome"]) == ("passed", "rejected")
    assert today["waived"]


@pytest.mark.parametrize("scan", [RUNNING, MISSING])
@pytest.mark.parametrize(
    ("timeout", "gone", "wait"),
    [
        (1800, 0, FIRST_LOOK_SECONDS),
        (1800, 60, 60),
        (1800, 1000, LOOK_AGAIN_SECONDS),
        (1800, 1700, 101),
        (10, 0, 11),
        (60, 59.5, 1),
    ],
)
def test_a_scan_that_is_not_there_yet_is_waited_for_as_long_as_the_policy_allows(
    scan: ImageScan, timeout: int, gone: float, wait: int
):
    # Given
    stage = gate(scan, timeout_seconds=timeout)
    stage.ports.clock.advance(gone)

    # When
    result = check(stage)

    # Then
    assert (result["outcome"], result["wait_seconds"]) == ("pending", wait)
    assert not stage.ports.journal.lines


@pytest.mark.parametrize("scan", [RUNNING, MISSING])
@pytest.mark.parametrize(("choice", "outcome"), [("block", "rejected"), ("allow", "passed")])
def test_a_scan_that_never_came_means_what_the_policy_says(scan: ImageScan, choice: str, outcome: str):
    # Given
    stage = gate(scan, timeout_seconds=60, when_missing=choice)
    stage.ports.clock.advance(60)

    # When
    result = check(stage)

    # Then
    assert result["outcome"] == outcome
    assert result["reason"].startswith("The scan gate stops it. ") is (outcome == "rejected")


@pytest.mark.parametrize(("choice", "outcome"), [("block", "rejected"), ("allow", "passed")])
def test_an_image_that_cannot_be_scanned_means_what_the_policy_says(choice: str, outcome: str):
    assert check(gate(UNSUPPORTED, when_unsupported=choice))["outcome"] == outcome


def two_images(first: ImageScan, second: ImageScan) -> Stage:
    stage = gate(first)
    stage.now.images["proxy"] = stage.now.images["app"].__class__("proxy", digest("e"), "1.0", at(0))
    stage.ports.registry.scans["proxy", digest("e")] = second
    return stage


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [(CLEAN, CLEAN, "passed"), (CLEAN, BAD, "rejected"), (CLEAN, RUNNING, "pending"), (BAD, RUNNING, None)],
)
def test_every_image_of_a_release_must_pass(first: ImageScan, second: ImageScan, outcome: str | None):
    # When
    result = check(two_images(first, second))

    # Then
    assert result["outcome"] == outcome or (outcome is None and result["outcome"] != "passed")


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_is_not_looked_at(signal: StopSignal):
    # Given
    stage = gate(CLEAN)
    stage.stop(signal, "Enough.")

    # Then
    assert check(stage) == {"outcome": str(signal), "reason": "Enough."}
    assert not stage.ports.registry.called("scan")


def test_the_policy_is_that_of_the_pinned_revision():
    # Given
    stage = gate(BAD)
    stage.ports.catalogue.put(service(scan=ScanPolicy(block=())), after=1)

    # Then
    assert check(stage)["outcome"] == "rejected"


def test_a_retry_is_judged_anew_and_noted_anew():
    # Given
    stage = gate(BAD)
    check(stage)
    stage.ports.releases.start_attempt(stage.release.id, 2, "again")
    stage.ports.registry.scans["checkout", digest("b")] = CLEAN

    # When
    result = check(stage)

    # Then
    assert result["outcome"] == "passed"
    assert stage.ports.journal.kinds(stage.release.id) == ["scan.blocked", "scan.passed"]


def test_an_unknown_release_is_an_error():
    with pytest.raises(Terminal):
        run(Command(root="x", release="nobody", started_at=at(0)), planned().ports)


@pytest.mark.parametrize("scan", [CLEAN, BAD, RUNNING])
def test_whatever_breaks_trying_again_finishes_it(scan: ImageScan):
    def make():
        stage = gate(scan, timeout_seconds=86_400)
        return stage.ports, lambda: check(stage)

    check_repeatable(make)
