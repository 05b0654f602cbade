"""What images claim, and who is known to have asked for a release."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.provenance import Provenance, claimed_requester, provenance, requesters

IDENTITY_CENTER = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Developer_0123/Ada@Example.com"
CI = "arn:aws:sts::123456789012:assumed-role/ci/GitHubActions"


def test_labels_name_commit_author_source_and_time():
    # Given
    labels = {
        "org.opencontainers.image.revision": "0a1b2c3d",
        "org.opencontainers.image.authors": "Ada Lovelace <ada@example.com>",
        "org.opencontainers.image.source": "https://git.example.com/checkout",
        "org.opencontainers.image.created": "2026-11-23T11:50:00Z",
        "tidegate.requested-by": "grace@example.com",
    }

    # Then
    assert provenance(labels).lines == (
        ("Commit", "0a1b2c3d"),
        ("Author", "Ada Lovelace <ada@example.com>"),
        ("Requested by", "grace@example.com"),
        ("Source", "https://git.example.com/checkout"),
        ("Built", "2026-11-23T11:50:00Z"),
    )


def test_older_names_of_labels_are_known():
    # Given
    labels = {"org.label-schema.vcs-ref": "0a1b2c3d", "maintainer": "Ada", "version": "1"}

    # Then
    assert provenance(labels) == Provenance(commit="0a1b2c3d", author="Ada")


@given(st.dictionaries(st.sampled_from(["maintainer", "org.opencontainers.image.revision"]), st.text()))
def test_whatever_a_label_says_it_is_one_short_printable_line(labels: dict[str, str]):
    for _, text in provenance(labels).lines:
        assert 0 < len(text) <= 200
        assert not any(ord(each) < 32 or each in "\u202e\u2028\x7f" for each in text)


def test_the_label_for_it_names_the_requester_before_any_author_does():
    # Given
    images = [Provenance(author="Ada"), Provenance(author="Eve", requested_by="grace@example.com")]

    # Then
    assert claimed_requester(images) == "grace@example.com"
    assert claimed_requester(images[:1]) == "Ada"
    assert claimed_requester([Provenance()]) is None


@pytest.mark.parametrize(
    ("claim", "pushers", "known"),
    [
        ("grace@example.com", (), ("grace@example.com",)),
        ("Grace Hopper <Grace@Example.com>", (), ("grace@example.com",)),
        ("Grace", (), ()),
        (None, (IDENTITY_CENTER,), ("ada@example.com",)),
        (None, ("arn:aws:iam::123456789012:user/ops/ada@example.com",), ("ada@example.com",)),
        (None, (CI,), ()),
        ("grace@example.com", (IDENTITY_CENTER, CI), ("ada@example.com", "grace@example.com")),
    ],
)
def test_people_are_known_by_their_addresses(
    claim: str | None, pushers: tuple[str, ...], known: tuple[str, ...]
):
    assert requesters(claim, pushers, ()) == known


def test_who_wrote_an_image_counts_as_one_who_asked():
    # Given
    images = [Provenance(author="Ada <ada@example.com>", requested_by="grace@example.com")]

    # Then
    assert requesters(None, (), images) == ("ada@example.com", "grace@example.com")
