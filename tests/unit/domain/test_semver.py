"""Version ranges mean what npm says they mean; a library that ports npm's own code is the judge."""

import nodesemver  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.domain.semver import Version, parse_range, parse_version, satisfies

NUMBER = st.integers(0, 3)
PRERELEASE = st.sampled_from(["", "", "", "-0", "-alpha", "-alpha.1", "-beta.2", "-beta.10", "-rc.1"])
VERSION = st.builds("{}.{}.{}{}".format, NUMBER, NUMBER, NUMBER, PRERELEASE)
PARTIAL = VERSION | st.builds("{}.{}".format, NUMBER, NUMBER) | NUMBER.map(str)
PARTIAL |= st.sampled_from(["*", "1.x", "1.2.x", "0.x", "x", "v1.2.3"])
OPERATOR = st.sampled_from(["", "", "=", ">", "<", ">=", "<=", "^", "~", ">= ", "~ "])
SIMPLE = st.builds("{}{}".format, OPERATOR, PARTIAL)
HYPHEN = st.builds("{} - {}".format, PARTIAL, PARTIAL)
ALTERNATIVE = st.lists(SIMPLE, min_size=1, max_size=3).map(" ".join) | HYPHEN
RANGE = st.lists(ALTERNATIVE, min_size=1, max_size=3).map(" || ".join)


@settings(max_examples=500)
@given(VERSION, RANGE)
def test_a_range_wants_the_versions_that_npm_wants(version, text):
    parsed = parse_version(version)
    assert parsed is not None
    assert satisfies(parsed, parse_range(text)) is nodesemver.satisfies(version, text, loose=False)


@settings(max_examples=300)
@given(VERSION, VERSION)
def test_versions_have_the_order_of_the_specification(one, other):
    first, second = parse_version(one), parse_version(other)
    assert first is not None
    assert second is not None
    assert first.is_before(second) is nodesemver.lt(one, other, loose=False)


def test_the_example_of_the_specification_is_in_order():
    # Given the pre-releases of https://semver.org, section 11, lowest first
    words = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"]
    found = [parse_version(f"1.0.0-{word}") for word in words] + [parse_version("1.0.0")]
    versions = [version for version in found if version]
    assert len(versions) == 8
    # Then each is before all that follow, and none before itself
    for index, version in enumerate(versions):
        assert [version.is_before(other) for other in versions] == [index < i for i in range(len(versions))]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.2.3", Version(1, 2, 3)),
        ("v1.2.3", Version(1, 2, 3)),
        ("1.2.3-rc.1", Version(1, 2, 3, ("rc", "1"))),
        ("1.2.3+build.5", Version(1, 2, 3)),
        ("1.2", None),
        ("1", None),
        ("01.2.3", None),
        ("1.2.3-01", None),
        ("1.2.3-", None),
        ("latest", None),
        ("", None),
        ("1.2.3\n", None),
        ("\u0661.\u0662.\u0663", None),
        ("1.2." + "9" * 300, None),
    ],
)
def test_only_complete_versions_are_versions(text, version):
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        (">=a", "'a' is no version"),
        ("1.2.3.4", "'1.2.3.4' is no version"),
        ("!1", "'!1' is no version"),
        (">= ", "'>=' is not understood"),
        ("1 - ", "'1' is no version|'-' is no version"),
        ("^^1", "'\\^\\^1' is not understood"),
        ("1" * 300, "a range has at most 256 characters"),
    ],
)
def test_what_is_no_range_is_refused_with_the_part_that_is_not_understood(text, phrase):
    with pytest.raises(ValueError, match=phrase):
        parse_range(text)


@given(st.text(alphabet="0123456789.xX*^~<>=| -v+abc", max_size=40))
def test_any_text_is_a_range_or_is_refused(text):
    try:
        wanted = parse_range(text)
    except ValueError:
        return
    assert satisfies(Version(1, 2, 3), wanted) in (True, False)
