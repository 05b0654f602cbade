"""The judge of a canary: a sequential test that may be read after every period.

The canary is compared with the stable tasks that answer requests at the same time. A harmless canary is
returned with a probability of at most ``alpha`` in a whole deployment, however often the verdict is read,
for all noise that is common to both groups and for the group noise that the profile withstands; what it
withstands in the declared scenarios is measured by ``bench/judge.py``. No promise is made for noise that
neither the profile nor the history knows.

Clean minutes are evidence against harm. So that they do not hide harm that begins late, a share of the test
(``late_harm``) is spread over tests that begin later, at the same ``alpha``; see `late`.
"""

from .absolute import (
    AbsoluteSettings,
    AbsoluteState,
    AbsoluteVerdict,
    Limit,
    observe_absolute,
    start_absolute,
)
from .calibration import Calibration, calibrate, most_cautious
from .closing import closed_periods
from .dispersion import estimate_dispersion
from .period import Period
from .sequential import observe, start
from .settings import PROFILES, STANDARD_METRICS, JudgeSettings, Metric, Profile, ProfileName
from .state import JudgeState, Verdict
from .wording import Reason

__all__ = [
    "PROFILES",
    "STANDARD_METRICS",
    "AbsoluteSettings",
    "AbsoluteState",
    "AbsoluteVerdict",
    "Calibration",
    "JudgeSettings",
    "JudgeState",
    "Limit",
    "Metric",
    "Period",
    "Profile",
    "ProfileName",
    "Reason",
    "Verdict",
    "calibrate",
    "closed_periods",
    "estimate_dispersion",
    "most_cautious",
    "observe",
    "observe_absolute",
    "start",
    "start_absolute",
]
