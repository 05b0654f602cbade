"""What the judge remembers between two periods; written as JSON of less than 1 KB a metric."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .metric_state import MetricState
from .settings import JudgeSettings
from .wording import Reason, describe

Verdict = Literal["continue", "hold", "promote", "roll_back"]
FORMAT = 1  # a changed default of the settings needs a new one: only what differs is written
INCONCLUSIVE: frozenset[Reason] = frozenset(
    {"no_period", "no_canary_requests", "no_stable_requests", "silence", "few_requests", "warming_up"}
)


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
    def warming_up(self) -> bool:
        """Whether the last period lies in the part of its step that is not judged."""
        return 0 < self.step_periods <= self.settings.warm_up_minutes * self.settings.periods_per_minute

    @property
    def inconclusive(self) -> bool:
        """Whether the data allow no conclusion; the manifest says what then happens at a step's end."""
        return self.reason in INCONCLUSIVE

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
