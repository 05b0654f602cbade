"""The innermost cause of a failure, readable."""

import json

from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.causes import LONGEST, readable


def nested(cause):
    return json.dumps({"ExecutionArn": "arn", "Status": "FAILED", "Error": "Terminal", "Cause": cause})


def test_a_nested_failure_is_reduced_to_its_innermost_error():
    # Given
    function = json.dumps({"errorMessage": "Access denied.", "errorType": "Terminal", "stackTrace": ["…"]})

    # When
    words = readable(f"Deploy broke: States.TaskFailed {nested(nested(function))} It was restored.")

    # Then
    assert words == "Deploy broke: Terminal: Access denied. It was restored."


def test_a_cause_that_is_a_sentence_is_kept():
    # Then
    assert readable(f"Deploy broke: States.TaskFailed {nested('Out of time.')}") == (
        "Deploy broke: Terminal: Out of time."
    )


@given(st.text())
def test_any_text_gives_a_short_text(text):
    # Then
    assert len(readable(text)) <= LONGEST
    if "{" not in text and len(text) <= LONGEST:
        assert readable(text) == text


@given(st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_json_gives_a_text(value):
    # Then
    assert isinstance(readable(json.dumps(value)), str)
