"""Evidence of no harm: the reverse test, of "the canary is worse by at least ``harm``".

For a rate difference of at least ``harm`` in every period and any ``a`` below one,
``a^k_c b^k_b exp(n_c harm (1-a))`` with ``b = 1 + (n_c/n_b)(1-a)`` has an expectation of at most one: for
independent requests it is at most ``exp(n_c p_c (a-1) + n_b p_b (b-1) + n_c harm (1-a))``. Its logarithm is
divided by the dispersion where errors are not independent. The average over several ``a`` is a test that
may be looked at after every period.
"""

import math

from .likelihood import log_sum_exp
from .period import Period

FACTORS = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95)
NO_CERTIFICATE = (0.0,) * len(FACTORS)


def log_certificates(period: Period, harm: float, dispersion: float) -> tuple[float, ...]:
    """Return the log evidence against ``harm`` in one period, for each factor."""
    if not period.comparable:
        return NO_CERTIFICATE
    odds = period.canary_requests / period.stable_requests
    return tuple(
        (
            period.canary_errors * math.log(a)
            + period.stable_errors * math.log1p(odds * (1.0 - a))
            + period.canary_requests * harm * (1.0 - a)
        )
        / dispersion
        for a in FACTORS
    )


def log_certificate(logs: tuple[float, ...]) -> float:
    """Return the log of the average over the factors."""
    return log_sum_exp(logs) - math.log(len(FACTORS))
