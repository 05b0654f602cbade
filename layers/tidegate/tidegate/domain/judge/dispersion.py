"""How much more a service's error counts scatter than independent errors would."""

from collections.abc import Sequence
from itertools import pairwise

LARGEST = 40.0


def estimate_dispersion(errors_per_minute: Sequence[float | None]) -> float:
    """Return the dispersion of one-minute error counts, between 1 and 40.

    Successive differences are used, so that a slow drift of the rate does not enter. At least 720 minutes
    from before the deployment are wanted; fewer are accepted and a history without two known neighbouring
    minutes, or without an error, gives 1.

    The total cannot tell noise common to both groups from noise of one group, so the figure errs on the
    side of slowness. Noise of one group that lasts for several minutes does not show in it.

    Args:
        errors_per_minute: Errors of the whole service in successive minutes, None where unknown.
    """
    squares = total = 0.0
    for earlier, later in pairwise(errors_per_minute):
        if earlier is not None and later is not None:
            squares += (later - earlier) ** 2
            total += later + earlier
    return min(LARGEST, max(1.0, squares / total)) if total > 0.0 else 1.0
