"""What the judge remembers of one metric between two periods."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from .certificate import NO_CERTIFICATE, log_certificate
from .likelihood import NO_EVIDENCE
from .live import NOTHING_SEEN, Scale
from .settings import PROFILES, Profile, ProfileName

Totals: TypeAlias = tuple[float, float, float, float]  # canary requests, errors, stable requests, errors
NO_COUNTS: Totals = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class GroupNoise:
    """The figures of a calibration that a running deployment needs; see `Calibration`."""

    at_one_minute: float
    largest: float
    geometry: float
    errors_per_minute: float
    group_tasks: float | None = None
    group_rates: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricState:
    """Evidence on one metric.

    Attributes:
        profile: Profile in force, which may differ from the one asked for.
        dispersion: Dispersion of the last period's errors.
        noise: The calibration's figures; None where the dispersion is fixed.
        closed: Log evidence of closed blocks, for each alternative, with what later tests have begun on; see
            `late`.
        log_evidence: Log evidence of everything so far, the open block included.
        certificates: Log evidence against harm, for each factor.
        block: Counts of the open block, errors divided by the dispersion of their period.
        block_periods: Periods in the open block.
        totals: Raw counts of the deployment.
        recent: Stable errors, stable requests and all requests of the last minutes, newest last.
        recent_periods: Periods in the newest of those minutes.
        live: Statistics of the stable groups during the deployment.
        silent: Successive periods in which a group had no request.
        note: Remark on the calibration, kept for the evidence.
        closed_periods: Periods in closed blocks.
    """

    profile: ProfileName
    dispersion: float = 1.0
    noise: GroupNoise | None = None
    closed: tuple[float, ...] = NO_EVIDENCE
    log_evidence: float = 0.0
    certificates: tuple[float, ...] = NO_CERTIFICATE
    block: Totals = NO_COUNTS
    block_periods: int = 0
    totals: Totals = NO_COUNTS
    recent: tuple[tuple[float, float, float], ...] = ()
    recent_periods: int = 0
    live: tuple[Scale, ...] = NOTHING_SEEN
    silent: int = 0
    note: str = ""
    closed_periods: int = 0

    @property
    def rules(self) -> Profile:
        """The profile's constants."""
        return PROFILES[self.profile]

    @property
    def log_certificate(self) -> float:
        """Log evidence against harm, averaged over the factors."""
        return log_certificate(self.certificates)

    def to_list(self) -> list[Any]:
        """Return plain values in the order of the fields, without what was never used."""
        values = {name: getattr(self, name) for name in MetricState.__slots__}
        values["noise"] = self.noise and [getattr(self.noise, name) for name in GroupNoise.__slots__]
        values["live"] = [
            [getattr(scale, name) for name in Scale.__slots__]
            for scale in self.live
            if self.live != NOTHING_SEEN
        ]
        return list(values.values())

    @classmethod
    def from_list(cls, plain: list[Any]) -> "MetricState":
        """Build the state from the values of `to_list`; one written before `closed_periods` has none."""
        whole = [*plain, 0] if len(plain) == len(MetricState.__slots__) - 1 else plain
        values = dict(zip(MetricState.__slots__, map(_frozen, whole), strict=True))
        values["noise"] = GroupNoise(*values["noise"]) if values["noise"] else None
        values["live"] = tuple(Scale(*scale) for scale in values["live"]) or NOTHING_SEEN
        return cls(**values)


def _frozen(value: Any) -> Any:
    """Turn lists into tuples, also inner ones."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    """Keep seven decimals of evidence: more would say nothing and make the state longer."""
    return tuple(round(value, 7) for value in values)


def shortened(value: float, digits: int = 9) -> float:
    """Keep some digits of a count, and write whole numbers without a fraction."""
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short
