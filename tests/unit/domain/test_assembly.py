"""From readings of metrics to periods: each once, in order, with what it was when it became final."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.canary_world import SLOW
from tests.unit.canary_world import settings as canary_settings
from tests.unit.examples import at
from tidegate.domain.assembly import SLACK, Assembled, assemble
from tidegate.domain.figures import figures_of
from tidegate.domain.strategy import JudgeRules, ZoneHistory

FIGURES = figures_of(canary_settings())
IDS = [query.id for query in FIGURES.queries]
LATE = timedelta(seconds=120) + SLACK


def series(minutes: dict[int, tuple[float, float, float, float]]) -> dict:
    """What CloudWatch has of some minutes: requests and errors of the canary, then of stable; no zeros."""
    found: dict = {id_: {} for id_ in IDS}
    order = ("canary_requests", "canary_bad_0", "stable_requests", "stable_bad_0")
    for minute, counts in minutes.items():
        for id_, count in zip(order, counts, strict=True):
            if count:
                found[id_][at(60 * minute)] = count
    return found


def look(
    known: dict, now: float, *, earlier: dict | None = None, until: int | None = None, since: int = 0
) -> Assembled:
    return assemble(
        FIGURES,
        series(known),
        since=at(60 * since),
        judged_until=None if until is None else at(60 * until),
        earlier=earlier or {},
        now=at(60 * now),
        period_seconds=60,
    )


def minutes(found: Assembled) -> list[int]:
    return [int((each.at - at(0)).total_seconds() // 60) for each in found.final]


def test_a_minute_is_final_when_two_later_ones_have_data():
    known = dict.fromkeys(range(4), (10, 1, 90, 1))
    assert minutes(look(known, 4)) == [0, 1]


def test_or_when_two_readings_agree_and_one_later_minute_has_data():
    # Given
    known = {0: (10, 1, 90, 1), 1: (10, 0, 90, 2)}
    first = look({0: known[0]}, 1)

    # Then
    assert minutes(first) == []
    assert minutes(look(known, 2, earlier=first.readings)) == [0]
    assert minutes(look(known | {0: (10, 2, 90, 1)}, 2, earlier=first.readings)) == []
    assert minutes(look({0: known[0]}, 2, earlier=first.readings)) == []


def test_or_when_it_is_old():
    known = {0: (10, 1, 90, 1)}
    late = LATE.total_seconds() / 60
    assert minutes(look(known, late)) == []
    assert minutes(look(known, late + 0.1)) == [0]


def test_what_has_no_datapoint_in_a_final_minute_did_not_happen():
    # Given minutes in which one side has nothing, and no error
    known = {0: (10, 0, 0, 0), 1: (0, 0, 90, 3), 2: (1, 0, 1, 0), 3: (1, 0, 1, 0)}

    # Then
    assert [each.figures["errors"] for each in look(known, 4).final] == [(10, 0, 0, 0), (0, 0, 90, 3)]


def test_nothing_enters_beyond_the_first_minute_that_is_open():
    known = {0: (10, 1, 90, 1), 1: (10, 1, 90, 1)}
    found = look(known, 2)
    assert found.final == ()
    assert len(found.readings) == 2


def test_minutes_before_the_shift_or_judged_already_do_not_come_again():
    known = dict.fromkeys(range(9), (10, 1, 90, 1))
    assert minutes(look(known, 9, since=3)) == [3, 4, 5, 6]
    assert minutes(look(known, 9, since=3, until=5)) == [6]


def test_the_length_of_a_period_is_not_counted_on():
    # Given minutes that a simulated world makes a second long
    quick = {id_: {at(number): 5.0 for number in range(5)} for id_ in IDS}

    # When
    found = assemble(FIGURES, quick, since=at(0), judged_until=None, earlier={}, now=at(5), period_seconds=60)

    # Then
    assert [each.at for each in found.final] == [at(0), at(1), at(2)]


def test_groups_and_further_metrics_come_with_their_period():
    # Given
    strategy = canary_settings(judge=JudgeRules(slow=(SLOW,)), history=ZoneHistory(("a", "b")))
    figures = figures_of(strategy, live=True)
    known = {query.id: dict.fromkeys(map(at, (0, 60, 120)), 7.0) for query in figures.queries}
    del known["group_1_errors"]

    # When
    found = assemble(
        figures, known, since=at(0), judged_until=None, earlier={}, now=at(180), period_seconds=60
    )

    # Then
    (only,) = found.final
    assert only.figures == {"errors": (7, 7, 7, 7), "slow_p99": (7, 7, 7, 7)}
    assert list(only.groups) == [(7, 7), (7, 0)]
    periods = only.periods(3)
    assert [(each.step, each.stable_groups) for each in periods.values()] == [(3, ((7, 7), (7, 0))), (3, ())]


# --- whatever the order, lateness, revision and duplication -------------------------------------------------

counts = st.tuples(*[st.integers(0, 9)] * 4)
datapoint = st.tuples(st.integers(0, 12), st.integers(0, 6), counts)
"""The minute it is of, how many minutes late it comes, and what it then says."""


@settings(max_examples=300, deadline=None)
@given(
    st.lists(datapoint, max_size=40),
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 3)), min_size=1, max_size=25),
)
def test_each_minute_enters_once_in_order_with_what_it_was_when_it_became_final(
    datapoints: list, pulses: list[tuple[int, int]]
):
    # Given figures that come late, come again with other values, and pulses that come at any time, some twice
    taken: list[tuple[int, tuple]] = []
    until: int | None = None
    earlier: dict = {}
    for now, times in sorted(pulses):
        arrived = sorted(datapoints, key=lambda each: each[0] + each[1])
        known = {m: said for m, late, said in arrived if m + 1 + late <= now and any(said)}
        for _ in range(times):
            # When
            found = look(known, now, earlier=earlier, until=until)

            # Then what is final was final by the rule, and is what was read
            for minute, each in zip(minutes(found), found.final, strict=True):
                later = sum(1 for other in known if other > minute)
                old = 60 * (now - minute) > LATE.total_seconds()
                agreed = later == 1 and earlier.get(_text(minute)) == _reading(known[minute])
                assert later >= 2 or old or agreed
                assert each.figures["errors"] == known[minute]
                taken.append((minute, known[minute]))
            until = taken[-1][0] if taken else None
            earlier = found.readings
            assert len(earlier) <= len(known)
    order = [minute for minute, _ in taken]
    assert order == sorted(set(order))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(0, 20), counts.filter(any), max_size=20))
def test_in_the_end_every_minute_has_entered(known: dict):
    found = look(known, 60)
    assert minutes(found) == sorted(known)
    assert found.readings == {}


def _text(minute: int) -> str:
    return f"2026-11-23T12:{minute:02d}:00.000000Z"


def _reading(said: tuple) -> list:
    order = {"canary_requests": 0, "canary_bad_0": 1, "stable_requests": 2, "stable_bad_0": 3}
    return [said[order[id_]] or None for id_ in IDS]
