"""The rules between the fields of a manifest, all of them, for manifests of any shape."""

import json
from collections.abc import Iterator, Mapping

from tidegate.contracts.manifest import container_rules, environment_rules, fargate_rules
from tidegate.contracts.manifest.raw import Object, a_text, an_object, objects
from tidegate.contracts.paths import Location
from tidegate.contracts.validation import Mistake

LARGEST_MANIFEST = 131_072
"""Bytes of JSON. Half of what an execution of Step Functions may carry as its input (256 KiB)."""


def mistakes(manifest: object) -> Iterator[Mistake]:
    """Every mistake between fields."""
    if not isinstance(manifest, Mapping):
        return
    too_large = _size(manifest)
    if too_large:
        yield Mistake((), too_large)
        return
    yield from _images(manifest)
    yield from _waivers(manifest)
    yield from container_rules.mistakes(manifest)
    yield from fargate_rules.mistakes(manifest)
    yield from environment_rules.mistakes(manifest)


def _size(manifest: Object) -> str | None:
    try:
        size = len(json.dumps(manifest, separators=(",", ":"), allow_nan=False).encode())
    except RecursionError:
        return "it is nested too deeply; give plain JSON"
    except (TypeError, ValueError):
        return "it is no JSON; leave out NaN, Infinity and numbers of thousands of digits"
    if size > LARGEST_MANIFEST:
        return f"it has {size} bytes; give at most {LARGEST_MANIFEST}"
    return None


def _images(manifest: Object) -> Iterator[Mistake]:
    """Exactly one kind of tag rule for each container; one rule for all when they must carry the same tag."""
    rules: dict[Location, Object] = {}
    for name, source in an_object(manifest.get("containers")).items():
        rule = an_object(source).get("tags")
        if isinstance(rule, Mapping):
            at: Location = ("containers", str(name), "tags")
            rules[at] = rule
            if (rule.get("semver") is None) == (rule.get("pattern") is None):
                yield Mistake(at, 'give either "semver" or "pattern"')
    first = next(iter(rules.values()), {})
    if manifest.get("images") == "same_tag":
        for at, rule in rules.items():
            if any(rule.get(key) != first.get(key) for key in ("semver", "pattern")):
                yield Mistake(at, 'under "images": "same_tag" every container needs the same tag rule')


def _waivers(manifest: Object) -> Iterator[Mistake]:
    seen: set[str] = set()
    for at, waiver in objects(an_object(manifest.get("scan")).get("waivers"), ("scan", "waivers")):
        name = a_text(waiver.get("id"))
        if name is not None and name in seen:
            yield Mistake((*at, "id"), "there is a waiver for this finding already; give each finding one")
        elif name is not None:
            seen.add(name)
