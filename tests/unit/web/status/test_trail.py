"""The filter of the audit trail, and what is exported."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.examples import NOON, at
from tidegate.domain.status import Entry, TrailPage
from tidegate.web.status.trail import COLUMNS, as_csv, as_json, filter_of

TODAY = date(2026, 11, 23)
POSITION = "2026-11-02T03:04:05.000006Z#approval/x"


def entry(**said: Any) -> Entry:
    return Entry(NOON, "checkout/prod", "freeze.set", "key", said)


def test_without_a_wish_the_last_thirty_days_are_read():
    wanted = filter_of({}, TODAY)

    query = wanted.query()

    assert (wanted.first, wanted.last) == ("2026-10-24", "2026-11-23")
    assert query.since == datetime(2026, 10, 24, tzinfo=UTC)
    assert query.until == datetime(2026, 11, 24, tzinfo=UTC)
    assert (query.service, query.kind, query.before) == (None, None, None)


def test_both_days_are_taken_in_whole():
    query = filter_of({"from": "2026-11-01", "to": "2026-11-01"}, TODAY).query()

    assert (query.until - query.since).total_seconds() == 86_400


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", "Checkout"),
        ("service", "a" * 41),
        ("service", "a#b"),
        ("kind", "Freeze"),
        ("kind", "a b"),
        ("from", "yesterday"),
        ("from", "2026-02-30"),
        ("from", "20261101"),
        ("from", "2026-12-01"),
        ("to", "0001-01-01"),
        ("to", "9999-12-31"),
    ],
)
def test_a_mistake_is_told_at_its_field(field: str, value: str):
    wanted = filter_of({field: value}, TODAY)

    assert list(wanted.mistakes) == [field]
    assert wanted.mistakes[field].endswith(".")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (POSITION, POSITION),
        ("2026-11-01T00:00:00.000000Z", "2026-11-01T00:00:00.000000Z"),
        ("2026-11", None),
        ("x", None),
        (f"{POSITION}\n", None),
        (f"{POSITION}{'x' * 1000}", None),
    ],
)
def test_a_position_is_one_that_a_page_can_have_given(sent: str, read: str | None):
    assert filter_of({"before": sent}, TODAY).query().before == read


def test_the_address_of_a_filter_brings_it_back():
    wanted = filter_of({"service": "checkout", "kind": "freeze", "from": "2026-11-01"}, TODAY)

    assert wanted.address(before="a b#c") == (
        "service=checkout&kind=freeze&from=2026-11-01&to=2026-11-23&before=a+b%23c"
    )


def test_csv_has_one_line_for_each_entry_whatever_is_in_it():
    # Given
    said = {"by": 'Ada "the first"', "reason": "one\ntwo, three", "n": 1}
    page = TrailPage((entry(**said), entry()))

    # When
    rows = list(csv.DictReader(io.StringIO(as_csv(page))))

    # Then
    assert list(rows[0]) == list(COLUMNS)
    assert [rows[0][name] for name in ("at", "service", "subject", "kind", "by", "why")] == [
        "2026-11-23T12:00:00.000000Z", "checkout", "checkout/prod", "freeze.set", 'Ada "the first"',
        "one\ntwo, three",
    ]  # fmt: skip
    assert json.loads(rows[0]["entry"]) == said
    assert len(rows) == 2


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(formula: str):
    text = as_csv(TrailPage((entry(by=formula, reason=formula),)))

    (row,) = list(csv.DictReader(io.StringIO(text, newline="")))
    assert row["by"] == f"'{formula}"
    assert row["why"] == f"'{formula}"


def test_json_says_where_it_goes_on():
    wanted = filter_of({"service": "checkout"}, TODAY)

    document = json.loads(as_json(TrailPage((entry(by="Ada"),), POSITION), wanted))

    assert document["entries"] == [
        {
            "at": "2026-11-23T12:00:00.000000Z",
            "service": "checkout",
            "subject": "checkout/prod",
            "kind": "freeze.set",
            "by": "Ada",
            "why": "",
            "entry": {"by": "Ada"},
        }
    ]
    assert document["next"].endswith("&before=2026-11-02T03%3A04%3A05.000006Z%23approval%2Fx")
    assert at(0) == NOON
