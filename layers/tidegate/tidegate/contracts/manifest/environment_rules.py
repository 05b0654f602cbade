"""Rules about the environments: each another ECS service, all of it within what an execution can last."""

import json
import math
from collections.abc import Iterator
from typing import Any

from tidegate.contracts.manifest import approval_rules, strategy_rules
from tidegate.contracts.manifest.fields import DAY
from tidegate.contracts.manifest.raw import (
    Object,
    a_list,
    a_number,
    a_text,
    an_object,
    containers_of,
    names_of,
    objects,
)
from tidegate.contracts.paths import Location, show
from tidegate.contracts.validation import Mistake
from tidegate.domain.service import ApprovalRule, BeforeDeploy, HttpCheck, ScanPolicy, TaskCheck
from tidegate.domain.strategy import RollingSettings

LONGEST_RELEASE_DAYS = 300
"""An execution of Step Functions ends after a year; the rest is for locks, restarts and rollbacks."""
LONGEST_HTTP_CHECK = 600
"""Seconds. The tries of one check are made by one Lambda function, which has at most 900."""
LONGEST_CHECKS = 20 * 3600
"""Seconds. One execution verifies an environment, within a day and 25,000 events."""
LONGEST_COMMAND = 8000
"""Characters of JSON. RunTask takes container overrides of at most 8192.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

# What holds where the manifest says nothing.
_ROLLING, _SCAN, _APPROVAL = RollingSettings(), ScanPolicy(), ApprovalRule(approvers=())
_HTTP, _TASK, _BEFORE = HttpCheck("", ""), TaskCheck("", "", ()), BeforeDeploy("", ())
_WATCH_SECONDS = 300


def mistakes(manifest: Object) -> Iterator[Mistake]:
    """Mistakes in and between environments."""
    environments = list(objects(manifest.get("environments"), ("environments",)))
    containers = set(names_of(containers_of(manifest)))
    yield from _unique(environments)
    yield from strategy_rules.shared(environments)
    for at, environment in environments:
        yield from _strategy((*at, "strategy"), an_object(environment.get("strategy")))
        yield from strategy_rules.mistakes(at, environment)
        if containers:
            yield from _containers(at, environment, containers)
        yield from _variables((*at, "overrides"), an_object(environment.get("overrides")))
        yield from _checks((*at, "checks"), environment)
        if isinstance(environment.get("approval"), dict):
            yield from approval_rules.mistakes((*at, "approval"), environment["approval"])
        before = an_object(environment.get("before_deploy"))
        yield from _command((*at, "before_deploy", "command"), before.get("command"))
    yield from _duration(manifest)


def _unique(environments: list[tuple[Location, Object]]) -> Iterator[Mistake]:
    names: dict[Any, int] = {}
    places: dict[Any, int] = {}
    for index, (at, environment) in enumerate(environments):
        name = a_text(environment.get("name"))
        if name is not None and names.setdefault(name, index) != index:
            yield Mistake((*at, "name"), f"{show(name)} is the name of another environment already")
        place = tuple(a_text(environment.get(key)) for key in ("account", "region", "cluster", "service"))
        if None not in place and places.setdefault(place, index) != index:
            other = places[place]
            yield Mistake(
                (*at, "service"),
                f"environments[{other}] has the same account, region, cluster and service; give another one",
            )


def _strategy(at: Location, strategy: Object) -> Iterator[Mistake]:
    minimum = strategy.get("minimum_healthy_percent", _ROLLING.minimum_healthy_percent)
    if minimum == strategy.get("maximum_percent", _ROLLING.maximum_percent) == 100:
        yield Mistake(
            (*at, "maximum_percent"),
            "100 is not allowed while minimum_healthy_percent is 100, since no task could be replaced",
        )
    threshold = an_object(an_object(strategy.get("circuit_breaker")).get("threshold"))
    value = a_number(threshold.get("value"))
    if threshold.get("type") != "COUNT" and 100 < value <= 1000:
        yield Mistake(
            (*at, "circuit_breaker", "threshold", "value"),
            f"{value} is not allowed; give a percentage from 1 to 100",
        )
    yield from _each_once(an_object(strategy.get("alarms")).get("names"), (*at, "alarms", "names"))


def _containers(at: Location, environment: Object, containers: set[str]) -> Iterator[Mistake]:
    """Every container that the environment speaks of must exist."""
    spoken_of: list[tuple[Location, object]] = [
        ((*place, "container"), check.get("container"))
        for place, check in objects(environment.get("checks"), (*at, "checks"))
    ]
    before = an_object(environment.get("before_deploy"))
    spoken_of.append(((*at, "before_deploy", "container"), before.get("container")))
    overrides = an_object(environment.get("overrides"))
    for kind in ("environment", "secrets"):
        spoken_of += [((*at, "overrides", kind, str(name)), name) for name in an_object(overrides.get(kind))]
    for place, name in spoken_of:
        if isinstance(name, str) and name not in containers:
            there = ", ".join(show(each) for each in sorted(containers)[:10])
            yield Mistake(place, f"there is no container {show(name)}; the task definition has {there}")


def _variables(at: Location, overrides: Object) -> Iterator[Mistake]:
    secrets = an_object(overrides.get("secrets"))
    for container, values in an_object(overrides.get("environment")).items():
        for name in an_object(values):
            if name in an_object(secrets.get(container)):
                yield Mistake(
                    (*at, "secrets", str(container), str(name)),
                    "this variable is also in overrides.environment; give it once",
                )


def _checks(at: Location, environment: Object) -> Iterator[Mistake]:
    names: set[str] = set()
    for place, check in objects(environment.get("checks"), at):
        name = a_text(check.get("name"))
        if name is not None and name in names:
            yield Mistake((*place, "name"), f"{show(name)} is the name of another check already")
        elif name is not None:
            names.add(name)
        yield from _command((*place, "command"), check.get("command"))
        if check.get("kind") == "http" and _check_seconds(check) > LONGEST_HTTP_CHECK:
            yield Mistake(
                (*place, "attempts"),
                f"all tries may take {_check_seconds(check)} seconds; let attempts times (interval_seconds + "
                f"expect.within_ms) be at most {LONGEST_HTTP_CHECK} seconds",
            )
    seconds = sum(_check_seconds(check) for _, check in objects(environment.get("checks"), at))
    if seconds > LONGEST_CHECKS:
        yield Mistake(
            at,
            f"all checks may take {seconds} seconds, one after the other; let their timeouts add up to "
            f"at most {LONGEST_CHECKS} seconds",
        )


def _command(at: Location, command: object) -> Iterator[Mistake]:
    words = a_list(command)
    if all(isinstance(word, str) for word in words) and len(json.dumps(words)) > LONGEST_COMMAND:
        yield Mistake(at, f"the command is too long; give at most {LONGEST_COMMAND} characters of JSON")


def _each_once(values: object, at: Location) -> Iterator[Mistake]:
    seen: set[str] = set()
    for index, value in enumerate(a_list(values)):
        if isinstance(value, str):
            if value.lower() in seen:
                yield Mistake((*at, index), f"{show(value)} is given already; give each once")
            seen.add(value.lower())


def _check_seconds(check: Object) -> int:
    if check.get("kind") == "http":
        within = a_number(an_object(check.get("expect")).get("within_ms"), _HTTP.expect.within_ms)
        each = a_number(check.get("interval_seconds"), _HTTP.interval_seconds) + math.ceil(within / 1000)
        return a_number(check.get("attempts"), _HTTP.attempts) * each
    return a_number(check.get("timeout_seconds"), _TASK.timeout_seconds)


def _duration(manifest: Object) -> Iterator[Mistake]:
    """The longest a release may take, everything waited out."""
    seconds = a_number(an_object(manifest.get("scan")).get("timeout_seconds"), _SCAN.timeout_seconds)
    for _, environment in objects(manifest.get("environments"), ()):
        approval, before = environment.get("approval"), environment.get("before_deploy")
        strategy = an_object(environment.get("strategy"))
        if isinstance(approval, dict):
            seconds += a_number(approval.get("expires_after_seconds"), _APPROVAL.expires_after_seconds)
        if isinstance(before, dict):
            seconds += a_number(before.get("timeout_seconds"), _BEFORE.timeout_seconds)
        seconds += strategy_rules.longest(strategy)
        seconds += a_number(environment.get("soak_seconds"))
        seconds += a_number(environment.get("watch_seconds"), _WATCH_SECONDS)
        seconds += sum(_check_seconds(check) for _, check in objects(environment.get("checks"), ()))
    if seconds > LONGEST_RELEASE_DAYS * DAY:
        yield Mistake(
            ("environments",),
            f"approvals, deployments, checks and waits may take {seconds // DAY} days; let them add up to at "
            f"most {LONGEST_RELEASE_DAYS}, since an execution ends after a year",
        )
