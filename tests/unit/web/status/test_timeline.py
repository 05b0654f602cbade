"""The timeline of a release."""

from typing import Any

import pytest

from tests.support.ports import fake_ports
from tests.unit.examples import NOON, at, deployment, release
from tidegate.domain.status import Entry, History
from tidegate.web.status.timeline import LONGEST, event_of, text, timeline


def entry(kind: str, seconds: float = 0, **said: Any) -> Entry:
    return Entry(at(seconds), "r", kind, f"{kind}/{seconds}", said)


def test_deployments_and_entries_stand_in_one_order():
    # Given
    ports = fake_ports()
    mine = release(ports)
    opened = deployment(ports, mine, "dev", opened=30)
    history = History(
        mine, (opened,), (), (entry("release.created"), entry("deployment.succeeded", 90, environment="dev"))
    )

    # When
    events = timeline(history)

    # Then
    assert [(each.title, each.after, each.environment) for each in events] == [
        ("Release created", "0 s", ""),
        ("Deployment begun", "30 s", "dev"),
        ("Deployment succeeded", "1 min 30 s", "dev"),
    ]
    assert events[1].figures == (("strategy", "rolling"), ("attempt", "1"))
    assert [each.tone for each in events] == ["", "", "good"]


def test_of_progress_in_a_row_only_the_last_is_kept():
    mine = release(fake_ports())
    progress = [entry("deployment.progress", n, environment="dev", running=n) for n in range(4)]
    other = entry("deployment.progress", 5, environment="prod", running=9)

    events = timeline(History(mine, (), (), (*progress, other, entry("release.failed", 6))))

    assert [each.figures for each in events] == [(("running", "3"),), (("running", "9"),), ()]


def test_an_entry_says_who_why_and_what_else():
    event = event_of(
        entry(
            "approval.approved", by="bea", comment="fine", environment="prod", digests={"app": "sha256:0"},
            execution="arn", nothing=None, empty={}, checks=[{"name": "a", "status": "passed"}, "odd"],
        )
    )  # fmt: skip

    assert (event.who, event.why, event.environment, event.tone) == ("bea", "fine", "prod", "good")
    assert event.figures == (("digests", "app: sha256:0"),)
    assert event.checks == (("a", "passed", ""),)
    assert (event.at, event.after) == (NOON, "")


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("deployment.rolled_back", "Deployment rolled back"),
        ("canary.shifted", "Canary shifted"),
        ("operator.lift_quarantine", "Operator lift quarantine"),
        ("scan.blocked", "Stopped by the scan gate"),
        ("x", "X"),
    ],
)
def test_a_kind_that_is_not_known_is_still_read(kind: str, title: str):
    assert event_of(entry(kind)).title == title


def test_a_long_text_is_cut():
    assert len(text("x" * 9000)) == LONGEST
    assert text("x" * 9000).endswith("…")
    assert text(None) == ""
    assert text(0) == "0"
