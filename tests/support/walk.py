"""The walk in the README, typed into a shell line by line, as a newcomer copies it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from local.demo.approver import LINK
from tests.statemachines.machines import ROOT

HEADING = "## A service of your own, into production"
PORT = "4566"
STATUS_LINK = re.compile(r"http://\S+/status/open/\S+")
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_END = "--- end of the output, exit code "


def blocks() -> list[str]:
    """The shell blocks of the walk, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count(HEADING) == 1, "the README has no walk"
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    return _BLOCK.findall(section)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def checkout(folder: Path) -> Path:
    """A checkout like this one, in which nothing was built yet: two walks do not meet."""
    here = folder / "tidegate"
    here.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in ("build", ".git"):
            (here / entry.name).symlink_to(entry)
    return here


def _environment(folder: Path, port: int) -> dict[str, str]:
    """That of a person who has set nothing for AWS; where CI tests what was built, the build is walked."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VIRTUAL_ENV"))}
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {**kept, "HOME": str(home), "PORT": str(port), "COLUMNS": "140"}


class Terminal:
    """A shell in a checkout.

    Args:
        folder: Where its home is.
        checkout: The folder it is opened in.
        port: That of the local cloud, in place of the one that the README names.
    """

    def __init__(self, folder: Path, checkout: Path, port: int) -> None:
        self._port = str(port)
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=checkout,
            env=_environment(folder, port),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.kill()
        self._shell.communicate()

    def run(self, block: str) -> str:
        """Type the lines of a block, each after the end of the one before; returns what they print.

        Every line has to succeed. Nothing is there to answer a question.
        """
        shown = ""
        for line in block.replace(PORT, self._port).splitlines():
            code, printed = self._type(line)
            assert code == 0, f"{line}\n{printed}"
            assert "Traceback" not in printed, f"{line}\n{printed}"
            shown += printed
        return shown

    def _type(self, line: str) -> tuple[int, str]:
        typed, output = _pipes(self._shell)
        typed.write(f"{{ {line}\n}} </dev/null\nprintf '\\n%s%s\\n' '{_END}' $?\n")
        typed.flush()
        printed = []
        for each in output:
            if each.startswith(_END):
                return int(each.removeprefix(_END)), "".join(printed)
            printed.append(each)
        raise AssertionError(f"The shell has ended.\n{line}\n{''.join(printed)}")


@contextmanager
def made_up(folder: Path, checkout: Path, port: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`make up` in another terminal; gives what it prints until it is ready, and the program."""
    program = subprocess.Popen(
        ["make", "up"],
        cwd=checkout,
        env=_environment(folder, port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed = ""
        for each in program.stdout or ():
            printed += each
            if each.startswith("Ctrl-C stops it."):
                break
        else:
            raise AssertionError(f"make up has ended.\n{printed}")
        yield printed, program
    finally:
        subprocess.run(["make", "down"], cwd=checkout, env=_environment(folder, port), check=False)
        program.communicate(timeout=30)


def link_in(shown: str, pattern: re.Pattern[str] = LINK) -> str:
    """The one link of a kind in what was printed."""
    (link,) = pattern.findall(shown)
    return str(link)


def _pipes(shell: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert shell.stdin is not None
    assert shell.stdout is not None
    return shell.stdin, shell.stdout
