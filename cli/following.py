"""Following a release or an execution until it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, TypeVar

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from cli.executions import Ending
from cli.exits import Exit, Stop, not_found
from cli.output import style_of
from cli.session import Session
from cli.stages import Stage, stage_of
from cli.text import clock_time, duration, shown, words
from cli.timeline import Happening, happening
from tidegate.domain.intake import execution_key
from tidegate.domain.release import Release
from tidegate.errors import Transient

T = TypeVar("T")
POLL_SECONDS = 2.0
MOST_FAILURES = 15
"""So many looks in a row may find AWS throttled or out of reach before a command gives up."""


class Deadline:
    """Until when a command waits; without seconds, for ever."""

    def __init__(self, session: Session, seconds: float | None) -> None:
        self._monotonic = session.tools.monotonic
        self._until = None if seconds is None else self._monotonic() + seconds

    def sooner(self, seconds: float) -> Deadline:
        """This deadline, or the end of so many seconds, whichever comes first."""
        other = copy(self)
        soon = self._monotonic() + seconds
        other._until = soon if self._until is None else min(self._until, soon)  # noqa: SLF001 - its own copy
        return other

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return self._until is not None and self._monotonic() >= self._until


def until(session: Session, look: Callable[[], T | None], deadline: Deadline, late: str) -> T:
    """Look again and again until there is something to see.

    Raises:
        Stop: the time is over; ``late`` is the sentence.
        Transient: AWS did not answer for many looks in a row.
    """
    failures = 0
    while True:
        try:
            found = look()
            failures = 0
        except Transient:
            failures += 1
            if failures >= MOST_FAILURES:
                raise
            found = None
        if found is not None:
            return found
        if deadline.passed:
            raise Stop(Exit.TIMED_OUT, late)
        session.tools.sleep(POLL_SECONDS)


def ending_of(session: Session, execution: str, deadline: Deadline) -> Ending:
    """Wait for the end of an execution."""
    name = execution.rpartition(":")[2]
    executions = session.tidegate.executions
    late = f"timeout: the execution {name} still runs; it goes on without this command."
    with waiting(session, "waiting for Tidegate"):
        return until(session, lambda: executions.ending(execution), deadline, late)


def release_of(session: Session, execution: str, deadline: Deadline) -> tuple[str | None, Ending | None]:
    """The release that an execution has minted; or how it ended without one."""
    ports = session.tidegate.ports

    def look() -> tuple[str | None, Ending | None] | None:
        minted = ports.intake.seen(execution_key(execution))
        # The id is claimed a moment before the release is stored.
        if minted is not None and ports.releases.get(minted[0]) is not None:
            return minted[0], None
        ending = session.tidegate.executions.ending(execution)
        return (ending.release, ending) if ending else None

    late = (
        f"timeout: {execution.rpartition(':')[2]} has made no release yet; it goes on without this command."
    )
    with waiting(session, "waiting for the release"):
        return until(session, look, deadline, late)


def follow(session: Session, release: str, deadline: Deadline) -> Release:
    """Show what happens to a release until it has ended."""
    watcher = _Watcher(session, release)
    with watcher.live():
        late = f"timeout: {release} has not ended; it goes on without this command."
        ended = until(session, watcher.look, deadline, late)
    watcher.close(ended)
    return ended


class _Watcher:
    """Looks at one release, and prints what it has not printed yet."""

    def __init__(self, session: Session, release: str) -> None:
        self._session = session
        self._ports = session.tidegate.ports
        self._release = release
        self._told: set[str] = set()
        self._environments: tuple[str, ...] = ()
        self._said: tuple[str | None, str] | None = None
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    @contextmanager
    def live(self) -> Iterator[None]:
        """A progress bar below the timeline, where there is a terminal to draw it on."""
        console = self._session.out.console
        if self._session.out.as_json or not console.is_terminal:
            yield
            return
        with _bar(console) as progress:
            self._progress = progress
            self._task = progress.add_task("starting", total=1.0)
            yield
        self._progress = None

    def look(self) -> Release | None:
        """Show what is new; the release when it has ended."""
        found = self._ports.releases.get(self._release)
        if found is None:
            raise not_found(f"release: the ledger does not know {self._release}.")
        self._show_journal(found)
        if found.ended:
            return found
        self._show_stage(found)
        return None

    def close(self, release: Release) -> None:
        """Print what was written last, and how it ended."""
        self._show_journal(release)
        out, outcome = self._session.out, str(release.outcome)
        took = ""
        if release.ended_at:
            took = f" after {duration((release.ended_at - release.created_at).total_seconds())}"
        out.say((words(outcome), style_of(outcome)), f"{took}: {release.outcome_reason or ''}")

    def _show_journal(self, release: Release) -> None:
        for line in self._ports.journal.entries(release.id):
            if line["kind"] == "release.started" and line["entry"].get("attempt") == release.attempt:
                self._environments = tuple(map(str, line["entry"].get("environments") or ()))
            each = happening(line)
            if each.key not in self._told:
                self._told.add(each.key)
                self._tell(each)

    def _tell(self, each: Happening) -> None:
        tell(self._session, each)

    def _show_stage(self, release: Release) -> None:
        if release.execution is None:
            return
        stage = stage_of(self._session.tidegate.executions.entered(release.execution), self._environments)
        text = f"{stage.text}{self._held_by(release, stage)}"
        if self._progress is not None and self._task is not None:
            where = f"{shown(stage.environment)}: " if stage.environment else ""
            self._progress.update(self._task, completed=stage.share, description=f"{where}{shown(text)}")
        elif self._said != (stage.environment, text):
            self._said = (stage.environment, text)
            now = clock_time(self._session.tools.now())
            self._session.out.say((f"{now}  ", "dim"), _place(stage.environment), (f"{text} …", "dim"))

    def _held_by(self, release: Release, stage: Stage) -> str:
        """What keeps a release from entering an environment, if anything does."""
        if stage.text != "entering" or stage.environment is None:
            return ""
        frozen = self._ports.freezes.reason(release.service, stage.environment)
        if frozen is not None:
            return f" (frozen: {frozen})"
        lock = self._ports.locks.holder(release.service, stage.environment)
        held = lock is not None and lock.owner != release.execution
        return f" (after {lock.release})" if lock is not None and held else ""


def tell(session: Session, each: Happening) -> None:
    """Print one line of a timeline."""
    style = style_of(each.outcome)
    session.out.say((f"{clock_time(each.at)}  ", "dim"), (_place(each.where), "bold"), (each.what, style))


def _place(environment: str | None) -> str:
    return f"{environment}  " if environment else ""


def _bar(console: Any) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


@contextmanager
def waiting(session: Session, what: str) -> Iterator[None]:
    """A spinner while there is nothing to show yet."""
    console = session.out.console
    if session.out.as_json or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield
