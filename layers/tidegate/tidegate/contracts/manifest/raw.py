"""Reading a manifest that may have any shape: what has not the shape asked for is as good as not there.

The rules between fields run also when single fields are wrong, so that all mistakes are reported at once;
wrong shapes themselves are reported by the models.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from tidegate.contracts.paths import Location

LARGEST = 2**31
Object: TypeAlias = Mapping[str, Any]


def an_object(value: object) -> Object:
    """The value if it is an object, otherwise an empty one."""
    return value if isinstance(value, Mapping) else {}


def a_list(value: object) -> Sequence[Any]:
    """The value if it is a list, otherwise an empty one."""
    return value if isinstance(value, list | tuple) else ()


def a_text(value: object) -> str | None:
    """The value if it is a string."""
    return value if isinstance(value, str) else None


def a_number(value: object, default: int = 0) -> int:
    """The value if it is a whole number that some field could allow, otherwise the default."""
    return value if type(value) is int and abs(value) <= LARGEST else default


def a_share(value: object, default: float = 0.0) -> float:
    """The value if it is a number that some field could allow, otherwise the default."""
    allowed = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
    return float(value) if allowed and value == value else default  # type: ignore[arg-type]  # noqa: PLR0124


def objects(value: object, at: Location) -> Iterator[tuple[Location, Object]]:
    """The objects of a list, each with its location."""
    for index, item in enumerate(a_list(value)):
        if isinstance(item, Mapping):
            yield (*at, index), item


def containers_of(manifest: Object) -> list[tuple[Location, Object]]:
    """The container definitions of a manifest, each with its location."""
    template = an_object(manifest.get("task_definition"))
    return list(objects(template.get("containerDefinitions"), ("task_definition", "containerDefinitions")))


def names_of(items: list[tuple[Location, Object]]) -> list[str]:
    """The names of those objects that have one, in order."""
    return [name for _, item in items if (name := a_text(item.get("name"))) is not None]
