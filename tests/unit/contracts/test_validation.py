"""From pydantic's errors to sentences: harmless, bounded, in order, for any contract."""

import json
import string
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from tests.unit.contracts.manifests import changed, example, mistakes
from tidegate.contracts.fields import ANY_TEXT, Between, Contract, Tagged, Text, one_of
from tidegate.contracts.manifest import parse
from tidegate.contracts.paths import locate, show, write
from tidegate.contracts.validation import InvalidInput, sentences, validate

CHECKOUT = example("checkout")


class Plain(BaseModel):
    """A contract as other modules write them, without the fields of this package."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["freeze", "thaw"]
    service: Annotated[str, StringConstraints(pattern=r"^[a-z]+$", max_length=5)] = "web"
    attempt: int = Field(default=1, ge=1, le=100)
    weights: list[int] = []
    reason: str | None = Field(default=None, min_length=3)

    @model_validator(mode="after")
    def _reason_for_freezing(self) -> "Plain":
        if self.action == "freeze" and self.reason is None:
            raise ValueError("reason is needed for the action freeze")
        return self


class Inner(Contract):
    kind: Literal["a"]
    count: Annotated[int, Between(1, 3)] = 1


class Outer(Contract):
    choice: Annotated[Inner, Tagged("kind", {"a": Inner})] | None = None
    by_name: dict[Annotated[str, Text("a word", pattern="^[a-z]+$")], list[Inner]] = Field({})
    free: Annotated[str, Text("some text", pattern=ANY_TEXT, longest=10)] = "x"


PLAIN_MISTAKES = [
    ({"action": "melt"}, 'action: "melt" is not allowed; give "freeze" or "thaw".'),
    ({}, "action: this field is missing; give a value."),
    ({"action": "thaw", "service": "WEB"}, 'service: "WEB" is not allowed; give text that matches ^[a-z]+$.'),
    ({"action": "thaw", "service": "abcdef"}, 'service: "abcdef" is not allowed; give at most 5 characters.'),
    ({"action": "thaw", "attempt": 0}, "attempt: 0 is not allowed; give at least 1."),
    ({"action": "thaw", "attempt": 101}, "attempt: 101 is not allowed; give at most 100."),
    ({"action": "thaw", "attempt": "x"}, 'attempt: "x" is not allowed; give a whole number.'),
    ({"action": "thaw", "weights": 5}, "weights: 5 is not allowed; give a list."),
    ({"action": "thaw", "weights": [1, "x"]}, 'weights[1]: "x" is not allowed; give a whole number.'),
    ({"action": "thaw", "reason": "x"}, 'reason: "x" is not allowed; give at least 3 characters.'),
    ({"action": "thaw", "reason": {}}, "reason: an object is not allowed; give a string."),
    (
        {"action": "thaw", "atempt": 1},
        "atempt: this field is not known; the nearest one that is known is attempt.",
    ),
    ({"action": "freeze"}, "input: reason is needed for the action freeze."),
]


@pytest.mark.parametrize(("data", "sentence"), PLAIN_MISTAKES)
def test_contracts_with_plain_pydantic_fields_give_sentences_too(data, sentence):
    with pytest.raises(InvalidInput) as caught:
        validate(Plain, data)
    assert caught.value.mistakes == (sentence,)


def test_an_error_without_its_model_still_gives_sentences():
    # Given only the error, as the step decorator has it
    with pytest.raises(ValidationError) as caught:
        Plain.model_validate({"action": "melt", "colour": 1})
    # Then the sentences say where and what
    assert sentences(caught.value) == (
        'action: "melt" is not allowed; give "freeze" or "thaw".',
        "colour: this field is not known.",
    )


NESTED_MISTAKES = [
    (
        {"choice": {"kind": "a", "count": 4}},
        "choice.count: 4 is not allowed; give a whole number from 1 to 3.",
    ),
    ({"choice": {"kind": "b"}}, 'choice.kind: "b" is not allowed; give "a".'),
    ({"choice": {"kind": ["a"]}}, 'choice.kind: "[\'a\']" is not allowed; give "a".'),
    ({"choice": {}}, 'choice.kind: this field is missing; give "a".'),
    ({"choice": "a"}, 'choice: "a" is not allowed; give an object.'),
    (
        {"choice": {"kind": "a", "coutn": 1}},
        "choice.coutn: this field is not known; the nearest one that is known is count.",
    ),
    (
        {"by_name": {"x": [{"kind": "a"}, {"kind": "a", "count": 0}]}},
        "by_name.x[1].count: 0 is not allowed; give a whole number from 1 to 3.",
    ),
    ({"by_name": {"X 1": []}}, 'by_name["X 1"]: the name "X 1" is not allowed; give a word.'),
    ({"zzz": 1}, "zzz: this field is not known; the fields here are choice, by_name, free."),
]


@pytest.mark.parametrize(("data", "sentence"), NESTED_MISTAKES)
def test_paths_are_those_of_the_input_and_not_of_the_model(data, sentence):
    with pytest.raises(InvalidInput) as caught:
        validate(Outer, data)
    assert caught.value.mistakes == (sentence,)


def test_a_key_that_is_named_like_a_kind_keeps_its_path():
    # Given a tagged object with an unknown field that has the name of a kind
    place = locate(Outer, ("choice", "a", "a"))
    # Then only the first of the two is taken for the kind
    assert write(place.path) == "choice.a"


HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "line\nbreak\r\ttab",
    "\u202eright to left",
    "nul\x00nul",
    "del\x7f c1\x9b",
    "\ud800 lone surrogate",
    "x" * 100_000,
    '"quoted"',
]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_shown_short_escaped_and_on_one_line(value):
    # Given hostile text as a value, as the name of a field, and as the name of a container
    places = (("name", value), (value.replace(".", "") or "x", 1))
    found = [mistakes(changed(CHECKOUT, place)) for place in places]
    found.append(mistakes({**CHECKOUT, "containers": {value: CHECKOUT["containers"]["app"]}}))
    # Then nothing of it can steer a terminal, break the line or fill the screen
    for sentence in [sentence for each in found for sentence in each]:
        assert sentence.isprintable()
        assert len(sentence) < 500


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a" * 61, '"' + "a" * 60 + '…"'),
        ('say "x"', '"say \\"x\\""'),
        ("\x1b", '"\\u001b"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("größe", '"größe"'),
        (None, "null"),
        (False, "false"),
        (1.5, "1.5"),
        (10**19, "10000000000000000000"),
        (10**30, "a very large number"),
        ({}, "an object"),
        ([], "a list"),
        (b"x", "a list"),
    ],
)
def test_values_are_shown_in_a_few_words(value, shown):
    assert show(value) == shown


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("a", 0, "b-c", "d"), "a[0].b-c.d"),
        (("a", "b.c"), 'a["b.c"]'),
        ((0, "a"), "[0].a"),
        (("$schema",), '["$schema"]'),
        (("x" * 70,), '["' + "x" * 60 + '…"]'),
    ],
)
def test_paths_are_written_as_people_write_them(path, text):
    assert write(path) == text


def test_the_message_of_the_exception_is_bounded_and_the_mistakes_are_all_there():
    # Given thousands of unknown fields
    manifest = {**CHECKOUT, **{f"unknown{index}": index for index in range(3000)}}
    # When it is read
    with pytest.raises(InvalidInput) as caught:
        parse(manifest)
    # Then the exception has all of them, and its message the first ones
    assert len(caught.value.mistakes) == 3000
    assert str(caught.value).endswith("\n… and 2980 more mistakes.")
    assert len(str(caught.value)) < 6000


def test_deep_nesting_and_odd_numbers_are_refused_and_not_crashed_on():
    # Given JSON that no serialiser likes
    deep: Any = "x"
    for _ in range(100_000):  # whatever recursion another test has allowed in this process
        deep = [deep]
    check = "environments.1.checks.0.expect.json_equals"
    # Then each is one mistake
    (nested,) = mistakes(changed_shallow(CHECKOUT, deep))
    (not_a_number,) = mistakes(changed(CHECKOUT, (check, float("nan"))))
    (huge,) = mistakes(changed(CHECKOUT, (check, 10**5000)))
    assert nested.endswith("it is nested too deeply; give plain JSON.")
    assert (
        not_a_number == "manifest: it is no JSON; leave out NaN, Infinity and numbers of thousands of digits."
    )
    assert huge == not_a_number


def changed_shallow(manifest: dict[str, Any], value: Any) -> dict[str, Any]:
    """Put a value that cannot be copied into a check's expectation."""
    copy = json.loads(json.dumps(manifest))
    copy["environments"][1]["checks"][0]["expect"]["json_equals"] = value
    return copy


@pytest.mark.parametrize(
    ("words", "text"), [(("a",), '"a"'), (("a", "b"), '"a" or "b"'), (("a", "b", "c"), '"a", "b" or "c"')]
)
def test_words_are_joined_for_a_sentence(words, text):
    assert one_of(words) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in items for path in paths(item, (*at, key)))]


def put(manifest: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    copy = json.loads(json.dumps(manifest))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


@given(JSON)
def test_any_json_is_accepted_or_refused_with_sentences(value):
    for sentence in mistakes(value):
        assert sentence.isprintable()
        assert sentence.endswith(".")
        assert ": " in sentence


@pytest.mark.parametrize("name", ["checkout", "multi_container"])
@given(data=st.data())
def test_anything_in_any_place_of_a_manifest_is_accepted_or_refused_with_sentences(name, data):
    # Given a good manifest with something else in one place
    manifest = example(name)
    path = data.draw(st.sampled_from(paths(manifest)))
    spoiled = put(manifest, path, data.draw(JSON))
    # When it is read
    found = mistakes(spoiled)
    # Then it is accepted as a service, or every sentence is whole and names a place
    if not found:
        assert parse(spoiled).to_domain().name
    for sentence in found:
        assert sentence.isprintable()
        assert sentence.endswith(".")
        assert sentence[0] in string.ascii_letters + "["
    assert len(set(found)) == len(found)
