"""Use case 6: a pushed image reaches production by itself, and a bad one comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.story import Story
from tests.support.together import together
from tests.support.variants import without_approval

pytestmark = together("releases")
Tell = Callable[..., Story]


def test_a_good_release_reaches_production_after_its_approval(story: Tell) -> None:
    # Given
    checkout = story()
    checkout.service.set_traffic(2000)

    # When
    digest = checkout.push("1.1.0")
    release = checkout.release()
    checkout.approve("Looks good.")
    end = checkout.ended(release)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "succeeded"), end.reason
    assert {checkout.runs(environment) for environment in ("dev", "staging", "prod")} == {digest}
    assert checkout.quarantined() == set()
    seen = checkout.place.world("GET", f"/traffic/prod/{checkout.name}")
    assert seen["versions"][digest]["requests"] > 0
    assert (seen["lost_requests"], seen["bad_requests"]) == (0, 0), "users have noticed nothing"


def test_a_release_whose_tasks_crash_is_rolled_back_in_dev(story: Tell) -> None:
    # Given
    checkout = story()
    good = checkout.service.digests["app"]

    # When
    bad = checkout.push("1.1.0", starts=False, exit_code=1)
    end = checkout.ended(checkout.release())

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert {checkout.runs(environment) for environment in ("dev", "staging", "prod")} == {good}
    assert checkout.quarantined() == {bad}


def test_a_release_that_serves_errors_is_rolled_back_in_staging(story: Tell) -> None:
    # Given
    checkout = story()
    good = checkout.service.digests["app"]

    # When
    bad = checkout.push("1.1.0", error_rate=1.0, http={"/health": 200})
    end = checkout.ended(checkout.release())

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert "smoke" in end.reason
    assert checkout.runs("dev") == bad
    assert checkout.runs("staging") == checkout.runs("prod") == good
    assert checkout.quarantined() == {bad}


def test_a_scan_with_critical_findings_blocks_before_anything_changes(story: Tell) -> None:
    # Given
    checkout = story()
    good = checkout.service.digests["app"]

    # When
    checkout.push("1.1.0", scan={"CRITICAL": 1}, findings=[{"name": "CVE-2026-1", "severity": "CRITICAL"}])
    end = checkout.ended(checkout.release())

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "rejected")
    assert "CVE-2026-1" in end.reason
    assert checkout.runs("dev") == good


def test_a_waiver_lets_a_known_finding_pass(story: Tell) -> None:
    # Given
    def waive(manifest: dict[str, Any]) -> None:
        without_approval(manifest)
        waiver = {"id": "CVE-2026-1", "reason": "The decoder is not compiled in.", "expires": "2099-12-31"}
        manifest["scan"]["waivers"] = [waiver]

    checkout = story(waive)

    # When
    digest = checkout.push(
        "1.1.0", scan={"CRITICAL": 1}, findings=[{"name": "CVE-2026-1", "severity": "CRITICAL"}]
    )
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_an_image_that_cannot_be_scanned_follows_the_policy(story: Tell) -> None:
    # Given
    checkout = story()

    # When
    checkout.push("1.1.0", scan_supported=False)
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "rejected"
    assert "UNSUPPORTED_IMAGE" in end.reason
    assert checkout.runs("dev") == checkout.service.digests["app"]


def test_a_rejection_ends_green_and_production_stays(story: Tell) -> None:
    # Given
    checkout = story()
    good = checkout.service.digests["app"]
    checkout.push("1.1.0")
    release = checkout.release()

    # When
    checkout.reject("Not before the weekend.")
    end = checkout.ended(release)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "rejected")
    assert "Not before the weekend." in end.reason
    assert checkout.runs("prod") == good


def test_an_approval_that_nobody_gives_expires(story: Tell) -> None:
    # Given
    def short(manifest: dict[str, Any]) -> None:
        manifest["environments"] = manifest["environments"][2:]
        manifest["environments"][0]["approval"]["expires_after_seconds"] = 5

    checkout = story(short)

    # When
    checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "expired")
    assert checkout.runs("prod") == checkout.service.digests["app"]


def test_a_newer_push_supersedes_a_release_that_waits_for_approval(story: Tell) -> None:
    # Given
    checkout = story()
    checkout.push("1.1.0")
    older = checkout.release()
    checkout.mail()

    # When
    digest = checkout.push("1.2.0")
    newer = checkout.release()
    end = checkout.ended(older)
    checkout.approve()

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "superseded")
    assert checkout.ended(newer).outcome == "succeeded"
    assert checkout.runs("prod") == digest


def test_nobody_who_can_approve_is_told_at_once_and_named(story: Tell) -> None:
    # Given
    def unconfirmed(manifest: dict[str, Any]) -> None:
        manifest["environments"] = manifest["environments"][2:]
        manifest["environments"][0]["approval"]["approvers"] = ["nobody@example.com"]

    checkout = story(unconfirmed, confirm=False)

    # When
    checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then
    assert (end.status, end.outcome) == ("FAILED", "failed")
    assert "nobody@example.com" in end.reason
    assert checkout.runs("prod") == checkout.service.digests["app"]
