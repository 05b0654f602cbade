"""`status`, `releases` and `show`."""

import re
from dataclasses import replace

import pytest

from tests.unit.cli.terminal import Terminal
from tests.unit.examples import APPROVER, NOON, at, deployment, digest, registered, release, running, service
from tidegate.domain.approval import Approval
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.errors import Terminal as Refused

HOSTILE = "\x1b[2J\x1b]0;owned\x07\nnew line\r\u202eevil\u200b\x9b31m[red]"


def deployed(terminal: Terminal, letter: str = "a", *places: str):
    """A release that succeeded in some environments."""
    one = release(terminal.ports, letter=letter, outcome=Outcome.SUCCEEDED, touched=places)
    for place in places:
        made = deployment(terminal.ports, one, place, outcome=Outcome.SUCCEEDED, approved_by="ops")
        terminal.ports.services.add(place, "checkout", made.task_definition)
    return one


def waiting(terminal: Terminal, of: str, asked: tuple[str, ...] = (APPROVER,)) -> None:
    """Let a release wait for its approval in prod."""
    terminal.ports.approvals.create(
        Approval(
            id="approval-1", release=of, service="checkout", environment="prod", digests={},
            from_task_definition=None, from_images={}, requested_at=NOON, expires_at=at(3600),
            requested_by=None, asked=asked,
        ),
        {},
    )  # fmt: skip


# --- status -------------------------------------------------------------------------------------------------


def test_a_service_is_shown_with_what_runs_where(terminal: Terminal):
    # Given
    deployed(terminal, "a", "dev", "prod")

    # When
    said = terminal.run("status", "checkout")

    # Then
    lines = {line.split()[0]: line for line in said.out.splitlines() if line.strip()}
    assert said.code == 0
    assert "checkout:1.0.a" in lines["dev"]
    assert "aaaaaaaaaaaa" in lines["dev"]
    assert "2 of 2 tasks" in lines["prod*"]
    assert "ops" in lines["prod*"]
    assert lines["staging"].split()[1] == "-"


def test_what_is_under_way_waits_or_is_frozen_is_shown(terminal: Terminal):
    # Given
    one = running(terminal.ports, letter="b")
    waiting(terminal, one.id)
    terminal.ports.freezes.set("checkout", "prod", reason="Quarter end.", by=None, at=NOON)
    deployment(terminal.ports, one, "dev")

    # When
    said = terminal.run("status", "checkout")

    # Then
    assert f"under way: {one.id}, checkout:1.0.b" in said.out
    assert f"waits: prod for {APPROVER}, until 2026-11-23 13:00 UTC" in said.out
    assert "frozen: prod: Quarter end." in said.out
    assert f"deploying {one.id}" in said.out


def test_what_runs_otherwise_than_the_ledger_says_is_called_drift(terminal: Terminal):
    # Given somebody deployed by hand
    deployed(terminal, "a", "prod")
    known = terminal.ports.services.described["prod", "checkout"]
    by_hand = {"family": "checkout-prod", "containerDefinitions": []}
    arn = terminal.ports.task_definitions.register(service().environments[0].target, by_hand)
    terminal.ports.services.described["prod", "checkout"] = replace(known, task_definition=arn)

    # When
    said = terminal.run("status", "checkout", "--json")

    # Then
    prod = said.document["services"][0]["environments"][2]
    assert prod["drift"] == "checkout-prod:1 runs, which is not what Tidegate deployed last"


def test_a_revision_that_was_registered_anew_for_the_same_release_is_no_drift(terminal: Terminal):
    # Given
    one = deployed(terminal, "a", "prod")
    known = terminal.ports.services.described["prod", "checkout"]
    tags = [{"key": "tidegate:release", "value": one.id}]
    again = {"family": "checkout-prod", "containerDefinitions": [], "tags": tags}
    arn = terminal.ports.task_definitions.register(service().environments[0].target, again)
    terminal.ports.services.described["prod", "checkout"] = replace(known, task_definition=arn)

    # When / Then
    assert "drift: prod" not in terminal.run("status", "checkout").out


def test_who_may_not_read_ecs_still_sees_the_ledger(terminal: Terminal):
    # Given
    deployed(terminal, "a", "dev")
    terminal.ports.services.fail("describe", Refused("AccessDenied: no (ecs:DescribeServices)"), times=3)

    # When
    said = terminal.run("status", "checkout")

    # Then
    assert said.code == 0
    assert "checkout:1.0.a" in said.out
    assert "what runs cannot be read: AccessDenied" in said.out


def test_all_services_are_shown_up_to_a_number(terminal: Terminal):
    # Given
    registered(terminal.ports, *(service(f"s{number}") for number in range(60)))

    # When
    said = terminal.run("status", "--json")
    text = terminal.run("status").out

    # Then
    assert len(said.document["services"]) == 50
    assert said.document["left_out"] == 11
    assert "… and 11 more services; name one to see it." in text
    assert not terminal.ports.services.called("describe")


def test_where_nothing_is_registered_the_first_step_is_named(terminal: Terminal):
    terminal.ports.catalogue.revisions.clear()
    assert "`tidegate register` does that" in terminal.run("status").out


def test_a_narrow_terminal_gets_blocks_instead_of_a_table(terminal: Terminal):
    # Given
    deployed(terminal, "a", "dev", "staging", "prod")
    terminal.width = 40

    # When
    said = terminal.run("status", "checkout")

    # Then
    assert "approved by: " in said.out
    assert all(len(line.rstrip()) <= 60 for line in said.out.splitlines())


# --- releases -----------------------------------------------------------------------------------------------


def test_releases_are_listed_newest_first(terminal: Terminal):
    # Given
    first = release(terminal.ports, letter="a", outcome=Outcome.ROLLED_BACK, touched=("dev",))
    second = running(terminal.ports, letter="b", pushed=60)

    # When
    said = terminal.run("releases", "checkout")

    # Then
    ids = [line.split()[0] for line in said.out.splitlines()[1:]]
    assert (said.code, ids) == (0, [second.id, first.id])
    assert "rolled back" in said.out
    assert "running" in said.out


def test_releases_come_in_pages(terminal: Terminal):
    # Given
    made = [release(terminal.ports, pushed=60 * number) for number in range(3)]

    # When
    first = terminal.run("releases", "checkout", "--limit", "2", "--json").document
    second = terminal.run("releases", "checkout", "--before", first["releases"][-1]["id"], "--json").document

    # Then
    assert [each["id"] for each in first["releases"]] == [made[2].id, made[1].id]
    assert first["more"] is True
    assert [each["id"] for each in second["releases"]] == [made[0].id]


# --- show ---------------------------------------------------------------------------------------------------


def test_a_release_is_shown_with_all_that_belongs_to_it(terminal: Terminal):
    # Given
    one = running(terminal.ports, requested_by="ana", reason="A fix.")
    check = {"name": "smoke", "status": "passed", "reason": "200 in 3 ms."}
    made = deployment(terminal.ports, one, "dev", approved_by="ops", checks=(check,))
    terminal.ports.deployments.close(replace(made, outcome=Outcome.SUCCEEDED, ended_at=at(120)))
    waiting(terminal, one.id)
    entry = {"reason": "app: nothing found."}
    terminal.ports.journal.append(one.id, "scan.passed", entry, at=at(5), key="scan/1")

    # When
    said = terminal.run("show", one.id)
    document = terminal.run("show", one.id, "--json").document

    # Then
    assert said.code == 0
    for expected in (
        "A fix.",
        digest("a"),
        "smoke: passed. 200 in 3 ms.",
        "approved by ops",
        f"by {APPROVER}",
    ):
        assert expected in said.out
    assert "11-23 12:00:05  scan passed: app: nothing found." in said.out
    assert document["release"]["id"] == one.id
    assert document["outcome"] is None
    assert document["deployments"][0]["checks"] == [check]
    assert document["pending_approvals"][0]["asked"] == [APPROVER]
    assert document["timeline"][0]["kind"] == "scan.passed"


def test_the_name_of_a_service_stands_for_its_newest_release(terminal: Terminal):
    release(terminal.ports)
    newest = release(terminal.ports, pushed=60)
    assert terminal.run("show", "checkout", "--json").document["release"]["id"] == newest.id


def test_a_release_that_was_told_to_stop_says_why(terminal: Terminal):
    # Given
    one = running(terminal.ports)
    terminal.ports.releases.stop(one.id, StopSignal.CANCELLED, "Wrong branch.", unless_production=False)

    # When
    said = terminal.run("show", one.id)

    # Then
    assert said.out.startswith(f"{one.id}  stopping\n  Wrong branch.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("show", "checkout-20260101T000000Z-ffffff"), "release: the ledger does not know checkout-2026"),
        (("show", "nobody"), "service: nobody is not registered"),
        (("show", "checkout"), "release: checkout has had no release yet."),
        (("releases", "nobody"), "service: nobody is not registered"),
        (("status", "nobody"), "service: nobody is not registered"),
    ],
)
def test_what_is_not_there_has_an_exit_code_of_its_own(terminal: Terminal, arguments, sentence):
    # When
    said = terminal.run(*arguments)

    # Then
    assert (said.code, said.out) == (8, "")
    assert said.err.startswith(sentence)
    assert len(said.err.splitlines()) == 1


# --- hostile texts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["status", "releases", "show"])
@pytest.mark.parametrize("width", [None, 60])
def test_nothing_in_the_ledger_reaches_the_terminal_as_a_command(terminal: Terminal, command, width):
    # Given
    one = running(terminal.ports, requested_by=HOSTILE, reason=HOSTILE)
    deployment(terminal.ports, one, "dev", outcome=Outcome.FAILED, reason=HOSTILE, approved_by=HOSTILE)
    check = {"name": HOSTILE, "status": HOSTILE, "reason": HOSTILE}
    deployment(
        terminal.ports,
        one,
        "prod",
        outcome=Outcome.SUCCEEDED,
        approved_by=HOSTILE,
        checks=(check,),
        attempt=2,
    )
    terminal.ports.freezes.set("checkout", "prod", reason=HOSTILE, by=None, at=NOON)
    waiting(terminal, one.id, (HOSTILE,))
    terminal.ports.journal.append(
        one.id, HOSTILE, {"environment": HOSTILE, "reason": HOSTILE}, at=NOON, key="1"
    )
    terminal.width = width

    # When
    said = terminal.run(command, "checkout")

    # Then
    assert said.code == 0
    printable = said.out.replace("\n", "")
    if width is not None:  # rich's own colours and nothing else
        printable = re.sub(r"\x1b\[[0-9;]*m", "", printable)
    assert printable.isprintable(), ascii(printable)
    assert "\\x1b[2J" in said.out.replace("\n", "") or width is not None


@pytest.mark.parametrize("command", ["status", "releases", "show"])
def test_a_document_is_ascii_whatever_the_ledger_holds(terminal: Terminal, command):
    # Given
    one = running(terminal.ports, requested_by=HOSTILE, reason=HOSTILE + "\udc80")

    # When
    said = terminal.run(command, "checkout", "--json")

    # Then
    assert said.out.isascii()
    assert said.out.replace("\n", "").isprintable()
    assert one.id in said.out
    assert said.document
