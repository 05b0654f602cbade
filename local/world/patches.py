"""Methods of moto's classes that the world replaces, and can put back."""

from __future__ import annotations

_ABSENT = object()
_replaced: list[tuple[type, str, object]] = []


def replace(owner: type, name: str, method: object) -> None:
    """Put a method of ours in the place of one of moto's."""
    _replaced.append((owner, name, vars(owner).get(name, _ABSENT)))
    setattr(owner, name, method)


def put_back() -> None:
    """Undo every replacement."""
    while _replaced:
        owner, name, before = _replaced.pop()
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
