"""The pages about the command line say what it is."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import tomllib
from typing import Any

import pytest
import typer

from cli.exits import Exit
from cli.main import VERSION, app
from tests.statemachines.machines import ROOT
from tests.unit.cli.terminal import Terminal
from tests.unit.examples import digest, release
from tidegate.domain.outcome import Outcome

PROGRAM: Any = typer.main.get_command(app)
PAGE = (ROOT / "docs/cli.md").read_text()
RECIPE = (ROOT / "docs/ci-recipe.md").read_text()
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def commands() -> dict[str, str]:
    """Every command with its usage, as Typer prints it."""
    found = {}
    for name, command in PROGRAM.commands.items():
        arguments = [
            each.metavar if each.required else f"[{each.metavar}]"
            for each in command.params
            if each.param_type_name == "argument"
        ]
        found[name] = " ".join([name, *arguments])
    return found


def options(name: str) -> set[str]:
    command = PROGRAM.commands[name]
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)}


def invocations(text: str) -> list[list[str]]:
    """Every call of `tidegate` in the examples of a page."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [
        shlex.split(line.partition(" || ")[0].partition(" > ")[0])[1:]
        for line in lines
        if line.startswith(("tidegate ", ".venv/bin/tidegate "))
    ]


def test_the_page_has_a_section_for_every_command_and_for_no_other():
    assert sorted(re.findall(r"^### `tidegate (.*)`$", PAGE, re.MULTILINE)) == sorted(commands().values())


def test_every_command_has_an_example():
    assert {words[0] for words in invocations(PAGE)} == set(commands())


@pytest.mark.parametrize("words", invocations(PAGE) + invocations(RECIPE), ids=" ".join)
def test_the_options_of_every_example_exist(words: list[str]):
    used = {word for word in words[1:] if word.startswith("--")}
    assert used <= options(words[0]), used - options(words[0])


def test_every_exit_code_is_on_the_page():
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert listed == {int(code) for code in Exit}


@pytest.mark.parametrize("name", commands())
def test_every_command_has_json_and_a_stack_and_says_what_it_does(name: str):
    assert {"--json", "--stack"} <= options(name)
    command = PROGRAM.commands[name]
    assert len(inspect.cleandoc(command.help or "").splitlines()[0]) <= 60


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), *((name, "-h") for name in commands())])
def test_help_costs_no_connection(terminal: Terminal, arguments, capsys: pytest.CaptureFixture[str]):
    # Given
    terminal.failure = AssertionError("it connected")

    # When
    said = terminal.run(*arguments)

    # Then
    assert said.code == 0
    assert "tidegate" in capsys.readouterr().out


@pytest.mark.parametrize("name", commands())
def test_no_command_breaks_without_arguments(terminal: Terminal, name: str):
    said = terminal.run(name)
    assert said.code in (0, 2, 8), said


def test_what_is_installed_is_what_is_tested():
    # Given
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]

    # Then
    assert set(groups["cli"]) < set(project["project"]["dependencies"])
    assert set(project["project"]["dependencies"]) <= set(groups["cli"] + groups["layer"])
    assert project["project"]["version"] == VERSION
    assert project["project"]["scripts"] == {"tidegate": "cli.main:main"}


# --- the recipe ---------------------------------------------------------------------------------------------


def test_the_block_that_pushes_waits_for_what_it_pushed(terminal: Terminal):
    # Given what docker prints after the push, and a release of it
    release(terminal.ports, letter="a", outcome=Outcome.SUPERSEDED)
    (block,) = [block for block in SHELL.findall(RECIPE) if "docker push" in block]
    reference = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout@{digest('a')}"
    docker = f'docker() {{ echo "docker $*" >&2; [ "$1" != inspect ] || echo "{reference}"; }}'
    git = "git() { echo somebody@example.com; }"
    script = f"set -eu\n{docker}\n{git}\ntidegate() {{ printf '%s\\n' \"$@\"; }}\n{block}"
    variables = {
        "REGISTRY": "r",
        "SERVICE": "checkout",
        "VERSION": "1.0.a",
        "REPOSITORY_URL": "u",
        "PATH": "",
    }

    # When
    ran = subprocess.run(
        ["/bin/bash", "-c", script], env=variables, capture_output=True, text=True, check=True
    )
    said = terminal.run(*ran.stdout.splitlines())

    # Then
    assert said.code == 6
    assert "--label org.opencontainers.image.authors=somebody@example.com" in ran.stderr
    assert "docker push r/checkout:1.0.a" in ran.stderr


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (6, 0), (11, 0), (4, 4), (1, 1)])
def test_the_block_that_does_not_wait_for_people_passes_on_what_went_wrong(code: int, expected: int):
    # Given
    (block,) = [block for block in SHELL.findall(RECIPE) if "case " in block]
    script = f"set -eu\nSERVICE=checkout digest=d\ntidegate() {{ return {code}; }}\n{block}"

    # When
    ran = subprocess.run(["/bin/bash", "-c", script], capture_output=True, check=False)

    # Then
    assert ran.returncode == expected
