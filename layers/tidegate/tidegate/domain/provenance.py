"""Where an image comes from: what its labels claim, and who asked for its release."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

REQUESTED_BY = "tidegate.requested-by"
"""The label by which a build names whoever wants the release, an e-mail address."""
_COMMIT = ("org.opencontainers.image.revision", "org.label-schema.vcs-ref")
_AUTHOR = ("org.opencontainers.image.authors", "maintainer")
_SOURCE = ("org.opencontainers.image.source", "org.label-schema.vcs-url")
_CREATED = ("org.opencontainers.image.created", "org.label-schema.build-date")
_LONGEST = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an image says of itself. Whoever pushes it may write anything there: these are claims.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """

    commit: str | None = None
    author: str | None = None
    source: str | None = None
    created: str | None = None
    requested_by: str | None = None

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Label and text of what is known, for people."""
        named = {
            "Commit": self.commit,
            "Author": self.author,
            "Requested by": self.requested_by,
            "Source": self.source,
            "Built": self.created,
        }
        return tuple((label, text) for label, text in named.items() if text)


def provenance(labels: Mapping[str, str]) -> Provenance:
    """What the labels of an image's configuration tell; long texts are cut, control characters left out."""
    return Provenance(
        commit=_first(labels, _COMMIT),
        author=_first(labels, _AUTHOR),
        source=_first(labels, _SOURCE),
        created=_first(labels, _CREATED),
        requested_by=_first(labels, (REQUESTED_BY,)),
    )


def claimed_requester(images: Iterable[Provenance]) -> str | None:
    """Who the images say has asked for the release: by the label for it, else the author of the commit."""
    every = list(images)
    claims = [each.requested_by for each in every] + [each.author for each in every]
    return next((claim for claim in claims if claim), None)


def requesters(
    requested_by: str | None, pushed_by: Iterable[str], images: Iterable[Provenance]
) -> tuple[str, ...]:
    """The addresses of everybody known to have asked for a release, sorted; empty when nobody is known.

    A name without an address cannot be compared with approvers, so it counts as unknown. Of an ARN in
    CloudTrail the last part counts: the name of an IAM user, or of a session, which IAM Identity Center names
    by the person (https://docs.aws.amazon.com/singlesignon/latest/userguide/troubleshooting.html).
    """
    texts = [requested_by or "", *(arn.rpartition("/")[2] for arn in pushed_by)]
    for image in images:
        texts += [image.requested_by or "", image.author or ""]
    return tuple(sorted({found.casefold() for text in texts for found in _ADDRESS.findall(text)}))


def _first(labels: Mapping[str, str], names: Iterable[str]) -> str | None:
    for name in names:
        value = labels.get(name)
        text = " ".join(_UNPRINTABLE.sub(" ", value).split()) if isinstance(value, str) else ""
        if text:
            return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return None
