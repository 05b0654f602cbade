"""Which tags become releases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.service import TagRule
from tidegate.domain.tags import is_attached_artifact, wanted

HEX = "0123456789abcdef" * 4
SEMVER = TagRule(semver=">=1.0.0 <2.0.0")


@pytest.mark.parametrize(
    ("rule", "tag", "is_wanted"),
    [
        (SEMVER, "1.0.0", True),
        (SEMVER, "v1.9.12", True),
        (SEMVER, "2.0.0", False),
        (SEMVER, "2.0.0-rc.1", False),
        (SEMVER, "1.5.0-rc.1", False),
        (SEMVER, "1", False),
        (SEMVER, "1.5", False),
        (SEMVER, "latest", False),
        (SEMVER, "", False),
        (TagRule(semver=">=1.5.0-rc.1 <2.0.0"), "1.5.0-rc.2", True),
        (TagRule(semver="^1.2 || ^3"), "3.4.5", True),
        (TagRule(pattern="v*"), "v1", True),
        (TagRule(pattern="v*"), "V1", False),
        (TagRule(pattern="release-????"), "release-2026", True),
        (TagRule(pattern="release-????"), "release-26", False),
        (TagRule(pattern="[ab]-*"), "c-1", False),
        (TagRule(pattern="*"), "anything", True),
        (TagRule(pattern="*"), "", False),
        (TagRule(pattern="*"), f"sha256-{HEX}.sig", False),
        (TagRule(pattern="sha256-*"), f"sha256-{HEX}", False),
        (TagRule(pattern="sha-*"), "sha-0123456789abcdef0123456789abcdef", True),
        (TagRule(), "1.0.0", False),
    ],
)
def test_a_rule_wants_its_tags(rule, tag, is_wanted):
    assert wanted(rule, tag) is is_wanted


@pytest.mark.parametrize("suffix", ["", ".sig", ".att", ".sbom", ".spdx"])
def test_signatures_attestations_and_sboms_are_no_images(suffix):
    assert is_attached_artifact(f"sha256-{HEX}{suffix}")
    assert not wanted(TagRule(pattern="*"), f"sha256-{HEX}{suffix}")


@given(st.text(min_size=1, max_size=128))
def test_a_star_wants_every_tag_that_names_an_image(tag):
    assert wanted(TagRule(pattern="*"), tag) is not is_attached_artifact(tag)


@given(st.text(max_size=30))
def test_a_version_rule_never_wants_what_is_no_version(tag):
    if wanted(TagRule(semver="*"), tag):
        assert tag.removeprefix("v").count(".") >= 2
