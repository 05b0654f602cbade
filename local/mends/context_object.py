"""Mend: the context object (`$states.context`) is complete, and its times are text.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

import datetime
from typing import TypeAlias

from local.mends.language import ASL, PARSER, Environment
from local.mends.patching import Foreign, Mends

Json: TypeAlias = object

MENDS = Mends()


@MENDS.wraps(f"{PARSER}.backend.execution_worker:ExecutionWorker._get_evaluation_environment", "ce8421b71dab")
def evaluation_environment(original: Foreign, self: Foreign) -> Environment:
    """moto gives the start time as an object, which no expression can read."""
    env = original(self)
    execution = env.states.context_object.context_object_data["Execution"]
    execution["StartTime"] = iso_time(execution["StartTime"])
    execution["RedriveCount"] = 0
    return env


@MENDS.replaces(f"{ASL}.component.state.state:StateData", "3ee318f50da9")
def state_data(EnteredTime: str, Name: str) -> dict[str, Json]:  # noqa: N803 - moto's keywords
    """moto gives the time with an offset instead of `Z`, and no retry count outside of tasks."""
    return {
        "EnteredTime": iso_time(datetime.datetime.fromisoformat(EnteredTime)),
        "Name": Name,
        "RetryCount": 0,
    }


def iso_time(moment: datetime.datetime) -> str:
    """A time as Step Functions writes it: `2024-11-23T09:30:00.123Z`."""
    return (
        moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )
