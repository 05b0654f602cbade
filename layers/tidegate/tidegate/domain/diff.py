"""What would change between two task definitions, for people to read before they approve it.

Values that may be secret are never shown: secrets by name only, likewise everything whose name looks like
that of a secret, and passwords inside other text. That they changed is shown.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tidegate.domain.service import Service
from tidegate.domain.task_definition import Definition, normalised

HIDDEN = "(hidden)"
_CHANGED = " (changed)"

_SECRET_WORDS = frozenset(
    {
        *(
            "auth",
            "authorization",
            "cert",
            "certificate",
            "cookie",
            "credential",
            "credentials",
            "dsn",
            "key",
        ),
        *("keys", "pass", "pin", "private", "pwd", "salt", "session"),
    }
)
_SECRET_PARTS = ("password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "privatekey")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Every repetition has a bound: values are up to 32 KiB long and written by anybody.
_URL_PASSWORD = re.compile(r"(?P<before>://[^\s/@:]{0,200}:)[^\s/@]{1,1000}(?=@)")
_ARGUMENT = re.compile(
    r"(?P<before>(?:password|passwd|passphrase|secret|token|api[_-]?key)[\w-]{0,40}[\"']?\s{0,5}[=:,\s]\s{0,5}"
    r"[\"']?)[^\s\"',]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. None means that there is no value on that side.

    `path` names containers and variables instead of counting them: `containers.app.environment.STAGE`.
    """

    path: str
    before: str | None
    after: str | None


def task_definitions(old: Definition | None, new: Definition) -> list[Change]:
    """The changes from one task definition to another, sorted by path.

    What ECS adds or fills in, the order of what has none, and tags are no changes. Without an `old` one
    everything is new.
    """
    return _changes(dict(_values(normalised(old or {}))), dict(_values(normalised(new))))


def services(old: Service | None, new: Service) -> list[Change]:
    """The changes from one revision of a service's manifest to another, sorted by path.

    What a manifest leaves out has its default here, so that leaving a default out is no change. The path
    `environments` alone stands for the order in which a release goes through them.
    """
    return _changes(_manifest_values(old) if old else {}, _manifest_values(new))


def _manifest_values(service: Service) -> dict[tuple[str, ...], str]:
    plain = {**_without_nulls(service.to_json()), "task_definition": normalised(service.task_definition)}
    order = " → ".join(environment.name for environment in service.environments)
    return {**dict(_values(plain)), ("environments",): order}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _changes(before: Mapping[tuple[str, ...], str], after: Mapping[tuple[str, ...], str]) -> list[Change]:
    """What differs between the values of two documents, by their paths."""
    changes = []
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            was, is_now = _shown(path, before.get(path)), _shown(path, after.get(path))
            if was is not None and was == is_now:
                is_now += _CHANGED
            changes.append(Change(".".join(path), was, is_now))
    return changes


def looks_secret(name: str) -> bool:
    """Whether a name looks as if its value were secret. Hiding too much is the smaller mistake."""
    joined = re.sub(r"[^a-z]", "", name.lower())
    words = {word.lower() for word in _WORDS.findall(name)}
    return bool(words & _SECRET_WORDS) or any(part in joined for part in _SECRET_PARTS)


def _values(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every value with its path; a list is one value unless its items have names."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _values(item, (*path, "containers" if key == "containerDefinitions" else str(key)))
    elif isinstance(value, list) and value and all(_is_named(item) for item in value):
        for item in value:
            rest: Any = {key: part for key, part in item.items() if key != "name"}
            single = next(iter(rest.values())) if set(rest) in ({"value"}, {"valueFrom"}) else rest
            yield from _values(single if rest else "present", (*path, str(item["name"])))
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _is_named(item: object) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("name"), str)


def _shown(path: tuple[str, ...], value: str | None) -> str | None:
    return None if value is None else without_secrets(path, value)


def without_secrets(path: tuple[str, ...], value: str) -> str:
    """A value as it may be shown: hidden where its path says that it is secret, passwords in it hidden."""
    if "secrets" in path[:-1] or "secretOptions" in path[:-1] or looks_secret(path[-1]):
        return HIDDEN
    text = _URL_PASSWORD.sub(rf"\g<before>{HIDDEN}", value)
    return _ARGUMENT.sub(rf"\g<before>{HIDDEN}", text)
