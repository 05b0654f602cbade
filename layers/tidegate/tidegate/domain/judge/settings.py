"""What the judge is asked to guarantee, and the profiles that say how much noise it must withstand."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

ProfileName = Literal["calibrated", "guarded", "robust", "fast"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How far the groups' error rates may differ by chance, beyond independent errors.

    Attributes:
        name: Public name.
        kappa: Shape of the gamma factor that each group draws every block; smaller withstands more noise.
        epsilon: Share of blocks with an arbitrary burst in one group; bounds what one block can prove.
        tolerated_step: The tolerated ratio of error rates is ``exp(0.2 * tolerated_step)``.
        block_minutes: Minutes that form one block; noise may persist within a block.
        calibrated: Whether the dispersion follows the canary's weight from an A/A history.
    """

    name: ProfileName
    kappa: float
    epsilon: float
    tolerated_step: int
    block_minutes: int
    calibrated: bool


PROFILES: Mapping[ProfileName, Profile] = {
    "fast": Profile("fast", 10.0, 0.003, 0, 1, calibrated=False),
    "robust": Profile("robust", 5.0, 0.01, 1, 5, calibrated=False),
    "calibrated": Profile("calibrated", 10.0, 0.003, 0, 1, calibrated=True),
    "guarded": Profile("guarded", 5.0, 0.01, 1, 5, calibrated=True),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One kind of bad response.

    Attributes:
        name: As the periods name it.
        weight: Share of alpha that it may spend; weights are normalised to a sum of one.
        harm: Difference of rates that would be harm for this metric; None for the settings' own.
    """

    name: str
    weight: float = 1.0
    harm: float | None = None


STANDARD_METRICS = (Metric("errors", 0.6), Metric("slow_p99", 0.25), Metric("slow_p50", 0.15))


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """What is judged, and with which error probabilities.

    Attributes:
        alpha: Highest probability of returning a harmless canary, for the whole deployment.
        profile: How much noise between the groups is withstood.
        harm: Smallest difference of bad-response rates that must not be promoted.
        beta: Highest probability of certifying a canary that is worse by ``harm``.
        late_harm: Share of the test that looks for harm that begins late; 0 for none.
        metrics: What is judged, each with its share of alpha.
        period_seconds: Length of one period; blocks are counted in minutes whatever it is.
        minimum_requests: Canary and stable requests each, below which nothing may be concluded.
        minimum_errors: Bad canary responses, below which no canary is returned.
        certificate_minutes: Minutes in a step before the certificate may end it.
        warm_up_minutes: Minutes at the beginning of a step that are not judged: fresh tasks fail more.
        silent_periods: Consecutive periods without requests on one side after which the judge holds.
        prefer_calibrated: Whether ``robust`` gives way to ``calibrated`` where the history allows it.
    """

    alpha: float = 0.01
    profile: ProfileName = "robust"
    harm: float = 0.005
    beta: float = 0.05
    late_harm: float = 0.0
    metrics: tuple[Metric, ...] = (Metric("errors"),)
    period_seconds: int = 60
    minimum_requests: float = 100.0
    minimum_errors: float = 3.0
    certificate_minutes: int = 2
    warm_up_minutes: int = 0
    silent_periods: int = 3
    prefer_calibrated: bool = True

    def __post_init__(self) -> None:
        """Refuse settings that guarantee nothing.

        Raises:
            ValueError: If a value lies outside its range.
        """
        if self.profile not in PROFILES:
            raise ValueError(f"profile must be one of {', '.join(sorted(PROFILES))}, not {self.profile!r}")
        for name in ("alpha", "beta"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, not {getattr(self, name)!r}")
        if not 0.0 <= self.late_harm < 1.0:
            raise ValueError(f"late_harm must be at least 0 and below 1, not {self.late_harm!r}")
        if not 1 <= self.period_seconds <= 60 or 60 % self.period_seconds:
            raise ValueError(f"period_seconds must divide a minute, not {self.period_seconds!r}")
        self._check_metrics()

    def _check_metrics(self) -> None:
        if not self.metrics or any(not metric.weight > 0.0 for metric in self.metrics):
            raise ValueError("at least one metric is needed, each with a weight above 0")
        if len({metric.name for metric in self.metrics}) < len(self.metrics):
            raise ValueError("every metric needs a name of its own")
        if any(not 0.0 < self.harm_of(metric) < 1.0 for metric in self.metrics):
            raise ValueError("harm must lie between 0 and 1: it is a difference of two rates")

    def harm_of(self, metric: Metric) -> float:
        """Return the difference of rates that is harm for ``metric``."""
        return self.harm if metric.harm is None else metric.harm

    @property
    def periods_per_minute(self) -> int:
        """Number of periods in one minute."""
        return 60 // self.period_seconds

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, only those that differ from the defaults."""
        plain = {**asdict(self), "metrics": [[m.name, m.weight, m.harm] for m in self.metrics]}
        default = {**asdict(JudgeSettings()), "metrics": [["errors", 1.0, None]]}
        return {name: value for name, value in plain.items() if value != default[name]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "JudgeSettings":
        """Build settings from plain values; metrics are ``[name, weight, harm]`` lists or objects.

        Raises:
            ValueError: If a name is unknown or a value lies outside its range.
        """
        unknown = set(plain) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown judge settings: {', '.join(sorted(unknown))}")
        values = dict(plain)
        if "metrics" in values:
            values["metrics"] = tuple(
                Metric(**metric) if isinstance(metric, Mapping) else Metric(*metric)
                for metric in values["metrics"]
            )
        return cls(**values)
