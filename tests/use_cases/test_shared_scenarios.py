"""The scenarios of the suite for a real account (tests/e2e) work on the local cloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support import scenarios
from tests.support.story import Story
from tests.support.variants import only_production_with_approval

pytestmark = pytest.mark.thorough


def test_the_main_scenarios_of_the_suite_for_a_real_account(story: Callable[..., Story]) -> None:
    # Given
    checkout = story(only_production_with_approval)

    # Then
    scenarios.all_of_them(checkout)
