"""Replace single functions of moto, each with a fingerprint of the code it was written against.

A mend stands on private functions of one pinned version of moto. The fingerprint is a hash of the source of
the function that is replaced; a test compares all of them, so an upgrade of moto names every mend to look at.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Foreign: TypeAlias = Any
"""A value of moto or jsonata-python, neither of which types its inner parts."""

ABSENT = "absent"
_MISSING = object()


def load(target: str) -> Foreign:
    """Resolve `module:Name` or `module:Class.attribute`; properties and static methods stay wrapped.

    Raises:
        AttributeError, ImportError: moto has moved or renamed it.
    """
    owner, name = _owner_of(target)
    return inspect.getattr_static(owner, name) if inspect.isclass(owner) else getattr(owner, name)


def fingerprint(target: str) -> str:
    """First twelve hex digits of the SHA-256 of the source code (of a plain value: of its type's name).

    What moto does not have is `absent`.
    """
    value = _ORIGINALS[target] if target in _ORIGINALS else _present(target)
    if value is _MISSING:
        return ABSENT
    if isinstance(value, property):
        value = value.fget
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    source = inspect.getsource(inspect.unwrap(value)) if callable(value) else type(value).__qualname__
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Mend:
    """One replaced attribute of moto.

    Attributes:
        target: What is replaced, as `module:Class.attribute`.
        fingerprint: What `fingerprint(target)` was when the mend was written.
        replacement: The new value; its docstring says why.
        wraps: Whether the replacement takes the original as its first argument.
    """

    target: str
    fingerprint: str
    replacement: Foreign
    wraps: bool = False

    @property
    def why(self) -> str:
        """The reason, as the replacement's docstring gives it."""
        return inspect.getdoc(_function_of(self.replacement)) or ""

    def apply(self) -> None:
        """Put the replacement in place, once."""
        if self.target in _ORIGINALS:
            return
        owner, name = _owner_of(self.target)
        original = _present(self.target)
        _ORIGINALS[self.target] = original
        setattr(owner, name, _wrapping(original, self.replacement) if self.wraps else self.replacement)


class Mends:
    """The mends of one module, in the order in which they are written down."""

    def __init__(self) -> None:
        self.all: list[Mend] = []

    def replaces(self, target: str, expected: str) -> Callable[[Foreign], Foreign]:
        """Decorate the function (or property) that stands in for `target`."""

        def register(replacement: Foreign) -> Foreign:
            self.all.append(Mend(target, expected, replacement))
            return replacement

        return register

    def adds(self, target: str) -> Callable[[Foreign], Foreign]:
        """Decorate a function that moto does not have at all."""
        return self.replaces(target, ABSENT)

    def wraps(self, target: str, expected: str) -> Callable[[Foreign], Foreign]:
        """Decorate a function that gets moto's own function as its first argument."""

        def register(replacement: Foreign) -> Foreign:
            self.all.append(Mend(target, expected, replacement, wraps=True))
            return replacement

        return register

    def apply(self) -> None:
        """Apply every mend of this module; a second time changes nothing."""
        for mend in self.all:
            mend.apply()


_ORIGINALS: dict[str, Foreign] = {}


def _owner_of(target: str) -> tuple[Foreign, str]:
    module, _, path = target.partition(":")
    owner: Foreign = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name


def _present(target: str) -> Foreign:
    """What is at the target now, or `_MISSING`; that its owner is there is taken for granted."""
    owner, name = _owner_of(target)
    return load(target) if hasattr(owner, name) else _MISSING


def _function_of(value: Foreign) -> Foreign:
    if isinstance(value, property):
        return value.fget
    return value.__func__ if isinstance(value, staticmethod | classmethod) else value


def _wrapping(original: Foreign, replacement: Foreign) -> Foreign:
    function = _function_of(original)

    @functools.wraps(function)
    def wrapper(*args: Foreign, **kwargs: Foreign) -> Foreign:
        return replacement(function, *args, **kwargs)

    return type(original)(wrapper) if isinstance(original, staticmethod | classmethod) else wrapper
