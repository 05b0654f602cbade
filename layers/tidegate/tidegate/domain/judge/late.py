"""Harm that begins late: tests begun at later blocks, beside the one begun at the first period.

A product of all blocks finds late harm slowly, since every clean minute before it was evidence against harm
and a bad one proves only so much. The share ``late_harm`` of the stake is therefore spread over tests that
begin with later blocks; the rest stays on the test of all blocks. For each alternative

    M = (1 - share) * e_1 e_2 ... e_t  +  share * sum over s of w_s * e_s ... e_t  +  share * (w not begun)

with fixed weights ``w_s`` of sum one. What has not begun is worth what was staked on it. Each summand has an
expectation of at most its weight wherever each ``e`` has one of at most one given the past, so that ``M`` is
a test with the same guarantee, as is its average over the alternatives. All tests that have begun are
multiplied by the same block, so their sum is all that is kept: when a block ends, the weight of the test
that begins with the next one is added.

Weights follow time, whatever the length of a block: after ``t`` judged minutes ``HORIZON / (HORIZON + t)``
of them is still to begin. A share of 0 is the test of all blocks alone.

What the theorem does not cover, noise that neither profile nor history knows, is more often taken for late
harm, because a long clean record no longer outweighs it. `bench/judge.py` measures how often.

Source of the idea, a mixture over the moments at which a change may have happened: M. Pollak, "Optimal
detection of a change in distribution", Ann. Statist. 13 (1985); as e-processes in J. Shin, A. Ramdas,
A. Rinaldo, "E-detectors", https://arxiv.org/abs/2203.03532. Here nothing is restarted without being paid
for, so that alpha holds for the whole deployment.
"""

import math

from .likelihood import log_sum_exp

HORIZON = 20.0  # minutes within which half of the later tests begin


def waiting(share: float, minutes: float) -> float:
    """Return the weight of the tests that have not begun after so many judged minutes."""
    return share * HORIZON / (HORIZON + minutes)


def with_next_test(logs: tuple[float, ...], share: float, before: float, now: float) -> tuple[float, ...]:
    """Return the log evidence of the begun tests with the one that begins now.

    Args:
        logs: By alternative, relative to the stake on the test of all blocks.
        share: Stake on the tests of late harm.
        before: Judged minutes before the block that ended.
        now: Judged minutes after it.
    """
    weight = waiting(share, before) - waiting(share, now)
    if weight <= 0.0:
        return logs
    stake = math.log(weight) - math.log1p(-share)
    return tuple(log_sum_exp((log, stake)) for log in logs)


def log_total(log_begun: float, share: float, minutes: float) -> float:
    """Return the log evidence of all tests, those included that have not begun.

    Args:
        log_begun: Of the begun tests, relative to the stake on the test of all blocks.
        share: Stake on the tests of late harm.
        minutes: Judged minutes in blocks that ended.
    """
    if share <= 0.0:
        return log_begun
    return log_sum_exp((log_begun + math.log1p(-share), math.log(waiting(share, minutes))))
