"""Calibration from an A/A history: how much the service's own groups differ while running one version."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from .blocks import SCALES, dispersions, group_rates, hourly_peak, upper
from .dispersion import estimate_dispersion
from .history import Group, History, usable_history
from .weighting import weighted_dispersion

Status = Literal["ok", "ok-short", "fallback"]

FEWEST_MINUTES = 360
FULL_MINUTES = 1200
FEWEST_ERRORS = 30.0
BLIND_MINUTES = 20.0
BLIND_ERRORS = 4.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a service's own history says about noise between groups that run the same version.

    Attributes:
        status: ``ok`` from 20 hours on, ``ok-short`` from 6 hours on (rare or slow noise may be missed), or
            ``fallback`` where the history does not allow a calibration.
        reason: Why it is a fallback, or empty.
        at_one_minute: Dispersion between groups over single minutes.
        largest: Largest dispersion over blocks of 1 to 40 minutes and over the noisiest hours.
        geometry: Turns dispersion between the groups into dispersion between two sides of equal weight.
        group_rates: Error rates of the groups relative to their mean.
        errors_per_minute: Errors of all groups in the history, per minute.
        total_dispersion: Dispersion of the total counts, used where the status is ``fallback``.
        group_tasks: Harmonic mean of the tasks in one group, where known.
        minutes: Usable minutes.
        groups: Groups used.
        by_scale: Dispersion over blocks of 1, 2, 5, 10, 20 and 40 minutes, 0 where unknown.
        peak: Dispersion exceeded by one hour in ten.
        noisiest_minute: Minute at which the noisiest hour begins; an operator may exclude it.
    """

    status: Status
    reason: str = ""
    at_one_minute: float = 1.0
    largest: float = 1.0
    geometry: float = 2.0
    group_rates: tuple[float, ...] = ()
    errors_per_minute: float = 0.0
    total_dispersion: float = 1.0
    group_tasks: float | None = None
    minutes: int = 0
    groups: int = 0
    by_scale: tuple[float, ...] = ()
    peak: float = 1.0
    noisiest_minute: int | None = None

    @property
    def usable(self) -> bool:
        """Whether the calibrated profiles may rely on it."""
        return self.status != "fallback"

    def dispersion(
        self,
        share: float,
        growth: float = 1.0,
        canary_tasks: float | None = None,
        stable_tasks: float | None = None,
    ) -> float:
        """Return the dispersion of the errors where the canary answers ``share`` of the requests.

        Args:
            share: The canary's realised share of requests.
            growth: Expected errors per minute now, relative to the history; at least 1.
            canary_tasks: Running canary tasks, where known.
            stable_tasks: Running stable tasks, where known.
        """
        return weighted_dispersion(self, share, growth, canary_tasks, stable_tasks)

    @property
    def effective_errors(self) -> float:
        """Errors in 20 minutes, divided by the dispersion at equal weights."""
        return BLIND_MINUTES * self.errors_per_minute / self.dispersion(0.5)

    @property
    def warning(self) -> str:
        """A sentence for the operator where the service is too noisy to see much, else empty."""
        if not self.usable or self.effective_errors >= BLIND_ERRORS:
            return ""
        return (
            "The service's own noise hides moderate harm: a fivefold error rate will often be missed and "
            "only gross failures are found. Keep an alarm on the absolute error rate."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "by_scale": list(self.by_scale), "group_rates": list(self.group_rates)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Calibration":
        """Build a calibration from the values of `to_dict`; unknown names are ignored."""
        known: dict[str, Any] = {
            field.name: plain[field.name] for field in fields(cls) if field.name in plain
        }
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**(known | lists))


def calibrate(
    groups: Sequence[Group], exclude: Collection[int] = (), group_tasks: float | None = None
) -> Calibration:
    """Measure the noise between groups of stable tasks, per minute ``(requests, errors)`` or None.

    Args:
        groups: Two to four groups, such as the tasks of one availability zone each; minute by minute over 6
            to 24 hours, all beginning at the same minute.
        exclude: Minutes to leave out: deployments, from their start to 15 minutes after their end.
        group_tasks: Harmonic mean of the tasks in one group, where known.
    """
    history = usable_history(groups, exclude)
    totals = history.totals()
    errors = sum(e for _, e in totals)
    facts: dict[str, Any] = {
        "errors_per_minute": errors / history.minutes if history.minutes else 0.0,
        "total_dispersion": estimate_dispersion(_total_errors(history)),
        "group_tasks": group_tasks,
        "minutes": history.minutes,
        "groups": history.group_count or len(groups),
    }
    reason = _obstacle(groups, history, errors)
    if reason:
        return Calibration("fallback", reason, **facts)
    return _measured(history, [r for r, _ in totals], facts)


def _measured(history: History, requests: list[float], facts: dict[str, Any]) -> Calibration:
    by_scale = dispersions(history)
    cautious = [upper(d, scale, history) for d, scale in zip(by_scale, SCALES, strict=True)]
    peak, noisiest = hourly_peak(history)
    total = sum(requests)
    rates = group_rates(history)
    return Calibration(
        status="ok" if history.minutes >= FULL_MINUTES else "ok-short",
        at_one_minute=cautious[0],
        largest=max(*cautious, peak),
        geometry=(len(requests) - 1) / (1.0 - sum((r / total) ** 2 for r in requests)),
        group_rates=tuple(rate * len(rates) / sum(rates) for rate in rates),
        by_scale=tuple(by_scale),
        peak=peak,
        noisiest_minute=noisiest,
        **facts,
    )


def _obstacle(groups: Sequence[Group], history: History, errors: float) -> str:
    """Return why the history does not allow a calibration, or an empty string."""
    if len(groups) < 2 or (history.minutes and history.group_count < 2):
        return "fewer than two groups"
    if history.minutes < FEWEST_MINUTES:
        return "under 6 h of usable history"
    return f"under {FEWEST_ERRORS:.0f} errors in history" if errors < FEWEST_ERRORS else ""


def _total_errors(history: History) -> list[float | None]:
    """Return the errors of all groups minute by minute, None where the history is cut."""
    result: list[float | None] = []
    for segment in history.segments:
        result.extend(sum(errors for _, errors in row) for row in segment)
        result.append(None)
    return result


def most_cautious(calibrations: Iterable[Calibration]) -> Calibration:
    """Return the newest usable calibration with the largest dispersions of all, against calm days.

    Args:
        calibrations: Daily results, oldest first; the last seven are customary.

    Raises:
        ValueError: If there is none.
    """
    results = list(calibrations)
    if not results:
        raise ValueError("at least one calibration is needed")
    usable = [result for result in results if result.usable]
    if not usable:
        return results[-1]
    noisiest = {
        "at_one_minute": max(result.at_one_minute for result in usable),
        "largest": max(result.largest for result in usable),
    }
    return Calibration.from_dict({**usable[-1].to_dict(), **noisiest})
