"""From pydantic's errors to sentences: each names the field and says what is allowed.

`validate` is the one way to read input with a contract. Every mistake is one sentence such as
`environments[1].strategy.maximum_percent: 90 is not allowed; give a whole number from 100 to 400.`
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from tidegate.contracts.fields import NOT_ALLOWED, one_of
from tidegate.contracts.paths import Location, Place, fields_of, locate, position, show, write
from tidegate.domain.diff import without_secrets

M = TypeVar("M", bound=BaseModel)
Details: TypeAlias = Mapping[str, Any]

RULE = "rule"
"""Error type of a mistake between fields; its context has `say`, what follows the path."""
_SHOWN = 20
_FREE_TEXT = frozenset(
    {"environment", "secrets", "secretOptions", "headers", "test_headers", "command", "entryPoint"}
)
"""Below these fields values are whatever a team needs, passwords among them."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake between fields: where it is, and what follows `path: ` in its sentence."""

    at: Location
    say: str


class InvalidInput(ValueError):
    """Input with mistakes, one sentence each, in the order of the input."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        more = f"\n… and {len(mistakes) - _SHOWN} more mistakes." if len(mistakes) > _SHOWN else ""
        super().__init__("\n".join(mistakes[:_SHOWN]) + more)


def validate(model: type[M], data: object, *, root: str = "input") -> M:
    """Read input given as JSON values.

    Args:
        model: The contract.
        data: What `json.loads` gave.
        root: What to call the input as a whole, where a mistake is in no field.

    Raises:
        InvalidInput: with all mistakes.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(sentences(error, model, data, root=root)) from error


def sentences(
    error: ValidationError, model: type[BaseModel] | None = None, data: object = None, *, root: str = "input"
) -> tuple[str, ...]:
    """One sentence for each mistake, none twice.

    With the `data` they stand in its order, and with the `model` unknown fields get the nearest known one;
    `validate` gives both.
    """
    found: dict[str, tuple[int, ...]] = {}
    counted: dict[int, dict[object, int]] = {}
    for details in error.errors(include_url=False):
        if details["type"] == RULE or model is None:
            place = Place(details["loc"])
        else:
            place = locate(model, details["loc"])
        place, text = _explain(place, details)
        found.setdefault(f"{write(place.path) or root}: {text}.", position(data, place.path, counted))
    return tuple(sorted(found, key=lambda sentence: found[sentence]))


def combine(
    contract: type[M],
    data: Any,
    handler: ModelWrapValidatorHandler[M],
    rules: Callable[[object], Iterable[Mistake]],
) -> M:
    """The body of a model's wrap validator: mistakes in single fields and between fields in one error.

    `rules` gets the input as it came, so it must cope with any shape; what it says of a field in which, or
    around which, a mistake was found already is left out.
    """
    errors: list[InitErrorDetails] = []
    model: M | None = None
    try:
        model = handler(data)
    except ValidationError as error:
        errors = [_again(details) for details in error.errors(include_url=False)]
    known = [locate(contract, details.get("loc", ())).path for details in errors]
    for mistake in rules(data):
        if not any(mistake.at[: len(location)] == location for location in known):
            custom = PydanticCustomError(RULE, "{say}", {"say": mistake.say})
            errors.append(InitErrorDetails(type=custom, loc=mistake.at, input=None))
    if errors or model is None:
        raise ValidationError.from_exception_data(contract.__name__, errors)
    return model


def _again(details: ErrorDetails) -> InitErrorDetails:
    """An error as pydantic takes it back."""
    kind = details["type"]
    context = details.get("ctx", {})
    if kind == NOT_ALLOWED:
        custom = PydanticCustomError(NOT_ALLOWED, "{give}", context)
        return InitErrorDetails(type=custom, loc=details["loc"], input=details["input"])
    return InitErrorDetails(type=kind, loc=details["loc"], input=details["input"], ctx=context)


def _explain(place: Place, details: ErrorDetails) -> tuple[Place, str]:
    """Where an error of pydantic is, and what to say of it."""
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    if kind == RULE:
        return place, str(context["say"])
    if kind == "value_error":
        return place, details["msg"].removeprefix("Value error, ").rstrip(".")
    if kind == "missing":
        what = place.field.description if place.field else None
        return place, f"this field is missing; give {what or 'a value'}"
    if kind == "extra_forbidden":
        return place, _unknown_field(place)
    if kind.startswith("union_tag_"):
        tag = Place((*place.path, str(context["discriminator"]).strip("'")))
        what = "this field is missing" if "tag" not in context else f"{show(context['tag'])} is not allowed"
        return tag, f"{what}; give {one_of(place.kinds) if place.kinds else _words(context['expected_tags'])}"
    what = _shown(place.path, value)
    if kind in ("too_short", "too_long"):
        shape = "an object" if isinstance(value, Mapping) else "a list"
        what = f"{shape} of {context['actual_length']} entries"
    elif place.is_key:
        what = f"the name {show(place.path[-1])}"
    return place, f"{what} is not allowed; {_give(kind, context)}"


def _shown(path: Location, value: object) -> str:
    """A refused value, unless it may be a secret: sentences go into logs, records and outputs."""
    if not isinstance(value, str):
        return show(value)
    names = tuple(str(item) for item in path) or ("",)
    around = {*names[:-1], "" if names == ("environment",) else names[-1]}  # as an input, it is a name
    return "this value" if _FREE_TEXT & around else show(without_secrets(names, value))


def _unknown_field(place: Place) -> str:
    if place.model is None:
        return "this field is not known"
    name = str(place.path[-1])
    refused: Mapping[str, str] = getattr(place.model, "refused_fields", {})
    if name in refused:
        return refused[name]
    known = {field.lower(): field for field in fields_of(place.model)}
    near = get_close_matches(name[:80].lower(), known, n=1)
    if near:
        return f"this field is not known; the nearest one that is known is {known[near[0]]}"
    return f"this field is not known; the fields here are {', '.join(known.values())}"


_GIVE = {
    "model_type": "give an object",
    "model_attributes_type": "give an object",
    "dict_type": "give an object",
    "list_type": "give a list",
    "tuple_type": "give a list",
    "string_type": "give a string",
    "int_type": "give a whole number",
    "int_parsing": "give a whole number",
    "int_from_float": "give a whole number",
    "float_type": "give a number",
    "bool_type": "give true or false",
    "bool_parsing": "give true or false",
    "too_short": "give at least {min_length}",
    "too_long": "give at most {max_length}",
    "string_too_short": "give at least {min_length} characters",
    "string_too_long": "give at most {max_length} characters",
    "string_pattern_mismatch": "give text that matches {pattern}",
    "greater_than": "give more than {gt}",
    "greater_than_equal": "give at least {ge}",
    "less_than": "give less than {lt}",
    "less_than_equal": "give at most {le}",
    "literal_error": "give {expected}",
    NOT_ALLOWED: "{give}",
}


def _give(kind: str, context: Details) -> str:
    """What is allowed, as the end of a sentence."""
    words = {name: _words(text) if isinstance(text, str) else text for name, text in context.items()}
    return _GIVE.get(kind, "see the documentation of this field").format(**words)


def _words(quoted: str) -> str:
    """Pydantic's list of words, in double quotes."""
    return quoted.replace("'", '"')
