"""Weights of listener rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.traffic import ListenerRule, gives, weights_for


@given(tenths=st.integers(1, 999))
def test_every_tenth_of_a_percent_can_be_given_and_is_recognised(tenths: int):
    # Given
    percent = tenths / 10

    # When
    weights = weights_for(percent, "stable", "canary")

    # Then
    assert sum(weights.values()) == 1000
    assert all(0 < weight <= 999 for weight in weights.values())
    rule = ListenerRule("rule", weights)
    assert gives(rule, percent, "canary")
    assert gives(rule, 100 - percent, "stable")
    assert not gives(rule, percent + 0.1, "canary")
    assert not gives(rule, percent - 0.1, "canary")


@pytest.mark.parametrize(("percent", "weights"), [(0, {"s": 100, "c": 0}), (100, {"s": 0, "c": 100})])
def test_one_group_alone_gets_everything(percent: float, weights: dict):
    assert weights_for(percent, "s", "c") == weights


@pytest.mark.parametrize("percent", [-1, 101, 0.01, 99.99])
def test_a_share_that_cannot_be_given_is_refused(percent: float):
    with pytest.raises(ValueError, match="percent"):
        weights_for(percent, "s", "c")


@pytest.mark.parametrize("weights", [{}, {"s": 0, "c": 0}, {"s": 5}])
def test_who_gets_nothing_has_no_share(weights: dict):
    assert ListenerRule("rule", weights).share("c") == 0
    assert gives(ListenerRule("rule", weights), 0, "c")
