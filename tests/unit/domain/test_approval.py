"""An approval: when it can still be decided, and what is stored of a link."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.approval import Approval, ApprovalStatus, link_hash

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def approval(status: ApprovalStatus = ApprovalStatus.PENDING) -> Approval:
    return Approval(
        id="a",
        release="r",
        service="checkout",
        environment="prod",
        digests={},
        from_task_definition=None,
        from_images={},
        requested_at=NOON,
        expires_at=NOON + timedelta(hours=1),
        requested_by=None,
        asked=("ops@example.com",),
        status=status,
    )


@pytest.mark.parametrize(("seconds", "is_open"), [(0, True), (3599, True), (3600, False), (9999, False)])
def test_a_pending_request_can_be_decided_until_it_expires(seconds: int, is_open: bool):
    assert approval().open_at(NOON + timedelta(seconds=seconds)) is is_open


@pytest.mark.parametrize(
    "status", [status for status in ApprovalStatus if status is not ApprovalStatus.PENDING]
)
def test_every_other_status_is_final(status: ApprovalStatus):
    assert not approval(status).open_at(NOON)


def test_what_is_stored_of_a_link_is_its_sha256():
    assert link_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_links_have_two_hashes_and_no_hash_holds_its_link(one: str, other: str):
    assert (link_hash(one) == link_hash(other)) is (one == other)
    assert len(link_hash(one)) == 64
