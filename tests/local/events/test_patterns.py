"""Event patterns against the documented operators.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.events import pattern_rules
from local.events.pattern import InvalidPatternError, matches

MATCHES = [
    ("a value", {"a": ["x"]}, {"a": "x"}),
    ("one of several values", {"a": ["x", "y"]}, {"a": "y"}),
    ("null", {"a": [None]}, {"a": None}),
    ("the empty string", {"a": [""]}, {"a": ""}),
    ("a number written alike", {"a": [300]}, {"a": 300}),
    ("true", {"a": [True]}, {"a": True}),
    ("a field below", {"detail": {"state": ["on"]}}, {"detail": {"state": "on", "more": 1}}),
    ("any element of a list", {"a": ["x"]}, {"a": ["w", "x"]}),
    (
        "one element that has everything",
        {"c": {"n": ["app"], "e": [1]}},
        {"c": [{"n": "x"}, {"n": "app", "e": 1}]},
    ),
    ("prefix", {"a": [{"prefix": "us-"}]}, {"a": "us-east-1"}),
    ("prefix in any case", {"a": [{"prefix": {"equals-ignore-case": "EVENTB"}}]}, {"a": "EventBridge"}),
    ("suffix", {"a": [{"suffix": ".png"}]}, {"a": "x.png"}),
    ("suffix in any case", {"a": [{"suffix": {"equals-ignore-case": ".PNG"}}]}, {"a": "x.pNg"}),
    ("anything but", {"a": [{"anything-but": "x"}]}, {"a": "y"}),
    ("anything but a list", {"a": [{"anything-but": ["x", "y"]}]}, {"a": "z"}),
    ("anything but numbers", {"a": [{"anything-but": [1, 2]}]}, {"a": 3}),
    ("anything but a prefix", {"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "yx"}),
    ("anything but a suffix", {"a": [{"anything-but": {"suffix": ["a", "b"]}}]}, {"a": "abc"}),
    ("anything but in any case", {"a": [{"anything-but": {"equals-ignore-case": "X"}}]}, {"a": "y"}),
    ("anything but a wildcard", {"a": [{"anything-but": {"wildcard": "*/lib/*"}}]}, {"a": "/bin/x"}),
    ("any case", {"a": [{"equals-ignore-case": "ALICE"}]}, {"a": "Alice"}),
    ("a number in a range", {"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5}),
    ("a number of the same value", {"a": [{"numeric": ["=", 3.018e2]}]}, {"a": 301.8}),
    ("an address in a network", {"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.0.33"}),
    ("a wildcard", {"a": [{"wildcard": "dir/*.png"}]}, {"a": "dir/sub/x.png"}),
    ("an escaped asterisk", {"a": [{"wildcard": "a\\*b*"}]}, {"a": "a*bc"}),
    ("a field that exists", {"a": [{"exists": True}]}, {"a": None}),
    ("a field that does not", {"a": [{"exists": False}]}, {"b": 1}),
    ("a field that is no leaf, as not existing", {"a": [{"exists": False}]}, {"a": {"b": 1}}),
    ("either of two fields", {"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}),
    ("all of it and either", {"s": ["q"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"s": "q", "a": "x"}),
]
DIFFERS = [
    ("another value", {"a": ["x"]}, {"a": "y"}),
    ("another case", {"a": ["x"]}, {"a": "X"}),
    ("a missing field", {"a": ["x"]}, {}),
    ("null instead of nothing", {"a": [None]}, {}),
    ("a number written otherwise", {"a": [300]}, {"a": 300.0}),
    ("a number as text", {"a": [300]}, {"a": "300"}),
    ("one instead of true", {"a": [True]}, {"a": 1}),
    (
        "parts of two elements",
        {"c": {"n": ["app"], "e": [1]}},
        {"c": [{"n": "app", "e": 0}, {"n": "x", "e": 1}]},
    ),
    ("a prefix of a number", {"a": [{"prefix": "1"}]}, {"a": 12}),
    ("anything but, of a missing field", {"a": [{"anything-but": "x"}]}, {}),
    ("anything but a prefix", {"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}),
    ("anything but an equal number", {"a": [{"anything-but": [1]}]}, {"a": 1.0}),
    ("text for a number", {"a": [{"numeric": [">", 0]}]}, {"a": "1"}),
    ("a number out of range", {"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5.1}),
    ("an address of another network", {"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.1.1"}),
    ("no address", {"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "ten"}),
    ("an object for a leaf", {"a": [{"exists": True}]}, {"a": {"b": 1}}),
    ("an empty list, as not existing", {"a": [{"exists": True}]}, {"a": []}),
    ("neither of two fields", {"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "y", "b": "x"}),
]
INVALID = [
    ("not json", "Invalid JSON"),
    ("[]", "not an object"),
    ("{}", "Empty objects"),
    ('{"a": {}}', "Empty objects"),
    ('{"a": []}', "Empty arrays"),
    ('{"a": "x"}', "must be an object or an array"),
    ('{"a": [{"like": "x"}]}', "Unrecognized match type like"),
    ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key"),
    ('{"a": [{"prefix": 1}]}', "must be a string"),
    ('{"a": [{"exists": "yes"}]}', "must be either true or false"),
    ('{"a": [{"numeric": ["~", 1]}]}', "Unrecognized numeric range operator"),
    ('{"a": [{"numeric": [">", "1"]}]}', "must be numeric"),
    ('{"a": [{"numeric": [">", 5, "<", 1]}]}', "Bottom must be less than top"),
    ('{"a": [{"numeric": [">", 6000000000]}]}', "must be between"),
    ('{"a": [{"cidr": "ten"}]}', "Malformed CIDR"),
    ('{"a": [{"anything-but": ["x", 1]}]}', "either all values are Number or String"),
    ('{"a": [{"anything-but": {"numeric": 1}}]}', "Unsupported anything-but"),
    ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard"),
    ('{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape"),
    ('{"a": [["x"]]}', "Match value must be"),
]


@pytest.mark.parametrize(
    ("what", "pattern", "event"), MATCHES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_pattern_matches(what: str, pattern: Any, event: Any):
    pattern_rules.check(pattern)
    assert matches(pattern, event), what


@pytest.mark.parametrize(
    ("what", "pattern", "event"), DIFFERS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_pattern_does_not_match(what: str, pattern: Any, event: Any):
    pattern_rules.check(pattern)
    assert not matches(pattern, event), what


@pytest.mark.parametrize(("text", "reason"), INVALID)
def test_an_invalid_pattern_is_refused_with_a_reason(text: str, reason: str):
    with pytest.raises(InvalidPatternError, match=reason):
        pattern_rules.parse(text)


def test_or_is_an_ordinary_name_in_front_of_anything_else():
    assert matches({"$or": {"a": ["x"]}}, {"$or": {"a": "x"}})
    assert not matches({"$or": [{"prefix": "a"}, {"prefix": "b"}]}, {"a": 1})


def test_a_pattern_may_have_4096_characters():
    fits = json.dumps({"a": ["x" * (4096 - 11)]})
    assert len(fits) == 4096
    pattern_rules.parse(fits)
    with pytest.raises(InvalidPatternError, match="longer than 4096"):
        pattern_rules.parse(fits + " ")
