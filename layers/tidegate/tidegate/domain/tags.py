"""Which image tags a service wants."""

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tidegate.domain import semver

if TYPE_CHECKING:
    from tidegate.domain.service import TagRule

_ATTACHED = re.compile(r"sha(256|384|512)-[0-9a-f]{32,}(\..*)?|sha256-.*\.(sig|att|sbom)", re.ASCII)


def is_attached_artifact(tag: str) -> bool:
    """Whether the tag names a signature, an attestation or an SBOM instead of an image.

    Cosign tags them `sha256-<digest>.sig`, `.att` and `.sbom`
    (https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md); the OCI referrers tag schema
    uses `sha256-<digest>` alone.
    """
    return _ATTACHED.fullmatch(tag) is not None


def wanted(rule: "TagRule", tag: str) -> bool:
    """Whether an image with this tag is one that the rule lets become a release.

    A semver range wants complete versions only: the moving tags `1` and `1.2` are no versions. In a pattern
    `*` stands for any characters, `?` for one, `[a-c]` for one of several. Case matters in both.

    Raises:
        ValueError: the rule's range cannot be read.
    """
    if not tag or is_attached_artifact(tag):
        return False
    if rule.semver is not None:
        version = semver.parse_version(tag)
        return version is not None and semver.satisfies(version, semver.parse_range(rule.semver))
    return rule.pattern is not None and fnmatchcase(tag, rule.pattern)
