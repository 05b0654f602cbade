"""The decorator around every step: parse, log context, metrics, error mapping; nothing else."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel, ValidationError

from tidegate.contracts.validation import sentences
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports

C = TypeVar("C", bound=BaseModel)
Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]

# Only ASCII leaves for the logs: whoever reads them in a terminal is not told what to do by what is in them.
logger = Logger(service="tidegate", json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
metrics = Metrics(namespace="Tidegate")

_CONTEXT = ("root", "release", "service", "environment")
_LONGEST_ARN = 300
"""Characters: what stands in every log line is no longer than the ARN of an execution."""


def step(command_type: type[C], run: Callable[[C, Ports], dict[str, Any]]) -> Handler:
    """Make a Lambda handler of a step.

    Args:
        command_type: The pydantic model of the step's input.
        run: The step itself; its result is plain JSON.

    Returns:
        A handler out of which only `Transient` and `Terminal` come. The event is never logged: it may carry a
        task token.
    """
    name = run.__module__.rpartition(".")[2]

    def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        from tidegate.bootstrap import ports

        given = event if isinstance(event, Mapping) else {}
        logger.set_correlation_id(str(getattr(context, "aws_request_id", "")))
        logger.append_keys(**{key: str(given[key])[:_LONGEST_ARN] for key in _CONTEXT if given.get(key)})
        try:
            result = run(_parse(command_type, event, name), ports())
            logger.info("step done", step=name, outcome=result.get("outcome"), reason=result.get("reason"))
            _publish(result)
            return result
        except (Transient, Terminal) as error:
            said = _without_token(str(error), given)
            logger.warning("step failed", step=name, error=type(error).__name__, reason=said)
            _count("StepFailures", name)
            if said == str(error):
                raise
            raise type(error)(said) from None
        except Exception as error:  # noqa: BLE001 - whatever it is, only two errors leave a Lambda
            said = _without_token(f"{name} broke: {type(error).__name__}: {error}", given)
            trace = _without_token("".join(traceback.format_exception(error)), given)
            logger.error("step broke", step=name, reason=said, exception=trace)  # noqa: TRY400 - see trace
            _count("StepFailures", name)
            raise Terminal(said) from None
        finally:
            logger.remove_keys(list(_CONTEXT))

    return handler


def _parse(command_type: type[C], event: Any, name: str) -> C:
    try:
        return command_type.model_validate(event)
    except ValidationError as error:
        raise Terminal(f"{name}: {' '.join(sentences(error))}") from None


def _without_token(text: str, event: Mapping[str, Any]) -> str:
    """A text for logs and histories: a task token lies in the table of waits and nowhere else."""
    token = event.get("token")
    return text.replace(token, "<token>") if isinstance(token, str) and token else text


def _publish(result: dict[str, Any]) -> None:
    """Turn what a step reports about itself into metrics: an outcome, what was ignored, what was minted.

    What it has measured is no part of its result, and is taken out of it.
    """
    for each in result.pop("measured", ()):
        _count(each["metric"], each["kind"], each["value"], MetricUnit(each["unit"]))
    if result.get("ignored"):
        _count("EventsIgnored", str(result["ignored"]))
    if result.get("releases"):
        _count("ReleasesMinted", "all", len(result["releases"]))
    if result.get("record") and result.get("outcome"):
        _count("ExecutionsEnded", str(result["outcome"]))
    for kind, number in dict(result.get("found") or {}).items():
        if number:
            _count("SweepFound", str(kind), number)


def _count(metric: str, kind: str, number: float = 1, unit: MetricUnit = MetricUnit.Count) -> None:
    metrics.add_dimension("kind", kind)
    metrics.add_metric(metric, unit, number)
    metrics.flush_metrics(raise_on_empty_metrics=False)
