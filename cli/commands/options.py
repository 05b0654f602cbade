"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="Name of a registered service.")]
Environment = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="Name of an environment.")]
ReleaseId = Annotated[str, typer.Argument(metavar="RELEASE", help="Id of a release.")]
Digest = Annotated[str, typer.Argument(metavar="DIGEST", help="Digest of an image: sha256:….")]
Reason = Annotated[str, typer.Option(help="Why, in one line; it is kept in the record.")]
MaybeReason = Annotated[str | None, typer.Option(help="Why, in one line; it is kept in the record.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the end, or return at once.")]
