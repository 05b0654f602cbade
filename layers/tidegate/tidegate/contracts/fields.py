"""Field types whose mistakes say what is allowed, for every contract.

Each is used in an annotation, `count: Annotated[int, Between(1, 10)]`, checks strictly (no conversion of
`"5"` or `true` to a number), puts its bounds into the JSON Schema, and on any mistake gives one sentence part
such as `give a whole number from 1 to 10`, which `contracts.validation` completes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

NOT_ALLOWED = "not_allowed"
"""Error type of a value that these fields refuse; its context has `give`, the sentence part."""

Annotation: TypeAlias = Any

_UNPRINTABLE = r"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff"
ONE_LINE = rf"^[^{_UNPRINTABLE}]*$"
"""Text without control characters, line breaks or characters that turn the direction of writing."""
ANY_TEXT = r"^[^\u0000]*$"


class Contract(BaseModel):
    """A model at the edge: strict, closed to unknown fields, and never changed after it was read."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _refuse_with(schema: CoreSchema, give: str) -> CoreSchema:
    """Replace every error of a schema by one that says what to give instead."""
    return core_schema.custom_error_schema(
        schema,
        custom_error_type=NOT_ALLOWED,
        custom_error_message="{give}",
        custom_error_context={"give": give},
    )


@dataclass(frozen=True, slots=True)
class Between:
    """A whole number with both bounds included."""

    low: int
    high: int

    def __get_pydantic_core_schema__(self, source: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the annotated `int` by a strict, bounded one."""
        schema = core_schema.int_schema(strict=True, ge=self.low, le=self.high)
        return _refuse_with(schema, f"give a whole number from {self.low} to {self.high}")


@dataclass(frozen=True, slots=True)
class OneNumberOf:
    """One of a few whole numbers."""

    numbers: tuple[int, ...]

    def __get_pydantic_core_schema__(self, source: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the annotated `int` by a literal of the numbers."""
        *first, last = [str(number) for number in self.numbers]
        words = f"{', '.join(first)} or {last}" if first else last
        # The first of the two refuses true, which Python takes for 1.
        both: list[CoreSchema] = [
            core_schema.int_schema(strict=True),
            core_schema.literal_schema([*self.numbers]),
        ]
        return _refuse_with(core_schema.chain_schema(both), f"give {words}")

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What a chain of schemas cannot say by itself."""
        return {"type": "integer", "enum": list(self.numbers)}


@dataclass(frozen=True, slots=True)
class Number:
    """A number with both bounds included, and with so many decimals at most."""

    low: float
    high: float
    decimals: int = 6

    def __get_pydantic_core_schema__(self, source: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the annotated `float` by a strict, bounded one."""
        schema = core_schema.no_info_after_validator_function(
            self._short, core_schema.float_schema(strict=True, ge=self.low, le=self.high, allow_inf_nan=False)
        )
        low, high = (f"{bound:.{self.decimals}f}".rstrip("0").rstrip(".") for bound in (self.low, self.high))
        digits = "1 decimal" if self.decimals == 1 else f"{self.decimals} decimals"
        return _refuse_with(schema, f"give a number from {low} to {high} with at most {digits}")

    def _short(self, value: float) -> float:
        if round(value, self.decimals) != value:
            raise ValueError("too many decimals")
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """A string of a certain form; `what` describes it, for example `an AWS account id of 12 digits`."""

    what: str
    pattern: str = ONE_LINE
    longest: int = 1024
    shortest: int = 1

    def __get_pydantic_core_schema__(self, source: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the annotated `str` by a strict one with pattern and length."""
        schema = core_schema.str_schema(
            strict=True, pattern=self.pattern, min_length=self.shortest, max_length=self.longest
        )
        return _refuse_with(schema, f"give {self.what}")


@dataclass(frozen=True, slots=True)
class _TrueOrFalse:
    """A boolean, and nothing that merely looks like one."""

    def __get_pydantic_core_schema__(self, source: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the annotated `bool` by a strict one."""
        return _refuse_with(core_schema.bool_schema(strict=True), "give true or false")


Flag = Annotated[bool, _TrueOrFalse()]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the annotated type by a literal of the words."""
        return _refuse_with(core_schema.literal_schema(list(self.words)), f"give {one_of(self.words)}")


@dataclass(frozen=True, slots=True)
class Tagged:
    """One of several models, told apart by the word in the field `tag`; also when there is only one yet."""

    tag: str
    models: Mapping[str, type[BaseModel]]

    def __get_pydantic_core_schema__(self, source: Annotation, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the annotated union by one that looks at the tag first."""
        choices = {word: handler.generate_schema(model) for word, model in self.models.items()}
        return core_schema.tagged_union_schema(choices, discriminator=self.tag, strict=True)

    def __hash__(self) -> int:
        """Pydantic keeps annotations in sets."""
        return hash((self.tag, tuple(self.models)))


def one_of(words: tuple[str, ...]) -> str:
    """The words, quoted and joined for a sentence: `"a", "b" or "c"`."""
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
