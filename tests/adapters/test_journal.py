"""What `ports.Journal` promises."""

from tests.adapters.values import at
from tidegate.domain.plain import time_text
from tidegate.ports import Ports


def test_entries_come_back_oldest_first(stores: Ports):
    # Given entries that were appended in another order
    stores.journal.append("checkout/dev", "freeze.lifted", {}, at=at(10), key="b")
    stores.journal.append("checkout/dev", "freeze.set", {"by": "ana", "share": 0.25}, at=at(0), key="a")
    stores.journal.append("basket/dev", "freeze.set", {}, at=at(5), key="a")

    # Then
    assert stores.journal.entries("checkout/dev") == (
        {"at": time_text(at(0)), "kind": "freeze.set", "key": "a", "entry": {"by": "ana", "share": 0.25}},
        {"at": time_text(at(10)), "kind": "freeze.lifted", "key": "b", "entry": {}},
    )
    assert stores.journal.entries("nothing") == ()


def test_a_key_is_appended_once_whatever_the_time(stores: Ports):
    assert stores.journal.append("checkout/dev", "freeze.set", {"by": "ana"}, at=at(0), key="a")
    assert not stores.journal.append("checkout/dev", "freeze.set", {"by": "bea"}, at=at(0), key="a")
    assert not stores.journal.append("checkout/dev", "freeze.set", {"by": "ana"}, at=at(7), key="a")

    (entry,) = stores.journal.entries("checkout/dev")
    assert entry["entry"] == {"by": "ana"}


def test_the_limit_leaves_the_newest_entries(stores: Ports):
    for number in range(5):
        stores.journal.append("checkout/dev", "check", {"number": number}, at=at(number), key=str(number))

    newest = stores.journal.entries("checkout/dev", limit=2)

    assert [line["entry"]["number"] for line in newest] == [3, 4]
