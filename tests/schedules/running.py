"""Runs schedules under Hypothesis, with a seed, and says what happened in them."""

from __future__ import annotations

import io
from collections import Counter
from contextlib import redirect_stdout

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.schedules.schedule import Schedule

STEPS = 50
"""Rules in one schedule; many of them let dozens of functions run."""


def run(
    examples: int, number: int, *, machine: type[Schedule] = Schedule, shorten: bool = True
) -> Counter[str]:
    """Run schedules until one of them ends as it must not.

    Args:
        examples: How many.
        number: The seed: the same one gives the same schedules.
        machine: The kind of schedule.
        shorten: Whether a schedule that fails is made as short as it can be.

    Returns:
        What happened in all of them, in numbers.

    Raises:
        AssertionError: a schedule failed; the notes of the error are its steps.
    """
    machine.counted = Counter()
    phases = [Phase.generate, Phase.shrink] if shorten else [Phase.generate]
    how = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=False,
        phases=phases,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    with redirect_stdout(io.StringIO()):
        run_state_machine_as_test(seed(number)(_copy(machine)), settings=how)
    return machine.counted


def _copy(machine: type[Schedule]) -> type[Schedule]:
    """A class of its own for each run, for a seed stays with the class that it was given to."""
    return type(machine.__name__, (machine,), {"counted": machine.counted})
