"""What is accepted of checkov's findings is accepted for a reason that still holds."""

from __future__ import annotations

from tests.security.checkov import ACCEPTED, judge

REASON = {("CKV_AWS_1", "*Function"): "because"}


def test_an_accepted_finding_is_none():
    assert judge([("CKV_AWS_1", "PulseFunction", "Ensure")], REASON) == []


def test_a_new_finding_and_a_new_place_of_an_old_one_are_found():
    # When
    found = judge(
        [
            ("CKV_AWS_1", "PulseFunction", "Ensure"),
            ("CKV_AWS_1", "Table", "Ensure"),
            ("CKV_AWS_2", "Table", "Also"),
        ],
        REASON,
    )

    # Then
    assert found == ["CKV_AWS_1 Ensure: Table", "CKV_AWS_2 Also: Table"]


def test_a_reason_that_nothing_needs_is_found():
    assert judge([], REASON) == ["CKV_AWS_1 on *Function is accepted, but nothing fails it"]


def test_every_reason_is_a_sentence():
    assert all(len(reason.split()) > 4 for reason in ACCEPTED.values())
