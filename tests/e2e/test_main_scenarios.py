"""The main scenarios in a real account. Never run."""

from __future__ import annotations

import pytest

from tests.e2e.service import RealStory
from tests.support import scenarios

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket, pytest.mark.timeout(3 * 3600)]


def test_the_main_scenarios(real_story: RealStory) -> None:
    # Given
    real_story.registered()

    # Then
    scenarios.all_of_them(real_story)
