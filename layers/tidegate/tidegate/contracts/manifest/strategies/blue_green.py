"""The strategy `blue_green`: the native blue/green deployment of ECS."""

from typing import Annotated, Literal

from pydantic import Field

from tidegate.contracts.fields import Between, Choice, Contract, Text
from tidegate.contracts.manifest.checks import HeaderName, HeaderValue
from tidegate.contracts.manifest.fields import DeploymentTimeout, Label
from tidegate.contracts.manifest.strategies.fields import (
    BakeMinutes,
    HookMinutes,
    ListenerRule,
    Share,
    TargetGroup,
)
from tidegate.contracts.manifest.strategies.judging import Milliseconds
from tidegate.contracts.manifest.strategies.rolling import NativeSettings
from tidegate.contracts.task_definition import Role
from tidegate.domain import strategy as domain

Base = Annotated[
    str,
    Text(
        "scheme, host and port such as https://example.com:8443, without a path",
        pattern=r"^https?://[^\s\u0000-\u0020\u007f-\u009f@/?#]+$",
        longest=512,
    ),
]


class Bake(Contract):
    """How green is judged after the switch, while blue still runs."""

    alpha: Annotated[
        Share, Field(description="the highest probability of returning a green that stays below the limits")
    ] = 0.01
    error_rate: Annotated[Share, Field(description="the share of 5xx responses that is tolerated")] = 0.01
    slow_rate: Annotated[Share, Field(description="the share of slow responses that is tolerated")] = 0.05
    slow_ms: Annotated[
        Milliseconds | None, Field(description="responses slower than this are slow; null judges errors only")
    ] = None
    minimum_requests: Annotated[
        int, Between(1, 1_000_000), Field(description="requests in the bake below which nothing is known")
    ] = 100
    when_inconclusive: Annotated[
        domain.BakeChoice,
        Choice(("accept", "return")),
        Field(description="what happens to a green of which nothing is known at the end"),
    ] = "return"

    def to_domain(self) -> domain.BakeRules:
        """The rules as a domain value."""
        return domain.BakeRules(
            alpha=self.alpha,
            error_rate=self.error_rate,
            slow_rate=self.slow_rate,
            slow_ms=self.slow_ms,
            minimum_requests=self.minimum_requests,
            when_inconclusive=self.when_inconclusive,
        )


class BlueGreen(NativeSettings):
    """A second set of tasks that is tested, then gets all traffic at once, then is judged."""

    name: Annotated[Literal["blue_green"], Field(description="blue_green")]
    production_rule: Annotated[
        ListenerRule, Field(description="the ARN of the listener rule whose traffic is switched")
    ]
    test_rule: Annotated[
        ListenerRule, Field(description="the ARN of the listener rule that leads to green before the switch")
    ]
    target_groups: Annotated[
        list[TargetGroup],
        Field(min_length=2, max_length=2, description="the ARNs of the two target groups, in any order"),
    ]
    infrastructure_role: Annotated[
        Role, Field(description="the ARN of the role with which ECS changes the listener rules")
    ]
    test_url: Annotated[
        Base | None, Field(description="scheme, host and port of the test listener, for the test checks")
    ] = None
    test_headers: Annotated[
        dict[HeaderName, HeaderValue],
        Field(max_length=10, description="headers by which the test rule knows a test request"),
    ] = Field({})
    bake_minutes: Annotated[BakeMinutes, Field(description="how long both run after the switch")] = 10
    hook_timeout_minutes: Annotated[
        HookMinutes, Field(description="after how long ECS rolls back when nobody answers its pause")
    ] = 60
    bake: Annotated[Bake, Field(description="how green is judged after the switch")] = Bake()
    test_checks: Annotated[
        list[Label],
        Field(max_length=20, description="names of checks that green must pass before the switch"),
    ] = Field([])
    timeout_seconds: Annotated[
        DeploymentTimeout, Field(description="after how long an unfinished deployment has failed")
    ] = 7200

    def to_domain(self) -> domain.BlueGreenSettings:
        """The settings as a domain value."""
        blue, green = self.target_groups
        return domain.BlueGreenSettings(
            production_rule=self.production_rule,
            test_rule=self.test_rule,
            target_groups=(blue, green),
            infrastructure_role=self.infrastructure_role,
            test_url=self.test_url,
            test_headers=dict(self.test_headers),
            bake_minutes=self.bake_minutes,
            hook_timeout_minutes=self.hook_timeout_minutes,
            bake=self.bake.to_domain(),
            test_checks=tuple(self.test_checks),
            timeout_seconds=self.timeout_seconds,
            minimum_healthy_percent=self.minimum_healthy_percent,
            maximum_percent=self.maximum_percent,
            circuit_breaker=self.circuit_breaker.to_domain(),
            alarms=self.alarms.to_domain(),
        )
