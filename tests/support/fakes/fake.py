"""What all fakes can do: remember their calls, and fail when a test says so."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call of a port's method."""

    method: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]


class Fake:
    """Base of every fake. Public methods are recorded in `calls`, and can be made to fail with `fail`."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._failures: dict[str, list[Exception]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if not name.startswith("_") and callable(method):
                setattr(cls, name, _watched(name, method))

    def fail(self, method: str, error: Exception, times: int = 1) -> None:
        """Let the next calls of a method raise an error instead."""
        if not hasattr(self, method):
            raise AttributeError(f"{type(self).__name__} has no method {method}")
        self._failures.setdefault(method, []).extend([error] * times)

    def called(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def _before(self, call: Call) -> None:
        self.calls.append(call)
        if waiting := self._failures.get(call.method):
            raise waiting.pop(0)


def _watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def watched(self: Fake, *arguments: Any, **options: Any) -> Any:
        self._before(Call(name, arguments, options))
        return method(self, *arguments, **options)

    return watched
