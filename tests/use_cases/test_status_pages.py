"""The status pages tell what really happened: read after releases that machines and people have made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from bench.pages_report.visitor import Visitor
from tests.support.story import Story

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]


def plain(body: str) -> str:
    """What a person reads of a page."""
    without = re.sub(r"<style>.*?</style>|<[^>]+>", " ", body, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without)


def test_an_operator_follows_a_release_from_its_approval_into_production(story: Tell) -> None:
    # Given a release that waits for its approval
    checkout = story()
    digest = checkout.push("1.1.0")
    execution = checkout.release()
    release = execution.rpartition(":")[2]
    link = checkout.mail()
    visitor = Visitor(checkout.place)

    # When the pages are read while it waits
    home = plain(visitor.read("status").body)
    waiting = plain(visitor.read(f"status/releases/{release}").body)
    service = plain(visitor.read(f"status/services/{checkout.name}").body)

    # Then
    assert f"{checkout.name} in prod {release}" in home
    assert checkout.address in home
    assert "Waits for approval of prod" in waiting
    assert f"dev 1.1.0 {digest[:19]}" in service

    # When it is approved and has ended
    assert checkout.approver.decide(link, "approve", "Looks good.").status == 200
    assert checkout.ended(execution).outcome == "succeeded"

    # Then
    service = plain(visitor.read(f"status/services/{checkout.name}").body)
    assert f"prod production 1.1.0 {digest[:19]}" in service
    assert f"approved by {checkout.address}" in service
    after = plain(visitor.read(f"status/releases/{release}").body)
    for words in (
        "succeeded",
        "Looks good.",
        "Scan gate passed",
        "Approval requested in prod",
        "Release succeeded",
    ):
        assert words in after, words
    assert release not in plain(visitor.read("status").body)
    for path in ("status", f"status/releases/{release}"):
        assert visitor.read(path, method="HEAD").status in (200, 204), path
    entries = json.loads(visitor.read(f"status/audit.json?service={checkout.name}").body)["entries"]
    assert {"service.registered", "release.created", "approval.approved", "release.succeeded"} <= {
        entry["kind"] for entry in entries
    }


def test_after_a_rollback_the_pages_name_what_runs_again(story: Tell) -> None:
    # Given
    checkout = story()
    good = checkout.service.digests["app"]

    # When a release serves errors in staging
    bad = checkout.push("1.1.0", error_rate=1.0, http={"/health": 200})
    execution = checkout.release()
    assert checkout.ended(execution).outcome == "rolled_back"

    # Then
    visitor = Visitor(checkout.place)
    service = plain(visitor.read(f"status/services/{checkout.name}").body)
    assert re.search(rf"dev \S+ {bad[:19]}", service)
    assert re.search(rf"staging \S+ {good[:19]} The last deployment was rolled back", service)
    assert re.search(rf"prod production \S+ {good[:19]}", service)
    page = plain(visitor.read(f"status/releases/{execution.rpartition(':')[2]}").body)
    assert "rolled back" in page
    assert f"In quarantine because of this release {bad[:19]}" in page
