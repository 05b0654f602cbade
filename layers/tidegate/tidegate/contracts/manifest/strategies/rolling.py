"""The native deployments of ECS: what all strategies share, and the strategy `rolling`."""

from typing import Annotated, Literal

from pydantic import Field

from tidegate.contracts.fields import Between, Choice, Contract, Flag
from tidegate.contracts.manifest.fields import DeploymentTimeout, Word
from tidegate.domain import strategy as domain


class Threshold(Contract):
    """When the circuit breaker trips; see `ThresholdConfiguration` in the ECS API reference."""

    type: Annotated[
        domain.ThresholdType,
        Choice(("BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT")),
        Field(description="what value counts: percent of the desired tasks (with bounds or not), or tasks"),
    ] = "BOUNDED_PERCENT"
    value: Annotated[
        int, Between(1, 1000), Field(description="percent (at most 100), or how many failed tasks")
    ] = 50


class CircuitBreaker(Contract):
    """The ECS deployment circuit breaker. It is always on, and always rolls back."""

    threshold: Annotated[Threshold, Field(description="when it trips")] = Threshold()
    reset_on_healthy_task: Annotated[
        Flag, Field(description="whether a healthy task sets the count of failed tasks back to zero")
    ] = True

    def to_domain(self) -> domain.CircuitBreaker:
        """The settings as a domain value."""
        threshold = domain.CircuitBreakerThreshold(type=self.threshold.type, value=self.threshold.value)
        return domain.CircuitBreaker(threshold, reset_on_healthy_task=self.reset_on_healthy_task)


class Alarms(Contract):
    """CloudWatch alarms that fail a deployment."""

    names: Annotated[list[Word], Field(max_length=100, description="names of CloudWatch alarms")] = Field([])
    when_already_in_alarm: Annotated[
        domain.AlarmChoice,
        Choice(("refuse", "accept")),
        Field(description="what to do when one is in ALARM beforehand, since ECS would ignore it then"),
    ] = "refuse"

    def to_domain(self) -> domain.DeploymentAlarms:
        """The settings as a domain value."""
        return domain.DeploymentAlarms(tuple(self.names), self.when_already_in_alarm)


class NativeSettings(Contract):
    """What every strategy says of the deployments that ECS makes for it."""

    timeout_seconds: Annotated[
        DeploymentTimeout, Field(description="after how long an unfinished deployment has failed")
    ] = 1800
    minimum_healthy_percent: Annotated[
        int, Between(0, 100), Field(description="how many tasks must stay healthy, in percent of the desired")
    ] = 100
    maximum_percent: Annotated[
        int, Between(100, 400), Field(description="how many tasks there may be, in percent of the desired")
    ] = 200
    circuit_breaker: Annotated[
        CircuitBreaker, Field(description="settings of the deployment circuit breaker")
    ] = CircuitBreaker()
    alarms: Annotated[Alarms, Field(description="alarms that fail the deployment")] = Alarms()


class Rolling(NativeSettings):
    """The native rolling deployment of ECS."""

    name: Annotated[Literal["rolling"], Field(description="rolling")]

    def to_domain(self) -> domain.RollingSettings:
        """The settings as a domain value."""
        return domain.RollingSettings(
            timeout_seconds=self.timeout_seconds,
            minimum_healthy_percent=self.minimum_healthy_percent,
            maximum_percent=self.maximum_percent,
            circuit_breaker=self.circuit_breaker.to_domain(),
            alarms=self.alarms.to_domain(),
        )
