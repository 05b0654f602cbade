"""What `ports.Quarantine` promises."""

from typing import Any

from tests.adapters.values import NOON, at, digest
from tidegate.ports import Ports

EVIDENCE: dict[str, Any] = {"reason": "it crashes", "release": "r", "at": NOON}


def test_a_digest_is_in_quarantine_for_its_service_only(stores: Ports):
    assert stores.quarantine.add("checkout", digest("a"), **EVIDENCE)

    assert stores.quarantine.digests("checkout") == {digest("a"): "it crashes"}
    assert stores.quarantine.digests("basket") == {}


def test_a_person_puts_a_digest_in_without_a_release(stores: Ports):
    by_hand: dict[str, Any] = {"reason": "CVE-2026-1234", "release": None, "at": NOON}
    assert stores.quarantine.add("checkout", digest("a"), **by_hand)
    assert stores.quarantine.add("checkout", digest("a"), **by_hand)
    assert stores.quarantine.digests("checkout") == {digest("a"): "CVE-2026-1234"}


def test_the_first_evidence_stands_and_may_be_repeated(stores: Ports):
    assert stores.quarantine.add("checkout", digest("a"), **EVIDENCE)

    assert stores.quarantine.add("checkout", digest("a"), **EVIDENCE)
    assert not stores.quarantine.add("checkout", digest("a"), reason="errors", release="s", at=at(5))

    assert stores.quarantine.digests("checkout") == {digest("a"): "it crashes"}


def test_a_digest_can_be_lifted_and_put_in_again(stores: Ports):
    # Given two digests in quarantine
    stores.quarantine.add("checkout", digest("a"), **EVIDENCE)
    stores.quarantine.add("checkout", digest("b"), **EVIDENCE)

    # When one is lifted, and the request is sent twice
    assert stores.quarantine.lift("checkout", digest("a"), reason="a false alarm", by="ana", at=at(5))
    assert stores.quarantine.lift("checkout", digest("a"), reason="a false alarm", by="ana", at=at(5))

    # Then the other one stays, and the first one can come back
    assert stores.quarantine.digests("checkout") == {digest("b"): "it crashes"}
    assert stores.quarantine.add("checkout", digest("a"), reason="errors", release="s", at=at(9))
    assert stores.quarantine.digests("checkout") == {digest("a"): "errors", digest("b"): "it crashes"}


def test_what_is_not_in_quarantine_cannot_be_lifted(stores: Ports):
    assert not stores.quarantine.lift("checkout", digest("a"), reason="a false alarm", by=None, at=NOON)
