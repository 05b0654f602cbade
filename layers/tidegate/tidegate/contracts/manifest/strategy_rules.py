"""Rules about strategies that share traffic out: their steps, listener rules, target groups and times."""

from collections.abc import Iterator

from tidegate.contracts.manifest.fields import DAY
from tidegate.contracts.manifest.raw import Object, a_list, a_number, a_share, a_text, an_object, objects
from tidegate.contracts.paths import Location, show
from tidegate.contracts.validation import Mistake
from tidegate.domain.canary import canary_service
from tidegate.domain.strategy import BlueGreenSettings, CanarySettings, CanaryStep, RollingSettings

LONGEST_SERVICE_NAME = 255
SWITCHING_SECONDS = 300
"""What a blue/green deployment takes beside its bake, at the least."""

# What holds where the manifest says nothing.
_STEP = CanaryStep(weight=0.0)
_CANARY = CanarySettings(steps=(), listener_rules=(), target_group="", canary_target_group="")
_BLUE_GREEN = BlueGreenSettings("", "", ("", ""), "")
_ROLLING = RollingSettings()


def mistakes(at: Location, environment: Object) -> Iterator[Mistake]:
    """Mistakes in the strategy of one environment."""
    strategy, place = an_object(environment.get("strategy")), (*at, "strategy")
    yield from _elsewhere(place, strategy, environment)
    if strategy.get("name") == "canary":
        yield from _steps(place, strategy)
        yield from _canary(at, environment, strategy)
        yield from _judging(place, strategy)
    elif strategy.get("name") == "blue_green":
        yield from _blue_green(place, strategy)
        yield from _test_checks(place, strategy, environment)


def shared(environments: list[tuple[Location, Object]]) -> Iterator[Mistake]:
    """What two environments both claim to own: listener rules, target groups, names of ECS services."""
    owners: dict[str, Location] = {}
    services = {
        tuple(a_text(environment.get(key)) for key in ("account", "region", "cluster", "service")): at
        for at, environment in environments
    }
    for at, environment in environments:
        strategy = an_object(environment.get("strategy"))
        for place, arn in _arns((*at, "strategy"), strategy):
            owner = owners.setdefault(arn, at)
            if owner != at:
                yield Mistake(
                    place, f"environments[{owner[-1]}] has it already; give each environment one of its own"
                )
        if strategy.get("name") == "canary":
            where = tuple(a_text(environment.get(key)) for key in ("account", "region", "cluster"))
            name = canary_service(a_text(environment.get("service")) or "")
            if services.get((*where, name), at) != at:
                yield Mistake(
                    (*at, "service"),
                    f"its canary would be {show(name)}, which is the service of another environment",
                )


def longest(strategy: Object) -> int:
    """Seconds that the strategy may take, everything waited out."""
    if strategy.get("name") == "canary":
        living = a_number(strategy.get("longest_seconds"), _CANARY.longest_seconds)
        return living + a_number(strategy.get("timeout_seconds"), _CANARY.timeout_seconds)
    default = _BLUE_GREEN if strategy.get("name") == "blue_green" else _ROLLING
    return a_number(strategy.get("timeout_seconds"), default.timeout_seconds)


def _arns(at: Location, strategy: Object) -> Iterator[tuple[Location, str]]:
    """Every listener rule and target group that a strategy names, with its place."""
    for key in ("listener_rules", "target_groups"):
        for index, value in enumerate(a_list(strategy.get(key))):
            if isinstance(value, str):
                yield (*at, key, index), value
    for key in ("production_rule", "test_rule", "target_group", "canary_target_group"):
        if isinstance(strategy.get(key), str):
            yield (*at, key), strategy[key]


def _elsewhere(at: Location, strategy: Object, environment: Object) -> Iterator[Mistake]:
    """Whatever the strategy names is where the service is, and is named once."""
    account, region = a_text(environment.get("account")), a_text(environment.get("region"))
    seen: set[str] = set()
    for place, arn in _arns(at, strategy):
        parts = arn.split(":")
        if len(parts) > 5 and None not in (account, region) and parts[3:5] != [region, account]:
            yield Mistake(
                place,
                f"it is in {parts[3]} of account {parts[4]}; give one in {region} of account {account}, "
                "like the service",
            )
        elif arn in seen:
            yield Mistake(place, "it is given already; give each once")
        seen.add(arn)


def _steps(at: Location, strategy: Object) -> Iterator[Mistake]:
    before, total = 0.0, 0
    for place, step in objects(strategy.get("steps"), (*at, "steps")):
        weight = a_share(step.get("weight"))
        if weight and weight <= before:
            yield Mistake((*place, "weight"), f"{weight:g} is not more than the step before, {before:g}")
        before = max(before, weight)
        least = a_number(step.get("minimum_seconds"), _STEP.minimum_seconds)
        most = a_number(step.get("maximum_seconds"), _STEP.maximum_seconds)
        total += most
        if least > most > 0:
            yield Mistake(
                (*place, "minimum_seconds"), f"{least} is more than maximum_seconds, which is {most}"
            )
    living = a_number(strategy.get("longest_seconds"), _CANARY.longest_seconds)
    if total > living:
        yield Mistake(
            (*at, "longest_seconds"),
            f"all steps may take {total} seconds; give at least that, or shorter steps",
        )


def _canary(at: Location, environment: Object, strategy: Object) -> Iterator[Mistake]:
    service = a_text(environment.get("service")) or ""
    if len(canary_service(service)) > LONGEST_SERVICE_NAME >= len(service):
        yield Mistake(
            (*at, "service"),
            f"the name of its canary would have more than {LONGEST_SERVICE_NAME} characters; give less",
        )
    if strategy.get("when_inconclusive") == "ask" and not isinstance(environment.get("approval"), dict):
        yield Mistake(
            (*at, "strategy", "when_inconclusive"),
            "ask needs people to ask; give the environment an approval, or give wait or return",
        )


def _judging(at: Location, strategy: Object) -> Iterator[Mistake]:
    """What is judged, and whether the source has it."""
    judge, metrics = an_object(strategy.get("judge")), an_object(strategy.get("metrics"))
    names: set[str] = {"errors"}
    for place, slow in objects(judge.get("slow"), (*at, "judge", "slow")):
        name = a_text(slow.get("name"))
        if name in names:
            yield Mistake((*place, "name"), f"{show(name)} is the name of another metric already")
        elif name is not None:
            names.add(name)
            if metrics.get("kind") == "published" and name not in an_object(metrics.get("slow")):
                yield Mistake(
                    (*place, "name"), "metrics.slow has no metric for it; give one, or leave this one out"
                )
    for name in an_object(metrics.get("slow")):
        if name not in names:
            yield Mistake(
                (*at, "metrics", "slow", str(name)), "judge.slow has nothing of this name; give it there too"
            )
    canary = an_object(metrics.get("canary"))
    if canary and canary == an_object(metrics.get("stable")):
        yield Mistake(
            (*at, "metrics", "stable"),
            "these are the canary's dimensions; give those of the stable side",
        )
    profile = judge.get("profile")
    if profile in ("calibrated", "guarded") and strategy.get("history") is None:
        yield Mistake(
            (*at, "judge", "profile"), f"{profile} needs a history; give one, or give robust or fast"
        )
    yield from _history(at, an_object(strategy.get("history")))


def _history(at: Location, history: Object) -> Iterator[Mistake]:
    for key in ("zones", "groups"):
        seen: list[object] = []
        for index, value in enumerate(a_list(history.get(key))):
            if value in seen:
                yield Mistake((*at, "history", key, index), "it is given already; give each once")
            seen.append(value)


def _blue_green(at: Location, strategy: Object) -> Iterator[Mistake]:
    bake = 60 * a_number(strategy.get("bake_minutes"), _BLUE_GREEN.bake_minutes)
    timeout = a_number(strategy.get("timeout_seconds"), _BLUE_GREEN.timeout_seconds)
    if timeout < bake + SWITCHING_SECONDS <= DAY:
        yield Mistake(
            (*at, "timeout_seconds"),
            f"the bake alone takes {bake} seconds; give at least {bake + SWITCHING_SECONDS}, or bake less",
        )


def _test_checks(at: Location, strategy: Object, environment: Object) -> Iterator[Mistake]:
    """The checks that are named exist once, and those by HTTP can be told from requests to blue."""
    kinds = {a_text(each.get("name")): each.get("kind") for _, each in objects(environment.get("checks"), ())}
    seen: set[str] = set()
    for index, name in enumerate(a_list(strategy.get("test_checks"))):
        place = (*at, "test_checks", index)
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Mistake(place, f"{show(name)} is given already; give each once")
        elif name not in kinds:
            there = ", ".join(show(each) for each in kinds if each) or "none"
            yield Mistake(place, f"there is no check {show(name)}; the checks of the environment are {there}")
        elif kinds[name] == "http" and not (strategy.get("test_url") or strategy.get("test_headers")):
            yield Mistake(
                place,
                "its requests would go to blue; give test_url or test_headers, which lead to green",
            )
        seen.add(name)
