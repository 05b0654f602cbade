"""Let the CloudFormation endpoint of moto answer with the API of this package, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from local.cfn import change_sets
from local.cfn.api import Answer, Api
from local.cfn.requests import Arguments
from local.cfn.template import TemplateError
from local.mends.language import api_error
from local.mends.patching import Foreign, load

Operation: TypeAlias = Callable[[Api, Arguments], Answer]

OPERATIONS: dict[str, Operation] = {
    **{
        name: getattr(Api, name)
        for name in vars(Api)
        if not name.startswith("_") and name not in {"create", "update"}
    },
    "create_change_set": change_sets.create_change_set,
    "delete_change_set": change_sets.delete_change_set,
    "describe_change_set": change_sets.describe_change_set,
    "execute_change_set": change_sets.execute_change_set,
    "list_change_sets": change_sets.list_change_sets,
}


def install() -> None:
    """Replace every operation; those that moto has and we have not answer that they are not there."""
    response_class: Foreign = load("moto.cloudformation.responses:CloudFormationResponse")
    for name in [name for name in vars(response_class) if _is_operation(name)]:
        setattr(response_class, name, _bound(OPERATIONS.get(name, _missing(name))))
    response_class.RESPONSE_KEY_PATH_TO_TRANSFORMER = {}  # made for moto's own stacks
    for name, operation in OPERATIONS.items():
        setattr(response_class, name, _bound(operation))


def _is_operation(name: str) -> bool:
    verbs = (
        "create_",
        "delete_",
        "describe_",
        "execute_",
        "get_",
        "list_",
        "set_",
        "stop_",
        "update_",
        "validate_",
    )
    return name.startswith(verbs)


def _missing(name: str) -> Operation:
    def answer(api: Api, asked: Arguments) -> Answer:  # noqa: ARG001
        raise api_error("InvalidAction", f"The local cloud does not have the operation {name}")

    return answer


def _bound(operation: Operation) -> Foreign:
    action_result = load("moto.core.responses:ActionResult")

    def method(self: Foreign) -> Foreign:
        try:
            return action_result(operation(Api(self.current_account, self.region), dict(self.params)))
        except TemplateError as error:
            raise api_error("ValidationError", str(error)) from error

    return method
