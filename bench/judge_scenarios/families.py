"""The families of scenarios in which both versions are equally good, and their parameters.

Three sets, kept apart in every table:

* ``REFERENCE``: the six families that everybody who tuned the method looked at;
* ``STUDY``: the families of the calibration study, of which some were looked at while tuning;
* ``HELD_OUT``: families written down here before this implementation was run on anything, and never
  used for choosing a constant.

``MISMATCH`` holds deployments noisier than the history that calibrated them; two of them, independent errors
followed by lognormal noise and by clusters, chose the constants of the live comparison of the stable groups.
``MISMATCH_HELD_OUT`` was declared after that choice and before its first run. The set of a family and its
parameters are not changed after results have been seen; a new family is added with a new name.
"""

from dataclasses import dataclass, replace

from .noise import (
    Autoregressive,
    Bursts,
    Episodes,
    GammaMinutes,
    HeldLognormal,
    HeldStudent,
    HeldUniform,
    Noise,
    NoisyHours,
)


@dataclass(frozen=True)
class Clusters:
    """Errors come in bunches: sizes geometric of the given mean, or Pareto-tailed where ``tail`` is set."""

    mean: float
    tail: float = 0.0
    largest: int = 200


@dataclass(frozen=True)
class Diurnal:
    """Traffic and error rate swing over 24 hours; the deployment begins at ``start_hour`` of the swing."""

    traffic: float
    errors: float
    start_hour: float


@dataclass(frozen=True)
class ColdStart:
    """Tasks just started fail ``factor`` times as often, halving each ``halving_minutes``.

    The canary group is cold at the beginning of each step, where capacity is added.
    """

    factor: float
    halving_minutes: float


@dataclass(frozen=True)
class RetryStorm:
    """Storms that strike all groups at once, each with a strength of its own.

    While a storm lasts, requests grow by ``more_requests`` and each failing request is tried again up to
    ``retries`` times in the same group, so that its errors come in bunches.
    """

    every_minutes: float
    minutes: int
    factor: float
    more_requests: float
    retries: int
    own_spread: float


@dataclass(frozen=True)
class Family:
    """What one family does to the error rates of groups that run equally good versions.

    Attributes:
        name: Shown in tables.
        own: Noise that each group draws for itself.
        common: Noise drawn once for all groups.
        ramp: Factor by which the common rate grows over the first hour of the deployment (1: none).
        clusters: Bunched errors.
        diurnal: Swing of traffic and rate over a day.
        cold_start: Fresh canary tasks fail more often.
        storm: Retry storms.
        traffic_growth: Traffic during the deployment divided by that in the history.
        history: Differences of the history from the deployment, by another family; None for the same.
    """

    name: str
    own: tuple[Noise, ...] = ()
    common: tuple[Noise, ...] = ()
    ramp: float = 1.0
    clusters: Clusters | None = None
    diurnal: Diurnal | None = None
    cold_start: ColdStart | None = None
    storm: RetryStorm | None = None
    traffic_growth: float = 1.0
    history: "Family | None" = None


INDEPENDENT = Family("independent errors")
DRIFT = Family("common x10 ramp + common shocks", common=(GammaMinutes(2),), ramp=10)
CLUSTER9 = Family("clusters, Fano 9", clusters=Clusters(5))

REFERENCE = (
    INDEPENDENT,
    DRIFT,
    Family("own gamma(5)/min", own=(GammaMinutes(5),)),
    Family("own gamma(2)/min", own=(GammaMinutes(2),)),
    CLUSTER9,
    Family("x20 bursts, 1 %/min", own=(Bursts(0.01, 20),)),
)


def _held(sigma: float, minutes: int) -> Family:
    return Family(f"own lognormal {sigma} held {minutes} min", own=(HeldLognormal(sigma, minutes),))


_NOISY = Family(
    "history: lognormal 0.7 held 5 min in 25 % of hours", own=(NoisyHours(HeldLognormal(0.7, 5), 0.25),)
)

STUDY = (
    Family("clusters, Fano 23", clusters=Clusters(12)),
    _held(0.3, 2),
    _held(0.7, 2),
    _held(0.3, 5),
    _held(0.7, 5),
    _held(0.3, 10),
    _held(0.7, 10),
    _held(0.3, 20),
    _held(0.7, 20),
    _held(0.7, 60),
    Family("own AR(1) log noise sd 0.5, rho 0.8", own=(Autoregressive(0.5, 0.8),)),
    Family("own AR(1) log noise sd 0.5, rho 0.95", own=(Autoregressive(0.5, 0.95),)),
    Family("one of 10 tasks x20, 10 min, every 4 h", own=(Episodes(240, 2.9, 10),)),
    Family("one of 4 tasks x20, 20 min, every 4 h", own=(Episodes(240, 5.75, 20),)),
    Family("common ramp + own gamma(2)", own=(GammaMinutes(2),), common=(GammaMinutes(2),), ramp=10),
    Family(
        "common ramp + own lognormal 0.7 held 5",
        own=(HeldLognormal(0.7, 5),),
        common=(GammaMinutes(2),),
        ramp=10,
    ),
    Family("t(4) log noise 0.35, random holds", own=(HeldStudent(0.35, 4, 8),)),
    Family("x5 bursts of mean 5 min, every 5 h", own=(Episodes(300, 5, 5, geometric=True),)),
    Family("Fano 9 and lognormal 0.5 held 10", own=(HeldLognormal(0.5, 10),), clusters=Clusters(5)),
    Family(
        "lognormal 0.7 held 5 in 25 % of hours, deployed in one", own=(HeldLognormal(0.7, 5),), history=_NOISY
    ),
)

HELD_OUT = (
    Family("persistent group noise: uniform +-1 log, mean hold 15 min", own=(HeldUniform(1.0, 15),)),
    Family("slow group noise: AR(1) log sd 0.4, rho 0.99", own=(Autoregressive(0.4, 0.99),)),
    Family("heavy clusters: Pareto sizes, tail 1.8, to 200", clusters=Clusters(0, tail=1.8)),
    Family(
        "diurnal drift: traffic +-70 %, rate +-60 %, own gamma(5)",
        own=(GammaMinutes(5),),
        diurnal=Diurnal(0.7, 0.6, 7.0),
    ),
    Family("retry storms: every 3 h, x12, 6 min", storm=RetryStorm(180, 6, 12, 0.5, 3, 0.4)),
    Family("one bad task of 6: x25, mean 12 min, every 8 h", own=(Episodes(480, 5.0, 12, geometric=True),)),
    Family("cold start: x10, halving each minute", cold_start=ColdStart(10, 1.0)),
    Family("traffic trebled, own lognormal 0.5 held 7 min", own=(HeldLognormal(0.5, 7),), traffic_growth=3.0),
    Family(
        "calm and rough hours: AR(1) sd 0.6, rho 0.9 in half of them",
        own=(NoisyHours(Autoregressive(0.6, 0.9), 0.5),),
    ),
)


def _mismatch(name: str, deployment: Family, history: Family) -> Family:
    return replace(deployment, name=name, history=history)


MISMATCH = (
    _mismatch("independent -> lognormal 0.3 held 5", _held(0.3, 5), INDEPENDENT),
    _mismatch("independent -> lognormal 0.7 held 5", _held(0.7, 5), INDEPENDENT),
    _mismatch("lognormal 0.3 -> 0.7 held 5", _held(0.7, 5), _held(0.3, 5)),
    _mismatch("independent -> clusters, Fano 9", CLUSTER9, INDEPENDENT),
    _mismatch("independent -> lognormal 0.3 held 20", _held(0.3, 20), INDEPENDENT),
    _mismatch("lognormal 0.3 held 5 -> held 20", _held(0.3, 20), _held(0.3, 5)),
)

MISMATCH_HELD_OUT = (
    _mismatch("independent -> clusters, Fano 23", STUDY[0], INDEPENDENT),
    _mismatch("independent -> AR(1) sd 0.5, rho 0.95", STUDY[11], INDEPENDENT),
    _mismatch("own gamma(5) -> uniform +-1, mean hold 15", HELD_OUT[0], REFERENCE[2]),
    _mismatch("independent -> x20 bursts, 1 %/min", REFERENCE[5], INDEPENDENT),
    _mismatch("independent -> one bad task of 6", HELD_OUT[5], INDEPENDENT),
)

SETS = {
    "reference": REFERENCE,
    "study": STUDY,
    "held_out": HELD_OUT,
    "mismatch": MISMATCH,
    "mismatch_held_out": MISMATCH_HELD_OUT,
}

TRAFFICS = (5.0, 50.0, 500.0)  # requests a second, both groups together
BASE_RATE = 0.001  # share of requests that fail
STEPS = (0.05, 0.25, 0.50, 0.95)  # share of the canary, each for STEP_MINUTES
STEP_MINUTES = 20
HARMS = (0.002, 0.005, 0.01, 0.05, 0.5)  # error rates of a bad canary
ZONES = 3
HISTORY_HOURS = 24
