"""What is written to DynamoDB comes back as it was."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.aws.items import fitted, from_attributes, to_attributes, without_nones

numbers = st.integers(-(10**37), 10**37) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(min_size=1), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), values))
def test_plain_values_come_back(item: dict[str, Any]):
    assert from_attributes(to_attributes(item)) == item


@pytest.mark.parametrize(
    ("text", "value"), [("5", 5), ("-5", -5), ("0.50", 0.5), ("1E+2", 100.0), ("1E-7", 1e-07)]
)
def test_numbers_are_read_however_dynamodb_writes_them(text: str, value: float):
    read = from_attributes({"n": {"N": text}})["n"]

    assert read == value
    assert type(read) is type(value)


def test_a_small_value_is_not_cut():
    value = {"log": ["a line"] * 100, "text": "x" * 10_000}

    assert fitted(value) is value


@pytest.mark.parametrize(
    "value",
    [
        {"log": ["x" * 100] * 10_000},
        {"text": "ä" * 1_000_000, "passed": True},
        [{"name": f"check {number}", "detail": "x" * 3000} for number in range(500)],
    ],
)
def test_a_large_value_is_cut_until_it_can_be_stored(value: Any):
    cut = fitted(value)

    assert len(json.dumps(cut).encode()) <= 300_000
    assert fitted(value) == cut


def test_a_cut_text_says_how_much_is_missing():
    cut = fitted({"text": "x" * 400_000, "passed": True})

    assert cut == {"text": "x" * 4000 + "… (396000 more characters)", "passed": True}


def test_what_is_none_is_left_out_at_the_top_only():
    assert without_nones({"a": None, "b": {"c": None}, "d": 0}) == {"b": {"c": None}, "d": 0}
