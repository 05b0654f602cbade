"""What feeds the containers: repositories, tag rules and the scan policy."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from tidegate.contracts.fields import NOT_ALLOWED, Choice, Contract, Text
from tidegate.contracts.manifest.fields import Repository, ScanTimeout
from tidegate.domain import semver
from tidegate.domain import service as domain


def _readable_range(text: str) -> str:
    try:
        semver.parse_range(text)
    except ValueError as error:
        say = {"give": 'give a version range of npm such as ">=1.0.0 <2.0.0" or "^1.2.0"'}
        raise PydanticCustomError(NOT_ALLOWED, "{give}", say) from error
    return text


def _real_date(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        say = {"give": "give a date that exists, written YYYY-MM-DD"}
        raise PydanticCustomError(NOT_ALLOWED, "{give}", say) from error
    return text


SemverRange = Annotated[
    str,
    Text('a version range of npm such as ">=1.0.0 <2.0.0"', longest=256),
    AfterValidator(_readable_range),
]
TagPattern = Annotated[
    str,
    Text(
        "1 to 128 characters that a tag may have (letters, digits, ._-) and the wildcards *, ? and [abc]",
        pattern=r"^[A-Za-z0-9._*?\[\]!-]+$",
        longest=128,
    ),
]
Severity = Annotated[
    domain.Severity, Choice(("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"))
]
BlockOrAllow = Annotated[domain.ScanPolicyChoice, Choice(("block", "allow"))]


class TagRule(Contract):
    """Which tags become releases; exactly one of the two."""

    semver: Annotated[SemverRange | None, Field(description="a version range in the syntax of npm")] = None
    pattern: Annotated[TagPattern | None, Field(description="a pattern with wildcards, such as v*")] = None

    def to_domain(self) -> domain.TagRule:
        """The rule as a domain value."""
        return domain.TagRule(semver=self.semver, pattern=self.pattern)


class ImageSource(Contract):
    """The repository that feeds a container."""

    repository: Annotated[Repository, Field(description="the name of the ECR repository")]
    tags: Annotated[TagRule, Field(description='which tags count, {"semver": …} or {"pattern": …}')]

    def to_domain(self) -> domain.ImageSource:
        """The source as a domain value."""
        return domain.ImageSource(repository=self.repository, tags=self.tags.to_domain())


class Waiver(Contract):
    """A finding that shall not block."""

    id: Annotated[
        str,
        Text(
            "the id of a finding such as CVE-2026-1234",
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{2,127}$",
            longest=128,
        ),
        Field(description="the id of the finding, for example CVE-2026-1234"),
    ]
    reason: Annotated[
        str,
        Text("one line of 10 to 1000 printable characters that says why", longest=1000, shortest=10),
        Field(description="why it does not block"),
    ]
    expires: Annotated[
        str,
        Text("a date, written YYYY-MM-DD", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", longest=10),
        AfterValidator(_real_date),
        Field(description="the last day on which the waiver holds, YYYY-MM-DD in UTC"),
    ]

    def to_domain(self) -> domain.Waiver:
        """The waiver as a domain value."""
        return domain.Waiver(id=self.id, reason=self.reason, expires=self.expires)


class ScanPolicy(Contract):
    """Which findings stop a release."""

    block: Annotated[list[Severity], Field(max_length=6, description="the severities that block")] = Field(
        ["CRITICAL", "HIGH"]
    )
    when_missing: Annotated[
        BlockOrAllow, Field(description="what a scan that failed or never came means")
    ] = "block"
    when_unsupported: Annotated[
        BlockOrAllow, Field(description="what an image that cannot be scanned means")
    ] = "block"
    timeout_seconds: Annotated[
        ScanTimeout, Field(description="how long to wait for the scan before it is missing")
    ] = 1800
    waivers: Annotated[list[Waiver], Field(max_length=200, description="findings that do not block")] = Field(
        []
    )

    def to_domain(self) -> domain.ScanPolicy:
        """The policy as a domain value."""
        return domain.ScanPolicy(
            block=tuple(self.block),
            when_missing=self.when_missing,
            when_unsupported=self.when_unsupported,
            timeout_seconds=self.timeout_seconds,
            waivers=tuple(waiver.to_domain() for waiver in self.waivers),
        )
