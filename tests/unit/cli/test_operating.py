"""What changes something: deploy, rollback, cancel, retry, quarantine, release, freeze, thaw."""

import pytest

from cli.executions import Ending
from tests.unit.cli.terminal import Terminal
from tests.unit.examples import NOON, at, deployment, digest, execution_arn, release, running
from tidegate.domain.intake import execution_key
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.errors import Terminal as Refused
from tidegate.errors import Transient

SALT = "5a1700000000"


def minted(terminal: Terminal, machine: str, **more):
    """Let the execution that the command starts have a release."""
    made = release(terminal.ports, letter="b", pushed=300, trigger="operator", **more)
    execution = execution_arn(f"deploy-checkout-{SALT}", machine)
    terminal.ports.intake.first(execution_key(execution), at=NOON, value=made.id)
    return made


# --- deploy -------------------------------------------------------------------------------------------------


def test_an_image_is_released_through_all_environments(terminal: Terminal):
    # Given
    made = minted(terminal, "normal_deployment", outcome=Outcome.SUCCEEDED, outcome_reason="It runs.")

    # When
    said = terminal.run("deploy", "checkout", "--tag", "1.0.b", "--reason", "By hand.")

    # Then
    assert said.code == 0
    assert said.out.startswith(f"{made.id}  has begun\n")
    assert terminal.started("normal_deployment") == {
        "service": "checkout",
        "tag": "1.0.b",
        "reason": "By hand.",
        "requested_by": "ana",
    }


def test_one_environment_is_deployed_to_by_its_own_machine(terminal: Terminal):
    # Given
    minted(terminal, "deploy", outcome=Outcome.ROLLED_BACK, outcome_reason="It broke.")
    earlier = release(terminal.ports)

    # When
    said = terminal.run(
        "deploy",
        "checkout",
        "--release",
        earlier.id,
        "--environment",
        "dev",
        "--strategy",
        "rolling",
        "--json",
    )

    # Then
    assert (said.code, said.document["outcome"]) == (4, "rolled_back")
    assert terminal.started("deploy") == {
        "service": "checkout",
        "release": earlier.id,
        "environment": "dev",
        "strategy": "rolling",
        "requested_by": "ana",
    }


def test_a_deployment_can_be_left_to_itself(terminal: Terminal):
    # Given
    made = minted(terminal, "normal_deployment")

    # When
    said = terminal.run("deploy", "checkout", "--digest", digest("b"), "--no-wait", "--json")

    # Then
    assert (said.code, said.document["release"]) == (0, made.id)


def test_a_release_whose_id_is_claimed_but_which_is_not_stored_yet_is_waited_for(terminal: Terminal):
    # Given
    made = minted(terminal, "normal_deployment", outcome=Outcome.SUCCEEDED)
    stored = terminal.ports.releases.stored.pop(made.id)
    terminal.on_sleep = lambda: terminal.ports.releases.stored.setdefault(made.id, stored)

    # When
    said = terminal.run("deploy", "checkout", "--tag", "1.0.b")

    # Then
    assert said.code == 0


def test_what_the_machine_refuses_before_it_has_a_release_is_said(terminal: Terminal):
    # Given
    execution = execution_arn(f"deploy-checkout-{SALT}")
    terminal.executions.endings[execution] = Ending("rejected", "tag: repository checkout has no image 9.")

    # When
    said = terminal.run("deploy", "checkout", "--tag", "9")

    # Then
    assert said.code == 3
    assert said.out == "rejected: tag: repository checkout has no image 9.\n"


# --- rollback -----------------------------------------------------------------------------------------------


def test_an_environment_is_rolled_back(terminal: Terminal):
    # Given
    good = release(terminal.ports, letter="a", outcome=Outcome.SUCCEEDED)
    deployment(terminal.ports, good, "dev", outcome=Outcome.SUCCEEDED, opened=0)
    bad = release(terminal.ports, letter="b", pushed=300, outcome=Outcome.SUCCEEDED)
    made = deployment(terminal.ports, bad, "dev", outcome=Outcome.SUCCEEDED, opened=400)
    terminal.ports.services.add("dev", "checkout", made.task_definition)
    for letter in "ab":
        terminal.ports.registry.push("checkout", f"1.0.{letter}", digest(letter), NOON)

    # When
    said = terminal.run("rollback", "checkout", "dev", "--to", good.id, "--reason", "It is slow.")

    # Then
    assert said.code == 0, said
    assert terminal.started("rollback") == {
        "service": "checkout",
        "environment": "dev",
        "target": good.id,
        "reason": "It is slow.",
        "requested_by": "ana",
    }


def test_a_rollback_can_be_left_to_itself(terminal: Terminal):
    said = terminal.run("rollback", "checkout", "dev", "--reason", "x", "--no-wait", "--json")
    assert said.code == 0
    assert said.document == {"execution": execution_arn(f"rollback-checkout-dev-{SALT}", "rollback")}


# --- cancel and retry ---------------------------------------------------------------------------------------


def test_a_release_is_cancelled(terminal: Terminal):
    # Given
    one = running(terminal.ports)

    # When
    said = terminal.run("cancel", one.id, "--reason", "Wrong branch.")

    # Then
    now = terminal.ports.releases.stored[one.id]
    assert said.code == 0
    assert (now.stop, now.stop_reason) == (StopSignal.CANCELLED, "Cancelled by ana: Wrong branch.")


@pytest.mark.parametrize(
    ("outcome", "code"), [(Outcome.CANCELLED, 0), (Outcome.SUCCEEDED, 0), (Outcome.FAILED, 1)]
)
def test_one_can_wait_until_a_cancelled_release_has_ended(terminal: Terminal, outcome: Outcome, code: int):
    # Given
    one = running(terminal.ports)
    terminal.on_sleep = lambda: terminal.ports.releases.end(
        one.id, outcome, "So it is.", at=at(9), environment=None
    )

    # When
    said = terminal.run("cancel", one.id, "--reason", "Wrong branch.", "--wait", "--json")

    # Then
    assert (said.code, said.document["outcome"]) == (code, outcome.value)


def test_what_has_ended_cannot_be_cancelled(terminal: Terminal):
    # Given
    one = release(terminal.ports, outcome=Outcome.SUCCEEDED)

    # When
    said = terminal.run("cancel", one.id, "--reason", "x", "--json")

    # Then
    assert (said.code, said.document["outcome"]) == (3, "rejected")
    assert said.document["reason"] == f"release: {one.id} has ended already as succeeded."


def test_a_retry_is_followed_from_its_beginning_not_from_the_ending_before(terminal: Terminal):
    # Given
    one = running(terminal.ports)
    terminal.ports.releases.end(one.id, Outcome.FAILED, "It broke.", at=at(9), environment="dev")

    def goes_on() -> None:
        if terminal.ports.releases.stored[one.id].attempt == 1:
            terminal.ports.releases.start_attempt(one.id, 2, execution_arn(f"{one.id}-a2"))
        else:
            terminal.ports.releases.end(one.id, Outcome.SUCCEEDED, "It runs.", at=at(90), environment=None)

    terminal.on_sleep = goes_on

    # When
    said = terminal.run("retry", one.id)

    # Then
    assert said.code == 0
    assert f"Attempt 2 of {one.id} started from dev." in said.out
    assert said.out.splitlines()[-1].endswith("It runs.")


def test_a_retry_can_be_left_to_itself(terminal: Terminal):
    one = running(terminal.ports)
    terminal.ports.releases.end(one.id, Outcome.FAILED, "It broke.", at=at(9), environment="dev")
    assert terminal.run("retry", one.id, "--no-wait", "--json").document["outcome"] == "succeeded"


# --- quarantine, freeze -------------------------------------------------------------------------------------


def test_an_image_is_put_in_quarantine_listed_and_released(terminal: Terminal):
    # When
    put = terminal.run("quarantine", "checkout", digest("a"), "--reason", "CVE-2026-1.")
    listed = terminal.run("quarantine", "checkout")
    document = terminal.run("quarantine", "checkout", "--json").document
    taken = terminal.run("release", "checkout", digest("a"), "--reason", "Mended.")
    again = terminal.run("quarantine", "checkout")

    # Then
    assert (put.code, listed.code, taken.code) == (0, 0, 0)
    assert listed.out == f"{digest('a')}\n  Put in by ana: CVE-2026-1.\n"
    assert document["quarantine"] == {digest("a"): "Put in by ana: CVE-2026-1."}
    assert again.out == "No image of checkout is in quarantine.\n"


def test_what_is_not_in_quarantine_cannot_be_released(terminal: Terminal):
    said = terminal.run("release", "checkout", digest("a"), "--reason", "x")
    assert said.code == 3
    assert said.out.startswith("rejected: digest: ")


def test_an_environment_is_frozen_and_thawed(terminal: Terminal):
    # When
    frozen = terminal.run("freeze", "checkout", "prod", "--reason", "Quarter end.", "--requested-by", "bo")
    reason = terminal.ports.freezes.reason("checkout", "prod")
    thawed = terminal.run("thaw", "checkout", "prod")

    # Then
    assert (frozen.code, thawed.code, reason) == (0, 0, "Quarter end.")
    assert terminal.ports.freezes.reason("checkout", "prod") is None


# --- what holds for all -------------------------------------------------------------------------------------


def test_who_may_not_ask_aws_for_a_name_acts_without_one(terminal: Terminal):
    # Given
    terminal.caller = None

    # When
    terminal.run("freeze", "checkout", "prod", "--reason", "x")

    # Then
    assert "requested_by" not in terminal.started("operate")


def test_a_start_whose_answer_was_lost_is_tried_again_under_the_same_name(terminal: Terminal):
    # Given
    terminal.ports.machines.fail("start", Transient("no answer"), times=2)

    # When
    said = terminal.run("freeze", "checkout", "prod", "--reason", "x")

    # Then
    assert said.code == 0
    assert len({call.arguments[1] for call in terminal.ports.machines.called("start")}) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("deploy", "checkout"),
            "release: this field is missing; give exactly one of release, tag and digest.",
        ),
        (("deploy", "checkout", "--tag", "a", "--digest", digest("a")), "digest: tag is given already"),
        (("deploy", "No", "--tag", "a"), 'service: "No" is not allowed'),
        (("rollback", "checkout", "dev", "--reason", ""), 'reason: "" is not allowed'),
        (("rollback", "checkout", "dev", "--reason", "a\x1b[2J"), "reason: "),
        (("rollback", "checkout", "dev"), "Missing option '--reason'"),
        (("rollback", "checkout", "dev", "--to", "x", "--reason", "x"), 'target: "x" is not allowed'),
        (("cancel", "x", "--reason", "x"), 'release: "x" is not allowed'),
        (("quarantine", "checkout", "abc", "--reason", "x"), 'digest: "abc" is not allowed'),
        (("quarantine", "checkout", digest("a")), "reason: this field is missing; the action quarantine"),
        (("freeze", "checkout"), "Missing argument 'ENVIRONMENT'"),
        (("freeze", "checkout", "prod", "--resaon", "x"), "No such option: --resaon"),
        (("melt",), "No such command 'melt'"),
    ],
)
def test_a_wrong_command_line_starts_nothing_and_names_the_field(terminal: Terminal, arguments, sentence):
    # When
    said = terminal.run(*arguments)

    # Then
    assert (said.code, said.out) == (2, ""), said
    assert sentence in said.err
    assert len(said.err.splitlines()) == 1
    assert said.err.rstrip("\n").isprintable()
    assert not terminal.ports.machines.executions


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (Refused("AccessDeniedException: no (states:StartExecution)"), 9, "AccessDeniedException: no"),
        (Transient("Throttling: slow down"), 10, "AWS does not answer as it should; try again. Throttling"),
        (RuntimeError("a \x1b[2Jslip"), 70, r"This is a mistake in tidegate: RuntimeError: a \x1b[2Jslip"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_error_is_a_sentence_and_a_code(terminal: Terminal, error, code, sentence, as_json):
    # Given
    terminal.failure = error

    # When
    said = terminal.run("status", *(["--json"] if as_json else []))

    # Then
    assert said.code == code
    assert said.err.startswith(sentence)
    assert len(said.err.splitlines()) == 1
    assert "Traceback" not in said.out + said.err
    if as_json:
        assert said.document["exit_code"] == code
    else:
        assert said.out == ""


def test_an_execution_that_does_not_end_in_time_goes_on(terminal: Terminal):
    # When
    said = terminal.run("deploy", "checkout", "--tag", "1", "--timeout", "10s")

    # Then
    assert said.code == 11
    assert "it goes on without this command" in said.err
