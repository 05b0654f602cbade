"""What an operator, or Tidegate itself, may start a machine with.

Inputs are additive and versioned: a release that waited for its approver goes on after an upgrade, so a field
is never renamed and a new one always has a default.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
ReleaseId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}-\d{8}T\d{6}Z-[0-9a-f]{6}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    comment: str | None = Field(default=None, max_length=1000, alias="Comment")
    requested_by: str | None = Field(default=None, max_length=200)
    reason: Sentence | None = None


class _ImageChoice(_Input):
    """A release of the ledger, or an image by tag or digest: exactly one of them."""

    service: ServiceName | None = None
    release: ReleaseId | None = None
    tag: Tag | None = None
    digest: Digest | None = None
    container: str | None = Field(default=None, max_length=255)

    @model_validator(mode="after")
    def _exactly_one(self) -> _ImageChoice:
        given = [name for name in ("release", "tag", "digest") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of release, tag and digest")
        if given != ["release"] and self.service is None:
            raise ValueError(f"service is needed with {given[0]}")
        return self


class NormalDeploymentInput(_ImageChoice):
    """Input of `normal_deployment`: minted by the intake, or an image that an operator names."""

    attempt: int = Field(default=1, ge=1, le=100)
    from_environment: EnvironmentName | None = None


class DeployInput(_ImageChoice):
    """Input of `deploy`: one environment, any release of the ledger or any image."""

    environment: EnvironmentName
    strategy: str | None = Field(default=None, pattern=r"^[a-z][a-z_]{0,39}$")


class RollbackInput(_Input):
    """Input of `rollback`: ``release`` is the bad one (default: what runs), ``target`` the good one."""

    service: ServiceName
    environment: EnvironmentName
    release: ReleaseId | None = None
    target: str | None = Field(default=None, max_length=80)
    evidence: Literal["start", "health", "check", "judge", "alarm"] | None = None
    automatic: bool = False


class RegisterServiceInput(_Input):
    """Input of `register_service`."""

    manifest: dict[str, Any]


class OperateInput(_Input):
    """Input of `operate`: one action, and the fields that it needs."""

    action: Literal["cancel", "retry", "promote", "lift_quarantine", "freeze", "thaw"]
    release: ReleaseId | None = None
    service: ServiceName | None = None
    environment: EnvironmentName | None = None
    digest: Digest | None = None

    @model_validator(mode="after")
    def _fields_of_the_action(self) -> OperateInput:
        needed = {
            "cancel": ("release", "reason"),
            "retry": ("release",),
            "promote": ("release",),
            "lift_quarantine": ("service", "digest", "reason"),
            "freeze": ("service", "environment", "reason"),
            "thaw": ("service", "environment"),
        }[self.action]
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"{name} is needed for the action {self.action}")
        return self
