"""What the judge remembers between two periods; written as JSON of less than 1 KB a metric."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .certificate import NO_CERTIFICATE, log_certificate
from .likelihood import NO_EVIDENCE
from .settings import PROFILES, JudgeSettings, Profile, ProfileName
from .wording import Reason, describe

Verdict = Literal["continue", "hold", "promote", "roll_back"]
Totals: TypeAlias = tuple[float, float, float, float]  # canary requests, errors, stable requests, errors
FORMAT = 1
DIGITS = 9


@dataclass(frozen=True, slots=True)
class GroupNoise:
    """The figures of a calibration that a running deployment needs."""

    at_one_minute: float
    largest: float
    geometry: float
    errors_per_minute: float
    group_tasks: float | None = None


@dataclass(frozen=True, slots=True)
class MetricState:
    """Evidence on one metric.

    Attributes:
        profile: Profile in force, which may differ from the one asked for.
        dispersion: Dispersion of the last period's errors.
        noise: The calibration's figures; None where the dispersion is fixed.
        closed: Log evidence of closed blocks, for each alternative.
        log_evidence: Log evidence of everything so far, the open block included.
        certificates: Log evidence against harm, for each factor.
        block: Counts of the open block, errors divided by the dispersion of their period.
        block_periods: Periods in the open block.
        totals: Raw counts of the deployment.
        recent: Stable errors, stable requests and all requests of the last minutes, newest last.
        recent_periods: Periods in the newest of those minutes.
        silent: Successive periods in which a group had no request.
        note: Remark on the calibration, kept for the evidence.
    """

    profile: ProfileName
    dispersion: float = 1.0
    noise: GroupNoise | None = None
    closed: tuple[float, ...] = NO_EVIDENCE
    log_evidence: float = 0.0
    certificates: tuple[float, ...] = NO_CERTIFICATE
    block: Totals = (0.0, 0.0, 0.0, 0.0)
    block_periods: int = 0
    totals: Totals = (0.0, 0.0, 0.0, 0.0)
    recent: tuple[tuple[float, float, float], ...] = ()
    recent_periods: int = 0
    silent: int = 0
    note: str = ""

    @property
    def rules(self) -> Profile:
        """The profile's constants."""
        return PROFILES[self.profile]

    @property
    def log_certificate(self) -> float:
        """Log evidence against harm, averaged over the factors."""
        return log_certificate(self.certificates)

    def to_list(self) -> list[Any]:
        """Return plain values in the order of the fields."""
        noise = self.noise and [getattr(self.noise, name) for name in GroupNoise.__slots__]
        return [noise if name == "noise" else getattr(self, name) for name in MetricState.__slots__]

    @classmethod
    def from_list(cls, plain: list[Any]) -> "MetricState":
        """Build the state from the values of `to_list`."""
        values = dict(zip(MetricState.__slots__, plain, strict=True))
        for name in ("closed", "certificates", "block", "totals"):
            values[name] = tuple(values[name])
        values["recent"] = tuple(map(tuple, values["recent"]))
        values["noise"] = GroupNoise(*values["noise"]) if values["noise"] else None
        return cls(**values)


@dataclass(frozen=True, slots=True)
class JudgeState:
    """Everything known after some periods. Immutable: `observe` returns a new one.

    Attributes:
        settings: What is judged.
        metrics: Evidence on each metric of the settings, in their order.
        verdict: ``continue`` with the schedule; ``hold`` and do not advance; ``promote``: harm is refuted,
            so that the step may end early; ``roll_back``, which is final.
        reason: Why, as a word for programs.
        log_evidence: Log of the combined evidence of harm, in nats.
        last_index: Index of the last period that entered.
        periods: Periods that entered.
        step: Step of the last period.
        step_periods: Periods of that step that entered.
        subject: Position of the metric that the reason is about.
    """

    settings: JudgeSettings
    metrics: tuple[MetricState, ...]
    verdict: Verdict = "hold"
    reason: Reason = "no_period"
    log_evidence: float = 0.0
    last_index: int | None = None
    periods: int = 0
    step: int = 0
    step_periods: int = 0
    subject: int = 0

    @property
    def log_certificate(self) -> float:
        """Log evidence against harm: that of the metric with the least."""
        return min(metric.log_certificate for metric in self.metrics)

    @property
    def inconclusive(self) -> bool:
        """Whether the data allow no conclusion; the manifest says what then happens at a step's end."""
        return self.reason in {
            "no_period",
            "no_canary_requests",
            "no_stable_requests",
            "silence",
            "few_requests",
        }

    @property
    def sentence(self) -> str:
        """The verdict and what it rests on, in one or two sentences."""
        return describe(self)

    def to_json(self) -> str:
        """Return the state as compact JSON; numbers survive unchanged."""
        plain = {
            "v": FORMAT,
            "settings": self.settings.to_dict(),
            "metrics": [m.to_list() for m in self.metrics],
        }
        plain |= {name: getattr(self, name) for name in _PLAIN}
        return json.dumps(plain, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "JudgeState":
        """Read the state that `to_json` wrote.

        Raises:
            ValueError: If the text is not such a state.
        """
        plain = json.loads(text)
        if not isinstance(plain, Mapping) or plain.get("v") != FORMAT:
            raise ValueError("not a judge state of a known format")
        return cls(
            settings=JudgeSettings.from_dict(plain["settings"]),
            metrics=tuple(map(MetricState.from_list, plain["metrics"])),
            **{name: plain[name] for name in _PLAIN},
        )


_PLAIN = tuple(name for name in JudgeState.__slots__ if name not in {"settings", "metrics"})


def rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    """Keep nine decimals: more would say nothing and make the state longer."""
    return tuple(round(value, DIGITS) for value in values)


def shortened(value: float) -> float:
    """Keep seven digits of a count that only serves as an average."""
    return float(f"{value:.7g}") if value and math.isfinite(value) else 0.0
