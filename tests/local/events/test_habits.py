"""The unkind habits of event delivery, each switchable.

Twice: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-delivery-level.html. Out of order:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
"""

from __future__ import annotations

import pytest

from local.events.habits import Deliveries, Habits, habits_from


def test_by_default_one_in_twenty_deliveries_happens_twice():
    deliveries = Deliveries()
    twice = sum(len(deliveries.delays()) == 2 for _ in range(4000))
    assert 0.035 < twice / 4000 < 0.065


def test_deliveries_take_up_to_three_tenths_of_a_second_and_overtake_each_other():
    deliveries = Deliveries(Habits(duplicate_share=0))
    delays = [deliveries.delays()[0] for _ in range(400)]
    assert 0.2 < max(delays) <= 0.3
    sent_every_20_ms = [position * 0.02 + delay for position, delay in enumerate(delays)]
    assert sent_every_20_ms != sorted(sent_every_20_ms)


def test_the_draws_can_be_repeated():
    first, second = Deliveries(Habits(seed=7)), Deliveries(Habits(seed=7))
    assert [first.delays() for _ in range(50)] == [second.delays() for _ in range(50)]


def test_they_can_be_switched_off():
    deliveries = Deliveries(Habits(duplicate_share=0, max_delay_s=0))
    assert [deliveries.delays() for _ in range(100)] == [[0.0]] * 100


def test_a_wrong_habit_is_refused_by_name():
    with pytest.raises(ValueError, match="'slow' is no habit"):
        habits_from({"slow": 1}, Habits())
    with pytest.raises(ValueError, match="max_delay_s must be a number from 0"):
        habits_from({"max_delay_s": -1}, Habits())
