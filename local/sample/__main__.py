"""`python -m local.sample`: what a team has before Tidegate, and what it pushes, on a local cloud that runs.

The team's part is done through the AWS APIs, as a team would do it; there is no Docker here that could push.
"""

from __future__ import annotations

import json
import re
import urllib.error
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from local.sample import images
from local.sample.place import Place
from local.sample.service import SampleService

ENDPOINT = "http://127.0.0.1:4566"
APPROVER = "you@example.com"
ENVIRONMENTS = ("staging", "prod")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,22}[a-z0-9]")
"""Load balancers have the name of the service and of the environment, within 32 characters."""
_LABELS = {"commit": "org.opencontainers.image.revision", "author": "org.opencontainers.image.authors"}
_SERVES_ERRORS = {"error_rate": 1.0, "http": {"/health": 200}}
_CRASHES = {"starts": False, "exit_code": 1}

Name = Annotated[str, typer.Argument(help="Name of the service, and of its repository.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="Address of the local cloud.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
console = Console(highlight=False, soft_wrap=True)


@app.command()
def create(
    name: Name,
    *,
    manifest: Annotated[Path | None, typer.Option(help="Where its manifest is written.")] = None,
    approver: Annotated[str, typer.Option(help="Who is asked before production.")] = APPROVER,
    endpoint: Endpoint = ENDPOINT,
) -> None:
    """Make a repository with a first image, and a service behind a load balancer in staging and prod."""
    if not _NAME.fullmatch(name):
        raise _stop("name: give 2 to 24 lower-case letters, digits and hyphens, a letter first.")
    path = manifest or Path("build") / f"{name}.json"
    place = _place(endpoint)
    if _repository(place, name):
        raise _stop(f"name: there is a repository {name} already; choose another name.")
    service = SampleService(place, name, lambda document: _adapt(document, approver))
    with console.status(f"Creating {name} in {' and '.join(ENVIRONMENTS)}"):
        service.create(ENVIRONMENTS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps(service.manifest, indent=2)}\n", encoding="utf-8")
    console.print(f"{name}:1.0.0 runs in {' and '.join(ENVIRONMENTS)}; Tidegate does not know of it yet.")
    for environment in ENVIRONMENTS:
        console.print(f"  {endpoint}/_world/lb/{service.balancer(environment)}/")
    console.print(f"Its manifest is in {path}.")


@app.command()
def push(
    name: Name,
    tag: Annotated[str, typer.Argument(help="Tag of the image, for instance 1.1.0.")],
    *,
    commit: Annotated[str, typer.Option(help="What a label of the image says it was built from.")] = "",
    author: Annotated[str, typer.Option(help="Who a label of the image says made it.")] = "",
    serves_errors: Annotated[
        bool, typer.Option("--serves-errors", help="It is healthy, and answers requests with 500.")
    ] = False,
    crashes: Annotated[bool, typer.Option("--crashes", help="Its containers exit at once.")] = False,
    endpoint: Endpoint = ENDPOINT,
) -> None:
    """Push a new image, as a build would do with `docker push`."""
    place = _place(endpoint)
    if not _repository(place, name):
        raise _stop(
            f"name: there is no repository {name}; make it with `python -m local.sample create {name}`."
        )
    labels = {_LABELS[what]: said for what, said in (("commit", commit), ("author", author)) if said}
    behaviour: dict[str, Any] = {**(_SERVES_ERRORS if serves_errors else {}), **(_CRASHES if crashes else {})}
    try:
        digest = images.push(place, name, tag, labels=labels, **behaviour)
    except ClientError as error:
        raise _stop(f"tag: {error.response['Error']['Message']}") from None
    console.print(f"{name}:{tag} is pushed: {digest}")


def _adapt(manifest: dict[str, Any], approver: str) -> None:
    """Leave the environments that are made here, and let one person be asked."""
    manifest["environments"] = [each for each in manifest["environments"] if each["name"] in ENVIRONMENTS]
    for environment in manifest["environments"]:
        if environment.get("approval"):
            environment["approval"]["approvers"] = [approver]


def _place(endpoint: str) -> Place:
    place = Place(endpoint)
    try:
        ready = place.world("GET", "/health")["status"] == "ready"
    except (urllib.error.URLError, ValueError):
        raise _stop(f"No local cloud answers at {endpoint}; start one with `make up`.") from None
    if not ready:
        raise _stop(
            f"The local cloud at {endpoint} is still starting; wait until `make up` says it is ready."
        )
    return place


def _repository(place: Place, name: str) -> bool:
    try:
        place.client("ecr").describe_repositories(repositoryNames=[name])
    except place.client("ecr").exceptions.RepositoryNotFoundException:
        return False
    except BotoCoreError as error:
        raise _stop(str(error)) from None
    return True


def _stop(sentence: str) -> typer.Exit:
    console.print(f"[bold red]{sentence}")
    return typer.Exit(1)


if __name__ == "__main__":
    app()
