"""Mend: the history of an execution ends with the execution, and at 25,000 events ends it.

"Execution history size: 25,000 events in a single state machine execution history"
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html); the last of them is the
`ExecutionFailed`. moto keeps on writing, and after the end too.
"""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import TypeAlias, cast

from local.mends.language import ASL, HistoryEventType, MotoFailure, PlainErrorName
from local.mends.patching import Foreign, Mends

Json: TypeAlias = object

MENDS = Mends()

MOST_EVENTS = 25_000
_ENDS = {
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
}


class HistoryFull(MotoFailure):
    """The next event would be the last one allowed; the execution fails."""

    def __init__(self) -> None:
        details = {
            "error": "States.Runtime",
            "cause": f"The execution reached the maximum number of history events ({MOST_EVENTS}).",
        }
        super().__init__(
            failure_event=cast("Foreign", SimpleNamespace)(
                error_name=PlainErrorName("States.Runtime"),
                event_type=HistoryEventType.ExecutionFailed,
                event_details={"executionFailedEventDetails": details},
                state_name=None,
                source_event_id=0,
            )
        )
        self._details = details

    def get_execution_failed_event_details(self) -> Foreign:
        """What moto writes into the execution's last event, here without naming a state."""
        return self._details


@MENDS.wraps(f"{ASL}.eval.event.event_manager:EventManager.add_event", "cb430fa2e3fe")
def add_event(
    original: Foreign, self: Foreign, context: Foreign, event_type: Foreign, *args: Json, **kwargs: Json
) -> Foreign:
    """moto knows no limit, and lets work that was given up on write after the end.

    Raises:
        HistoryFull: The one place left is for the end of the execution.
    """
    if self.__dict__.get("local_ended"):
        return context.last_published_event_id
    if event_type in _ENDS:
        self.local_ended = True
        if event_type == HistoryEventType.ExecutionTimedOut:
            context.source_event_id = 0
            kwargs["event_details"] = {"executionTimedOutEventDetails": {"error": "States.Timeout"}}
    elif len(self._history_event_list) >= MOST_EVENTS - 1:
        raise HistoryFull
    return original(self, context, event_type, *args, **kwargs)


@MENDS.replaces(f"{ASL}.eval.event.event_manager:iso_8601_datetime_with_milliseconds", "36456d019977")
def keep_time(moment: datetime.datetime) -> datetime.datetime:
    """moto stores the time as text, without the zone."""
    return moment


@MENDS.replaces(f"{ASL}.component.eval_component:EvalComponent._log_failure_event_exception", "7d7aa73b14ee")
def no_log_of_failure(self: Foreign, failure_event_exception: Foreign) -> None:
    """moto prints the whole machine at every level a failure passes, caught or not; the history has it."""


@MENDS.replaces(f"{ASL}.component.eval_component:EvalComponent._log_exception", "2125c07bc2ee")
def no_log_of_exception(self: Foreign, exception: Exception) -> None:
    """The same for exceptions that moto turns into failures further up."""
