"""What `ports.Intake` promises."""

import pytest

from tests.adapters.values import NOON, at
from tidegate.ports import Ports


def test_the_first_claim_stands_for_ever(stores: Ports):
    assert stores.intake.first("event/1", at=NOON, value="mine") == "mine"

    assert stores.intake.first("event/1", at=at(86_400), value="yours") == "mine"
    assert stores.intake.first("event/2", at=NOON, value="yours") == "yours"
    assert stores.intake.seen("event/1") == ("mine", NOON)
    assert stores.intake.seen("event/3") is None


@pytest.mark.parametrize("seconds", [-900, -1, 0, 1, 900])
def test_a_claim_counts_within_its_window_either_way(stores: Ports, seconds: int):
    stores.intake.first("push/1", at=NOON, value="mine", again_after_seconds=900)

    claimed = stores.intake.first("push/1", at=at(seconds), value="yours", again_after_seconds=900)

    assert claimed == "mine"
    assert stores.intake.seen("push/1") == ("mine", NOON)


@pytest.mark.parametrize("seconds", [-901, 901])
def test_a_claim_no_longer_counts_beyond_its_window(stores: Ports, seconds: int):
    stores.intake.first("push/1", at=NOON, value="mine", again_after_seconds=900)

    claimed = stores.intake.first("push/1", at=at(seconds), value="yours", again_after_seconds=900)

    assert claimed == "yours"
    assert stores.intake.seen("push/1") == ("yours", at(seconds))
