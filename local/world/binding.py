"""Put the world's own operations in the place of moto's.

moto serialises whatever its response methods return by botocore's output shapes, so an operation of
the world is a plain function from a call to a dictionary in the service's own member names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name
from moto.core.responses import ActionResult, BaseResponse

from local.world import patches


@dataclass(frozen=True)
class Call:
    """One API call: whose, where, and its parameters in the service's own names."""

    account: str
    region: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        """Account and region, the key of every store of the world."""
        return self.account, self.region

    def get(self, name: str, default: object = None) -> Any:
        """A parameter, or the default where it was not sent."""
        value = self.params.get(name)
        return default if value is None else value


Operation = Callable[[Call], Mapping[str, Any]]


def call_of(response: BaseResponse) -> Call:
    """What a moto response object was asked."""
    if not response.automated_parameter_parsing:
        response.parse_parameters(response.normalized_request)
    return Call(response.current_account, response.region, dict(response.params))


def bind(response_class: type[BaseResponse], name: str, operation: Operation) -> None:
    """Answer an operation (``UpdateService``) of a service with a function of the world."""

    def method(self: BaseResponse) -> ActionResult:
        return ActionResult(operation(call_of(self)))

    method.__name__ = xform_name(name)
    patches.replace(response_class, method.__name__, method)
