"""`watch`: live, until the end, with the code of the outcome."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from tests.unit.cli.terminal import Terminal
from tests.unit.examples import at, digest, release, running
from tidegate.domain.lock import Lock
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.errors import Transient

CODES = {
    Outcome.SUCCEEDED: 0,
    Outcome.FAILED: 1,
    Outcome.REJECTED: 3,
    Outcome.ROLLED_BACK: 4,
    Outcome.EXPIRED: 5,
    Outcome.SUPERSEDED: 6,
    Outcome.CANCELLED: 7,
}


def end(
    terminal: Terminal, one: Release, outcome: Outcome = Outcome.SUCCEEDED, reason: str = "It runs."
) -> None:
    terminal.ports.releases.end(one.id, outcome, reason, at=at(90), environment=None)


def one_after_the_other(steps: Iterator[Callable[[], object]]) -> Callable[[], None]:
    """What happens while the command waits: one step at each look."""

    def step() -> None:
        next(steps)()

    return step


def note(terminal: Terminal, one: Release, kind: str, seconds: float = 1, **entry) -> None:
    terminal.ports.journal.append(one.id, kind, entry, at=at(seconds), key=f"{kind}/{seconds}")


@pytest.mark.parametrize("outcome", Outcome)
def test_the_exit_code_is_that_of_the_outcome(terminal: Terminal, outcome: Outcome):
    # Given
    one = running(terminal.ports)
    end(terminal, one, outcome, "So it is.")

    # When
    said = terminal.run("watch", one.id, "--json")

    # Then
    assert said.code == CODES[outcome]
    assert said.document["exit_code"] == CODES[outcome]
    assert (said.document["outcome"], said.document["reason"]) == (outcome.value, "So it is.")
    assert said.err == ""


def test_what_happens_is_told_once_and_in_order_while_it_happens(terminal: Terminal):
    # Given
    one = running(terminal.ports)
    note(terminal, one, "release.started", 0, attempt=1, environments=["dev", "prod"])
    steps = iter(
        [
            lambda: note(terminal, one, "scan.passed", 2, reason="app: nothing found."),
            lambda: note(terminal, one, "deployment.progress", 3, environment="dev", running=1, requested=2),
            lambda: end(terminal, one),
        ]
    )
    terminal.on_sleep = one_after_the_other(steps)
    terminal.executions.states[str(one.execution)] = [
        "Plan release",
        "Scan gate",
        "Enter environment",
        "Deploy",
    ]

    # When
    said = terminal.run("watch", one.id)

    # Then
    lines = said.out.splitlines()
    assert said.code == 0
    assert [line for line in lines if "started" in line] == ["12:00:00  started: dev → prod"]
    assert lines.index("12:00:02  scan passed: app: nothing found.") < lines.index(
        "12:00:03  dev  1 of 2 tasks run ()"
    )
    assert sum("dev  deploying …" in line for line in lines) == 1
    assert lines[-1] == "succeeded after 1 min 30 s: It runs."


def test_what_keeps_a_release_out_of_an_environment_is_said(terminal: Terminal):
    # Given
    one = running(terminal.ports)
    note(terminal, one, "release.started", 0, attempt=1, environments=["prod"])
    terminal.executions.states[str(one.execution)] = ["Enter environment"]
    terminal.ports.freezes.set("checkout", "prod", reason="Quarter end.", by=None, at=at(0))
    other = Lock("checkout", "prod", "arn:other", "checkout-20261123T110000Z-00000a", 1, at(0))
    terminal.ports.locks.held["checkout", "prod"] = other

    def thaw_and_end() -> None:
        if not terminal.ports.freezes.lift("checkout", "prod"):
            end(terminal, one)

    terminal.on_sleep = thaw_and_end

    # When
    said = terminal.run("watch", one.id)

    # Then
    assert "prod  entering (frozen: Quarter end.) …" in said.out
    assert f"prod  entering (after {other.release}) …" in said.out


def test_a_person_at_a_terminal_sees_a_bar(terminal: Terminal):
    # Given
    one = running(terminal.ports)
    note(terminal, one, "release.started", 0, attempt=1, environments=["prod"])
    terminal.executions.states[str(one.execution)] = ["Enter environment", "Deploy"]
    terminal.on_sleep = lambda: end(terminal, one)
    terminal.width = 60

    # When
    said = terminal.run("watch", one.id)

    # Then
    assert "prod: deploying" in said.out
    assert "…\n" not in said.out


def test_a_job_waits_for_the_release_of_what_it_pushed(terminal: Terminal):
    # Given nothing yet, then a release of something else, then the one
    steps = iter(
        [
            lambda: release(terminal.ports, letter="b"),
            lambda: release(terminal.ports, letter="a", pushed=60, outcome=Outcome.ROLLED_BACK),
        ]
    )
    terminal.on_sleep = one_after_the_other(steps)

    # When
    said = terminal.run("watch", "--service", "checkout", "--digest", digest("a"))

    # Then
    assert said.code == 4
    assert said.out.splitlines()[0].endswith("checkout:1.0.a")


@pytest.mark.parametrize(
    "reference", ["repo@{}", "123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout@{}", "{}"]
)
def test_a_digest_may_come_as_docker_prints_it(terminal: Terminal, reference: str):
    release(terminal.ports, letter="a", outcome=Outcome.SUCCEEDED)
    said = terminal.run("watch", "--service", "checkout", "--digest", reference.format(digest("a")))
    assert said.code == 0


def test_a_release_is_found_by_the_tag_of_its_image(terminal: Terminal):
    release(terminal.ports, letter="a", outcome=Outcome.SUCCEEDED)
    newest = release(terminal.ports, letter="b", pushed=60, outcome=Outcome.EXPIRED)
    assert terminal.run("watch", "--service", "checkout", "--tag", "1.0.a").code == 0
    assert terminal.run("watch", "--service", "checkout", "--tag", "1.0.b").code == 5
    assert newest.id in terminal.run("watch", "checkout", "--json").out


def test_what_never_begins_ends_the_wait_with_a_hint(terminal: Terminal):
    # When
    said = terminal.run("watch", "--service", "checkout", "--tag", "9.9.9", "--appears-within", "30s")

    # Then
    assert said.code == 11
    assert said.err.startswith("appears-within: no release of checkout with tag 9.9.9 has begun within 30 s")
    assert 30 <= terminal.seconds < 40


def test_the_timeout_is_for_the_whole_wait(terminal: Terminal):
    # When
    said = terminal.run("watch", "--service", "checkout", "--tag", "9.9.9", "--timeout", "20s")

    # Then
    assert said.code == 11
    assert terminal.seconds < 25


def test_a_release_that_does_not_end_ends_the_wait_and_goes_on(terminal: Terminal):
    # Given
    one = running(terminal.ports)

    # When
    said = terminal.run("watch", one.id, "--timeout", "1m")

    # Then
    assert said.code == 11
    assert said.err == f"timeout: {one.id} has not ended; it goes on without this command.\n"
    assert terminal.ports.releases.stored[one.id].stop is None


def test_older_releases_of_the_same_image_do_not_count_when_a_time_is_given(terminal: Terminal):
    # Given the same image was released before
    release(terminal.ports, letter="a", pushed=0, outcome=Outcome.FAILED)
    terminal.on_sleep = lambda: release(terminal.ports, letter="a", pushed=300, outcome=Outcome.SUCCEEDED)
    image = ("watch", "--service", "checkout", "--digest", digest("a"))

    # Then
    assert terminal.run(*image, "--since", "2026-11-23T12:01:00Z").code == 0
    assert datetime.fromisoformat("2026-11-23T12:01:00Z") == at(60)


def test_aws_may_be_out_of_reach_for_a_while_but_not_for_ever(terminal: Terminal):
    # Given
    one = running(terminal.ports)
    terminal.ports.releases.fail("get", Transient("Throttling: slow down"), times=2)
    first = terminal.run("watch", one.id)
    terminal.ports.releases.fail("get", Transient("Throttling: slow down"), times=100)

    # When the very first look fails, nothing has been shown yet
    assert first.code == 10

    # When
    end(terminal, one)
    terminal.ports.releases._failures.clear()
    terminal.ports.journal.fail("entries", Transient("Throttling: slow down"), times=3)
    second = terminal.run("watch", one.id)
    terminal.ports.journal.fail("entries", Transient("Throttling: slow down"), times=100)
    third = terminal.run("watch", one.id)

    # Then
    assert second.code == 0
    assert third.code == 10
    assert third.err.startswith("AWS does not answer as it should; try again. Throttling")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "release: give the id of a release, or --service"),
        (("checkout", "--tag", "1"), "release: give either a release, or --service"),
        (("--service", "checkout", "--digest", "abc"), 'digest: "abc" is no digest'),
        (("--service", "checkout", "--since", "yesterday"), 'since: "yesterday" is no time'),
        (("--service", "checkout", "--since", "2026-11-23T12:00:00"), "since: "),
        (("checkout", "--timeout", "soon"), 'timeout: "soon" is no duration'),
        (
            ("--service", "checkout", "--tag", "1", "--appears-within", "x"),
            'appears-within: "x" is no duration',
        ),
    ],
)
def test_a_wrong_command_line_is_said_in_one_sentence(terminal: Terminal, arguments, sentence):
    # Given
    release(terminal.ports, outcome=Outcome.SUCCEEDED)

    # When
    said = terminal.run("watch", *arguments)

    # Then
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(sentence)
    assert len(said.err.splitlines()) == 1


def test_waiting_for_a_service_that_is_not_registered_ends_at_once(terminal: Terminal):
    said = terminal.run("watch", "--service", "nobody", "--tag", "1")
    assert (said.code, terminal.seconds) == (8, 0)
