"""What `ports.Freezes` promises."""

from tests.adapters.values import NOON, at
from tidegate.ports import Ports


def test_a_frozen_environment_says_why(stores: Ports):
    assert stores.freezes.set("checkout", "prod", reason="holidays", by="ana", at=NOON)

    assert stores.freezes.reason("checkout", "prod") == "holidays"
    assert stores.freezes.reason("checkout", "dev") is None
    assert stores.freezes.reason("basket", "prod") is None


def test_the_first_freeze_stands_and_may_be_repeated(stores: Ports):
    assert stores.freezes.set("checkout", "prod", reason="holidays", by=None, at=NOON)

    assert stores.freezes.set("checkout", "prod", reason="holidays", by=None, at=NOON)
    assert not stores.freezes.set("checkout", "prod", reason="audit", by="bea", at=at(5))

    assert stores.freezes.reason("checkout", "prod") == "holidays"


def test_a_freeze_is_lifted_once(stores: Ports):
    stores.freezes.set("checkout", "prod", reason="holidays", by="ana", at=NOON)

    assert stores.freezes.lift("checkout", "prod")
    assert not stores.freezes.lift("checkout", "prod")

    assert stores.freezes.reason("checkout", "prod") is None
