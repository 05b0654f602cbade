"""`watch`: follow a release until it has ended; a CI job waits with it for what it has pushed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.exits import Exit, exit_of, usage
from cli.following import Deadline, follow, until, waiting
from cli.records import images_in_words, read_record, release_named, service_named
from cli.requests import Timeout, deadline_of, seconds_given
from cli.session import STACK, AsJson, Session, StackName, session_of
from cli.text import duration, seconds_of
from tidegate.domain.images import is_digest, parse_image
from tidegate.domain.release import Release

APPEARS_WITHIN = "10m"
"""Twice the time in which the sweep finds a push that no event told of."""
_LOOKED_THROUGH = 50


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A release that may not exist yet."""

    service: str
    digest: str | None
    tag: str | None
    since: datetime | None

    def fits(self, release: Release) -> bool:
        """Whether it is the one."""
        if self.since is not None and release.created_at < self.since:
            return False
        images = release.images.values()
        return any(
            (self.digest is None or image.digest == self.digest)
            and (self.tag is None or image.tag == self.tag)
            for image in images
        )

    @property
    def words(self) -> str:
        image = self.digest or (f"tag {self.tag}" if self.tag else "an image")
        return f"{image}{f', begun since {self.since:%Y-%m-%dT%H:%M:%SZ}' if self.since else ''}"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    context: typer.Context,
    release: Annotated[
        str | None,
        typer.Argument(metavar="RELEASE", help="Id of a release, or a service's name for its newest one."),
    ] = None,
    *,
    service: Annotated[str | None, typer.Option(help="Wait for a release of this service.")] = None,
    digest: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="… with this image: sha256:…, or a reference that ends so."),
    ] = None,
    tag: Annotated[str | None, typer.Option(help="… with an image chosen by this tag.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="… that began after this time (2026-11-23T12:00:00Z) or within 10m."
        ),
    ] = None,
    appears_within: Annotated[
        str, typer.Option(help="How long such a release may take to begin.")
    ] = APPEARS_WITHIN,
    timeout: Timeout = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Follow a release until it ends; exit with its outcome.

    With --service and --digest or --tag it first waits until such a release has begun: so a CI job waits for
    what it has pushed. Stopping this command does not stop the release.
    """
    session = session_of(context, stack, as_json=as_json)
    _check_choice(release, service, (digest, tag, since))
    deadline = deadline_of(session, timeout)
    if release is not None:
        found = release_named(session.tidegate.ports, release)
    else:
        wanted = _Wanted(str(service), _digest(digest), tag, _since(session, since))
        found = _appeared(session, wanted, appears_within, deadline)
    session.out.say((found.id, "bold"), f"  {images_in_words(found)}")
    return concluded(session, follow(session, found.id, deadline))


def concluded(session: Session, release: Release) -> Exit:
    """Print the document of a release that has ended; returns the code of its outcome."""
    code = exit_of(str(release.outcome))
    if session.out.as_json:
        record = read_record(session.tidegate.ports, release)
        session.out.document({**record.document(), "exit_code": int(code)})
    return code


def _check_choice(release: str | None, service: str | None, others: tuple[str | None, ...]) -> None:
    if release is None and service is None:
        raise usage("release: give the id of a release, or --service with --digest or --tag.")
    if release is not None and (service is not None or any(others)):
        raise usage("release: give either a release, or --service with --digest or --tag.")


def _digest(text: str | None) -> str | None:
    """A digest, alone or at the end of an image reference, as `docker inspect` prints it."""
    if text is None:
        return None
    found = text if is_digest(text) else parse_image(text).digest
    if found is None or not is_digest(found):
        raise usage(f'digest: "{text}" is no digest; give sha256: and 64 hexadecimal digits.')
    return found


def _since(session: Session, text: str | None) -> datetime | None:
    if text is None:
        return None
    seconds = seconds_of(text)
    if seconds is not None:
        return session.tools.now() - timedelta(seconds=seconds)
    at = None
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
    if at is None or at.tzinfo is None:
        raise usage(f'since: "{text}" is no time; give 2026-11-23T12:00:00Z, or a duration such as 10m.')
    return at


def _appeared(session: Session, wanted: _Wanted, within: str, deadline: Deadline) -> Release:
    """The newest release of that image, as soon as there is one."""
    ports = session.tidegate.ports
    seconds = seconds_given("appears-within", within) or 0
    service_named(ports, wanted.service)

    def look() -> Release | None:
        newest = ports.releases.newest(wanted.service, _LOOKED_THROUGH)
        return next((each for each in newest if wanted.fits(each)), None)

    late = (
        f"appears-within: no release of {wanted.service} with {wanted.words} has begun within "
        f"{duration(seconds)}; see in its manifest whether the repository feeds it and the tag is wanted."
    )
    with waiting(session, "waiting for the release"):
        return until(session, look, deadline.sooner(seconds), late)
