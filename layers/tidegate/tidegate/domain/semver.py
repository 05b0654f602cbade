"""Semantic versions and the version ranges of npm.

Ranges follow https://github.com/npm/node-semver#ranges: the comparators `<`, `<=`, `>`, `>=` and `=`, joined
by spaces (all must hold) and by `||` (one must); `^1.2.3`, `~1.2`, `1.x`, `*`, `1.2 - 2.3`. A pre-release is
in a range only if a comparator that holds names a pre-release of the same major, minor and patch version.
"""

import re
from dataclasses import dataclass
from functools import cache

_NUMBER = r"0|[1-9]\d{0,15}"
_WORD = rf"(?:{_NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_PRERELEASE = rf"(?:-(?P<pre>{_WORD}(?:\.{_WORD})*))?"
_BUILD = r"(?:\+[0-9A-Za-z.-]+)?"
_VERSION = re.compile(
    rf"v?(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER}){_PRERELEASE}{_BUILD}", re.ASCII
)
_ANY = rf"{_NUMBER}|[xX*]"
_PARTIAL = re.compile(
    rf"v?(?P<major>{_ANY})(?:\.(?P<minor>{_ANY})(?:\.(?P<patch>{_ANY}){_PRERELEASE}{_BUILD})?)?", re.ASCII
)
_COMPARATOR = re.compile(r"(?P<operator>\^|~>?|>=|<=|>|<|=)?\s*(?P<version>[^\s^~<>=]+)")
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version without its build metadata, which takes no part in ordering."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()

    @property
    def release(self) -> tuple[int, int, int]:
        """Major, minor and patch."""
        return (self.major, self.minor, self.patch)

    def is_before(self, other: "Version") -> bool:
        """Whether this version has lower precedence (https://semver.org, section 11)."""
        return (self.release, self._rank()) < (other.release, other._rank())  # noqa: SLF001 - same class

    def _rank(self) -> tuple[bool, tuple[tuple[bool, int, str], ...]]:
        """Pre-releases come before the release; numbers come before words, and fewer words before more."""
        words = tuple((not w.isdigit(), int(w) if w.isdigit() else 0, w) for w in self.prerelease)
        return (not self.prerelease, words)


@dataclass(frozen=True, slots=True)
class Comparator:
    """One bound of a range: an operator of `<`, `<=`, `>`, `>=`, `=` and the version it compares with."""

    operator: str
    version: Version

    def holds(self, version: Version) -> bool:
        """Whether the version is on the right side of the bound, pre-releases not considered."""
        if version == self.version:
            return self.operator in ("=", "<=", ">=")
        if self.operator in ("<", "<="):
            return version.is_before(self.version)
        return self.operator in (">", ">=") and self.version.is_before(version)


Range = tuple[tuple[Comparator, ...], ...]
"""Alternatives, each a set of comparators that must all hold."""

_NOTHING = Comparator("<", Version(0, 0, 0, ("0",)))


def parse_version(text: str) -> Version | None:
    """Read `1.2.3`, `v1.2.3` or `1.2.3-rc.1`; None if it is no complete semantic version."""
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    prerelease = tuple(match["pre"].split(".")) if match["pre"] else ()
    return Version(int(match["major"]), int(match["minor"]), int(match["patch"]), prerelease)


@cache
def parse_range(text: str) -> Range:
    """Read a version range.

    Raises:
        ValueError: it is no range; the message is a phrase that says which part is not understood.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"a range has at most {_LONGEST} characters")
    return tuple(_parse_alternative(alternative.strip()) for alternative in text.split("||"))


def satisfies(version: Version, wanted: Range) -> bool:
    """Whether the version is in the range."""
    return any(_satisfies_all(version, comparators) for comparators in wanted)


def _satisfies_all(version: Version, comparators: tuple[Comparator, ...]) -> bool:
    if not all(comparator.holds(version) for comparator in comparators):
        return False
    return not version.prerelease or any(
        comparator.version.prerelease and comparator.version.release == version.release
        for comparator in comparators
    )


def _parse_alternative(text: str) -> tuple[Comparator, ...]:
    first, dash, last = text.partition(" - ")
    if dash:
        return (*_expand(">=", first.strip()), *_expand("<=", last.strip()))
    comparators: list[Comparator] = []
    position = 0
    while position < len(text):
        match = _COMPARATOR.match(text, position)
        if match is None:
            raise ValueError(f"{text[position:]!r} is not understood")
        comparators += _expand(match["operator"] or "=", match["version"])
        position = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
    return tuple(comparators)


def _expand(operator: str, text: str) -> tuple[Comparator, ...]:
    """Turn one operator and a version, complete or not, into plain comparators."""
    match = _PARTIAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no version")
    numbers = _known_numbers(match)
    prerelease = tuple(match["pre"].split(".")) if match["pre"] and len(numbers) == 3 else ()
    low = _version(numbers, prerelease)
    if operator == "^":
        return _between(low, _after(numbers, _caret_index(numbers)))
    if operator in ("~", "~>"):
        return _between(low, _after(numbers, min(len(numbers), 2) - 1))
    if len(numbers) == 3:
        return (Comparator(operator, low),)
    return _expand_incomplete(operator, low, numbers)


def _expand_incomplete(operator: str, low: Version, numbers: list[int]) -> tuple[Comparator, ...]:
    """Comparators for versions such as `1`, `1.2.x` and `*`, which stand for all versions they begin."""
    after = _after(numbers, len(numbers) - 1)
    if operator == "=":
        return _between(low, after)
    if operator == ">=":
        return (Comparator(">=", low),) if numbers else ()
    if operator == "<=":
        return (Comparator("<", after),) if after else ()
    if after is None:
        return (_NOTHING,)
    if operator == ">":
        return (Comparator(">=", _version(list(after.release), ())),)
    return (Comparator("<", _version(list(low.release), ("0",))),)


def _known_numbers(match: re.Match[str]) -> list[int]:
    """The leading numbers of a version, up to the first one that is left out or is a wildcard."""
    numbers: list[int] = []
    for name in ("major", "minor", "patch"):
        if match[name] is None or match[name] in "xX*":
            break
        numbers.append(int(match[name]))
    return numbers


def _caret_index(numbers: list[int]) -> int:
    """Which number `^` lets no longer change: the first that is not zero, or the last one given."""
    return next((index for index, number in enumerate(numbers) if number), len(numbers) - 1)


def _after(numbers: list[int], index: int) -> Version | None:
    """The first version, pre-releases included, in which the number at `index` is one higher."""
    if index < 0:
        return None
    return _version([*numbers[:index], numbers[index] + 1], ("0",))


def _version(numbers: list[int], prerelease: tuple[str, ...]) -> Version:
    """A version of the leading numbers, with zeros for those left out."""
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    return Version(major, minor, patch, prerelease)


def _between(low: Version, high: Version | None) -> tuple[Comparator, ...]:
    if high is None:
        return ()
    return (Comparator(">=", low), Comparator("<", high))
