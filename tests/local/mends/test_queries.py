"""JSONata as Step Functions speaks it: https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html."""

from __future__ import annotations

import hashlib
import re

import pytest

from local.mends.queries import UNDEFINED, QueryError, check_syntax, evaluate

STATES = {
    "input": {
        "name": 'she said "hi"\n\\ and left',
        "nothing": None,
        "one": [5],
        "none": [],
        "mixed": [None, 1],
        "whole": 1.0,
        "items": [{"id": "a", "n": 1}, {"id": "b", "n": 2}],
        "yes": True,
    }
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$states.input.name", 'she said "hi"\n\\ and left'),
        ("$states.input.name & '!'", 'she said "hi"\n\\ and left!'),
        ("$states.input.nothing", None),
        ("$states.input.nothing = null", True),
        ("$states.input.one", [5]),
        ("$states.input.none", []),
        ("$states.input.mixed", [None, 1]),
        ("$states.input.mixed[0]", None),
        ("$states.input.whole", 1),
        ("$string($states.input.whole)", "1"),
        ("$states.input.items.id", ["a", "b"]),
        ("$states.input.items[id = 'b'].n", 2),
        ("$count($states.input.items)", 2),
        ("$count(null)", 1),
        ("$count($states.input.missing)", 0),
        ("$exists($states.input.missing)", False),
        ("$exists($states.input.nothing)", True),
        ("[1..3]", [1, 2, 3]),
        ("$merge([{'a': 1}, {'b': null}])", {"a": 1, "b": None}),
        ("$states.input.yes and $states.input.one[0] > 4 ? 'both' : 'not'", "both"),
        ("$map($states.input.items, function($i) { $i.n * 2 })", [2, 4]),
        ("($sum := $states.input.items.n ~> $sum(); $sum + 1)", 4),
    ],
)
def test_an_expression_yields_plain_json(expression: str, expected: object):
    assert evaluate(expression, {"states": STATES}) == expected


def test_a_variable_of_any_text_cannot_break_an_expression():
    # Given a variable that holds what would be JSONata
    text = '"; $error("taken over"); "'

    # When an expression uses it
    result = evaluate("$text & '.'", {"text": text})

    # Then it is text and nothing else
    assert result == text + "."


@pytest.mark.parametrize(
    "expression", ["$states.input.missing", "$states.input.items[id = 'z']", "$unknown", "$max([])"]
)
def test_what_yields_nothing_is_not_null(expression: str):
    assert evaluate(expression, {"states": STATES}) is UNDEFINED


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$range(1, 0, 1)", []),
        ("$parse('{\"a\": [1, null]}')", {"a": [1, None]}),
        ("$parse('null')", None),
        ("$random(7) = $random(7)", True),
        ("$random() >= 0 and $random() < 1", True),
        ("$hash('input data', 'SHA-256')", hashlib.sha256(b"input data").hexdigest()),
        ("$hash('input data', 'MD5')", hashlib.md5(b"input data").hexdigest()),
        ("$hash('input data', 'SHA-512')", hashlib.sha512(b"input data").hexdigest()),
    ],
)
def test_the_functions_of_step_functions_are_there(expression: str, expected: object):
    assert evaluate(expression, {}) == expected


def test_uuid_is_a_new_version_4_uuid_each_time():
    first, second = (str(evaluate("$uuid()", {})) for _ in range(2))

    assert first != second
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("$states.input.name + 1", "T2001"),
        ("$eval('1+1')", "T1006"),
        ("$error('stop here')", "stop here"),
        ("1 / 0", "division by zero"),
        ("$hash('x', 'SHA-3')", "SHA-256"),
        ("$partition([1], 0)", "positive integer"),
        ("$range(1, 2000, 1)", "1000"),
        ("$parse('{')", "not valid JSON"),
        ("function($x) { $x }", "unsupported result type"),
        ("a[1,2)", "S0202"),
    ],
)
def test_what_cannot_be_evaluated_says_why(expression: str, reason: str):
    with pytest.raises(QueryError, match=re.escape(reason)):
        evaluate(expression, {"states": STATES})


def test_syntax_is_checked_without_evaluating():
    check_syntax("$states.input.a + 1")
    with pytest.raises(QueryError, match="S0207"):
        check_syntax("1 +")
