"""What a scan means: unknown never passes, a waiver waives only what is listed, and dates are passed in."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.scan import DONE, SEVERITIES, ImageScan, ScanFinding, assess, assess_all
from tidegate.domain.service import ScanPolicy, Waiver

TODAY = date(2026, 11, 23)
POLICY = ScanPolicy()
ALLOWING = ScanPolicy(when_missing="allow", when_unsupported="allow")
STATUSES = [
    *("IN_PROGRESS", "COMPLETE", "FAILED", "UNSUPPORTED_IMAGE", "ACTIVE", "PENDING"),
    *("SCAN_ELIGIBILITY_EXPIRED", "FINDINGS_UNAVAILABLE", "LIMIT_EXCEEDED", "IMAGE_ARCHIVED"),
    "IMAGE_SIZE_EXCEEDED",
]


def waiver(finding: str = "CVE-1", expires: str = "2026-12-31") -> Waiver:
    return Waiver(finding, "not reachable", expires)


def waiving(*waivers: Waiver) -> ScanPolicy:
    return ScanPolicy(waivers=waivers)


@pytest.mark.parametrize("status", sorted(DONE))
def test_a_finished_scan_without_findings_passes(status):
    # Given counts of basic or enhanced scanning, where an absent severity means none
    found = assess(ImageScan(status, {}), POLICY, TODAY)
    assert (found.outcome, found.allowed) == ("passed", True)
    assert found.reason == "No finding of severity CRITICAL or HIGH is left."


def test_findings_of_other_severities_pass_and_are_counted():
    # Given the counts of an enhanced scan, with its total
    found = assess(ImageScan("ACTIVE", {"MEDIUM": 3, "LOW": 2, "TOTAL": 9}), POLICY, TODAY)
    assert (found.outcome, dict(found.counts)) == ("passed", {"MEDIUM": 3, "LOW": 2})


def test_findings_of_a_blocking_severity_block_with_their_names():
    scan = ImageScan(
        "COMPLETE", {"HIGH": 2, "LOW": 1}, (ScanFinding("CVE-1", "HIGH"), ScanFinding("CVE-2", "HIGH"))
    )
    found = assess(scan, POLICY, TODAY)
    assert (found.outcome, found.allowed, dict(found.blocking)) == ("blocked", False, {"HIGH": 2})
    assert found.reason == "Findings that block: 2 HIGH (CVE-1, CVE-2)."


def test_many_findings_are_named_in_part():
    scan = ImageScan("COMPLETE", {"HIGH": 7}, tuple(ScanFinding(f"CVE-{i}", "HIGH") for i in range(7)))
    assert assess(scan, POLICY, TODAY).reason == (
        "Findings that block: 7 HIGH (CVE-0, CVE-1, CVE-2, CVE-3, CVE-4 and 2 more)."
    )


def test_as_many_findings_as_fit_are_all_named():
    scan = ImageScan("COMPLETE", {"HIGH": 5}, tuple(ScanFinding(f"CVE-{i}", "HIGH") for i in range(5)))
    assert assess(scan, POLICY, TODAY).reason == (
        "Findings that block: 5 HIGH (CVE-0, CVE-1, CVE-2, CVE-3, CVE-4)."
    )


def test_the_policy_says_what_blocks():
    scan = ImageScan("COMPLETE", {"CRITICAL": 1, "LOW": 1})
    assert assess(scan, ScanPolicy(block=("LOW",)), TODAY).blocking == {"LOW": 1}
    nothing = assess(scan, ScanPolicy(block=()), TODAY)
    assert (nothing.outcome, nothing.reason) == ("passed", "Nothing blocks.")


def test_a_waiver_takes_out_its_finding_wherever_it_was_found():
    # Given one vulnerability in two packages, and another one
    findings = (ScanFinding("CVE-1", "HIGH"), ScanFinding("CVE-1", "CRITICAL"), ScanFinding("CVE-2", "HIGH"))
    scan = ImageScan("COMPLETE", {"HIGH": 2, "CRITICAL": 1}, findings)
    # When the one is waived
    found = assess(scan, waiving(waiver()), TODAY)
    # Then only the other blocks
    assert (dict(found.blocking), found.waived) == ({"HIGH": 1}, ("CVE-1",))
    assert found.reason == "Findings that block: 1 HIGH (CVE-2); waived: CVE-1."
    # And with both waived the release passes, and the waivers are named
    both = assess(scan, waiving(waiver(), waiver("CVE-2")), TODAY)
    assert (both.outcome, both.waived) == ("passed", ("CVE-1", "CVE-2"))
    assert both.reason == "No finding of severity CRITICAL or HIGH is left; waived: CVE-1, CVE-2."


def test_what_is_counted_but_not_listed_cannot_be_waived():
    # Given three findings of which the list shows one
    scan = ImageScan("COMPLETE", {"CRITICAL": 3}, (ScanFinding("CVE-1", "CRITICAL"),))
    assert assess(scan, waiving(waiver()), TODAY).blocking == {"CRITICAL": 2}
    # And none at all
    assert assess(ImageScan("COMPLETE", {"CRITICAL": 1}), waiving(waiver()), TODAY).blocking == {
        "CRITICAL": 1
    }


def test_what_is_listed_but_not_counted_blocks_too():
    scan = ImageScan("COMPLETE", {}, (ScanFinding("CVE-1", "CRITICAL"),))
    assert assess(scan, POLICY, TODAY).blocking == {"CRITICAL": 1}


@pytest.mark.parametrize(
    ("expires", "outcome"),
    [("2026-11-24", "passed"), ("2026-11-23", "passed"), ("2026-11-22", "blocked"), ("soon", "blocked")],
)
def test_a_waiver_holds_on_its_last_day_and_no_longer(expires, outcome):
    scan = ImageScan("COMPLETE", {"HIGH": 1}, (ScanFinding("CVE-1", "HIGH"),))
    found = assess(scan, waiving(waiver(expires=expires)), TODAY)
    assert found.outcome == outcome
    assert found.expired_waivers == (("CVE-1",) if outcome == "blocked" else ())
    if outcome == "blocked":
        assert found.reason.endswith(f"; the waiver of CVE-1 expired on {expires}.")


@pytest.mark.parametrize("severity", ["UNTRIAGED", "SEVERE", "critical"])
def test_severities_that_nobody_knows_count_as_undefined(severity):
    scan = ImageScan("ACTIVE", {severity: 1})
    assert assess(scan, ScanPolicy(block=("UNDEFINED",)), TODAY).blocking == {"UNDEFINED": 1}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("IN_PROGRESS", "pending"),
        ("PENDING", "pending"),
        ("UNSUPPORTED_IMAGE", "unsupported"),
        (None, "missing"),
        ("FAILED", "missing"),
        ("SCAN_ELIGIBILITY_EXPIRED", "missing"),
        ("FINDINGS_UNAVAILABLE", "missing"),
        ("LIMIT_EXCEEDED", "missing"),
        ("IMAGE_ARCHIVED", "missing"),
        ("IMAGE_SIZE_EXCEEDED", "missing"),
        ("SOMETHING_NEW", "missing"),
        ("", "missing"),
    ],
)
def test_a_scan_without_result_follows_the_policy_and_never_passes(status, outcome):
    blocked, allowed = (assess(ImageScan(status), policy, TODAY) for policy in (POLICY, ALLOWING))
    assert (blocked.outcome, blocked.allowed) == (outcome, False)
    assert (allowed.outcome, allowed.allowed) == (outcome, outcome != "pending")


def test_the_sentence_says_which_status_and_which_policy():
    assert assess(ImageScan("LIMIT_EXCEEDED"), POLICY, TODAY).reason == (
        "There is no scan result (LIMIT_EXCEEDED); the scan policy blocks images without a finished scan."
    )
    assert assess(ImageScan(None), ALLOWING, TODAY).reason == (
        "There is no scan result (no scan); the scan policy allows images without a finished scan."
    )
    assert assess(ImageScan("UNSUPPORTED_IMAGE"), POLICY, TODAY).reason == (
        "There is no scan result (UNSUPPORTED_IMAGE); the scan policy blocks images that cannot be scanned."
    )


PASSED = assess(ImageScan("COMPLETE", {"LOW": 1}), POLICY, TODAY)
BLOCKED = assess(ImageScan("COMPLETE", {"HIGH": 1}), POLICY, TODAY)
PENDING = assess(ImageScan("PENDING"), POLICY, TODAY)
MISSING = assess(ImageScan(None), POLICY, TODAY)
UNSUPPORTED = assess(ImageScan("UNSUPPORTED_IMAGE"), POLICY, TODAY)
TOLERATED = assess(ImageScan(None), ALLOWING, TODAY)


@pytest.mark.parametrize(
    ("assessments", "outcome", "allowed"),
    [
        ([PASSED], "passed", True),
        ([PASSED, PASSED], "passed", True),
        ([PASSED, BLOCKED], "blocked", False),
        ([PENDING, BLOCKED], "blocked", False),
        ([PENDING, PASSED], "pending", False),
        ([PENDING, MISSING], "missing", False),
        ([PENDING, TOLERATED], "pending", False),
        ([TOLERATED, PENDING], "pending", False),
        ([MISSING, BLOCKED], "blocked", False),
        ([MISSING, PENDING], "missing", False),
        ([UNSUPPORTED, PENDING], "unsupported", False),
        ([TOLERATED, UNSUPPORTED], "unsupported", False),
        ([PASSED, TOLERATED], "missing", True),
        ([], "missing", False),
    ],
)
def test_all_images_of_a_release_must_pass(assessments, outcome, allowed):
    total = assess_all({f"image{index}": each for index, each in enumerate(assessments)})
    assert (total.outcome, total.allowed) == (outcome, allowed)


def test_the_assessments_of_several_images_are_added_up():
    total = assess_all({"web": PASSED, "api": BLOCKED})
    assert (dict(total.counts), dict(total.blocking)) == ({"HIGH": 1, "LOW": 1}, {"HIGH": 1})
    assert total.reason == (
        "api: Findings that block: 1 HIGH. web: No finding of severity CRITICAL or HIGH is left."
    )


SEVERITY = st.sampled_from([*SEVERITIES, "UNTRIAGED"])
FINDING = st.builds(ScanFinding, st.integers(1, 4).map("CVE-{}".format), SEVERITY)
SCAN = st.builds(
    ImageScan,
    st.none() | st.sampled_from(STATUSES) | st.text(max_size=5),
    st.dictionaries(SEVERITY, st.integers(0, 5)),
    st.lists(FINDING, max_size=6).map(tuple),
)
WAIVERS = st.lists(st.builds(waiver, st.integers(1, 4).map("CVE-{}".format)), max_size=4).map(tuple)


@given(SCAN, st.lists(st.sampled_from(SEVERITIES), unique=True).map(tuple), WAIVERS)
def test_only_a_finished_scan_without_unwaived_findings_passes(scan, block, waivers):
    # Given any scan under any policy
    found = assess(scan, ScanPolicy(block=block, waivers=waivers), TODAY)
    # Then it passes only if it is finished, and if nothing listed blocks that was not waived
    waived = {each.id for each in waivers}
    if found.outcome == "passed":
        assert scan.status in DONE
        assert not [each for each in scan.findings if each.severity in block and each.id not in waived]
    # And it is allowed only if it passed, since this policy tolerates nothing
    assert found.allowed is (found.outcome == "passed")


@given(SCAN, WAIVERS)
def test_a_waiver_never_makes_anything_worse(scan, waivers):
    without, with_waivers = assess(scan, POLICY, TODAY), assess(scan, waiving(*waivers), TODAY)
    assert sum(with_waivers.blocking.values()) <= sum(without.blocking.values())
    assert with_waivers.allowed or not without.allowed
