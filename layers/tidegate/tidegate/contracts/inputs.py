"""What an operator, or Tidegate itself, may start a machine with.

Inputs are additive and versioned: a release that waited for its approver goes on after an upgrade, so a field
is never renamed and a new one always has a default.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from tidegate.contracts.fields import Between, Choice, Contract, Flag, Text
from tidegate.contracts.manifest.fields import ContainerName, ServiceName
from tidegate.contracts.validation import Mistake, combine

EnvironmentName = Annotated[
    str,
    Text(
        "the name of an environment (1 to 40 lower-case letters, digits and hyphens, a letter first)",
        pattern=r"^[a-z][a-z0-9-]{0,39}$",
        longest=40,
    ),
]
ReleaseId = Annotated[
    str,
    Text(
        'the id of a release, such as "checkout-20261123T120000Z-0a1b2c"',
        pattern=r"^[a-z][a-z0-9-]{0,39}-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}$",
        longest=64,
    ),
]
Digest = Annotated[
    str,
    Text("a digest: sha256: and 64 hexadecimal digits", pattern=r"^sha256:[0-9a-f]{64}$", longest=71),
]
Tag = Annotated[
    str,
    Text(
        "a tag (1 to 128 letters, digits and ._-)",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$",
        longest=128,
    ),
]
Sentence = Annotated[str, Text("one line of 1 to 500 printable characters", longest=500)]
Person = Annotated[str, Text("one line of 1 to 200 printable characters", longest=200)]
Comment = Annotated[str, Text("at most 1000 characters", pattern=r"^[^\u0000]*$", longest=1000, shortest=0)]
StrategyName = Annotated[
    str, Text('the name of a strategy, such as "rolling"', pattern=r"^[a-z][a-z_]{0,39}$", longest=40)
]
EvidenceKind = Annotated[
    Literal["start", "health", "check", "judge", "alarm"],
    Choice(("start", "health", "check", "judge", "alarm")),
]
Action = Literal["cancel", "retry", "promote", "quarantine", "lift_quarantine", "freeze", "thaw"]

_NEEDED: dict[str, tuple[str, ...]] = {
    "cancel": ("release", "reason"),
    "retry": ("release",),
    "promote": ("release",),
    "quarantine": ("service", "digest", "reason"),
    "lift_quarantine": ("service", "digest", "reason"),
    "freeze": ("service", "environment", "reason"),
    "thaw": ("service", "environment"),
}


class _Input(Contract):
    """What every input may carry. ``Comment`` is for whoever keeps the input in a file."""

    model_config = ConfigDict(str_strip_whitespace=True)

    comment: Annotated[Comment | None, Field(alias="Comment", description="some words")] = None
    requested_by: Annotated[Person | None, Field(description="who asks for it")] = None
    reason: Annotated[Sentence | None, Field(description="a reason of one line")] = None

    @model_validator(mode="wrap")
    @classmethod
    def _check_rules(cls, data: Any, handler: ModelWrapValidatorHandler["_Input"]) -> "_Input":
        """Add the mistakes between fields to those that pydantic finds in single fields."""
        return combine(cls, data, handler, cls._mistakes)

    @classmethod
    def _mistakes(cls, given: object) -> Iterator[Mistake]:
        """The mistakes between fields of an input of any shape."""
        if isinstance(given, Mapping):
            yield from cls._between({name for name, value in given.items() if value is not None}, given)

    @classmethod
    def _between(cls, _names: set[Any], _given: Mapping[Any, Any]) -> Iterator[Mistake]:
        """The same for an object; ``_names`` are the fields that have a value."""
        yield from ()


class _ImageChoice(_Input):
    """A release of the ledger, or an image by tag or digest: exactly one of them."""

    service: Annotated[ServiceName | None, Field(description="the name of a registered service")] = None
    release: Annotated[ReleaseId | None, Field(description="the id of a release")] = None
    tag: Annotated[Tag | None, Field(description="a tag")] = None
    digest: Annotated[Digest | None, Field(description="a digest")] = None
    container: Annotated[ContainerName | None, Field(description="the name of a container")] = None

    @classmethod
    def _between(cls, names: set[Any], given: Mapping[Any, Any]) -> Iterator[Mistake]:
        yield from super()._between(names, given)
        one = "give exactly one of release, tag and digest"
        first, *others = [name for name in ("release", "tag", "digest") if name in names] or [""]
        if not first:
            yield Mistake(("release",), f"this field is missing; {one}")
        for other in others:
            yield Mistake((other,), f"{first} is given already; {one}")
        if first in ("tag", "digest") and "service" not in names:
            yield Mistake(("service",), f"this field is missing; {first} needs it")
        if first == "release" and "container" in names:
            yield Mistake(("container",), "it goes with tag or digest; a release has all its images")


class NormalDeploymentInput(_ImageChoice):
    """Input of `normal_deployment`: minted by the intake, or an image that an operator names."""

    attempt: Annotated[int, Between(1, 100), Field(description="the number of the attempt")] = 1
    from_environment: Annotated[EnvironmentName | None, Field(description="where to begin")] = None

    @classmethod
    def _between(cls, names: set[Any], given: Mapping[Any, Any]) -> Iterator[Mistake]:
        yield from super()._between(names, given)
        if given.get("attempt", 1) != 1 and "release" not in names:
            yield Mistake(("attempt",), "it counts the attempts of a release; leave it out or give release")


class DeployInput(_ImageChoice):
    """Input of `deploy`: one environment, any release of the ledger or any image."""

    environment: Annotated[EnvironmentName, Field(description="the name of an environment")]
    strategy: Annotated[StrategyName | None, Field(description="the name of a strategy")] = None


class RollbackInput(_Input):
    """Input of `rollback`: ``release`` is the bad one (default: what runs), ``target`` the good one."""

    service: Annotated[ServiceName, Field(description="the name of a registered service")]
    environment: Annotated[EnvironmentName, Field(description="the name of an environment")]
    release: Annotated[ReleaseId | None, Field(description="the release to get away from")] = None
    target: Annotated[ReleaseId | None, Field(description="the release to come back to")] = None
    evidence: Annotated[EvidenceKind | None, Field(description="what speaks against the images")] = None
    automatic: Annotated[Flag, Field(description="whether Tidegate itself asks")] = False

    @classmethod
    def _between(cls, names: set[Any], given: Mapping[Any, Any]) -> Iterator[Mistake]:
        yield from super()._between(names, given)
        if "target" in names and given["target"] == given.get("release"):
            yield Mistake(("target",), "it is the release to get away from; give another one")


class RegisterServiceInput(_Input):
    """Input of `register_service`."""

    manifest: Annotated[dict[str, Any], Field(description="the manifest, an object")]


class OperateInput(_Input):
    """Input of `operate`: one action, and exactly the fields that it needs."""

    action: Annotated[
        Action, Choice(tuple(_NEEDED)), Field(description=f"one of {', '.join(sorted(_NEEDED))}")
    ]
    release: Annotated[ReleaseId | None, Field(description="the id of a release")] = None
    service: Annotated[ServiceName | None, Field(description="the name of a registered service")] = None
    environment: Annotated[EnvironmentName | None, Field(description="the name of an environment")] = None
    digest: Annotated[Digest | None, Field(description="a digest")] = None

    @classmethod
    def _between(cls, names: set[Any], given: Mapping[Any, Any]) -> Iterator[Mistake]:
        yield from super()._between(names, given)
        action = given.get("action")
        needed = _NEEDED.get(action) if isinstance(action, str) else None
        if needed is None:
            return
        for name in needed:
            if name not in names:
                yield Mistake((name,), f"this field is missing; the action {action} needs it")
        for name in ("release", "service", "environment", "digest"):
            if name in names and name not in needed:
                yield Mistake((name,), f"the action {action} does not take it; leave it out")
