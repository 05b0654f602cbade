"""The mails of the local cloud, read in a terminal: `python -m local mail` and `python -m local confirm`.

It asks the world control of a local cloud that runs, as `curl …/_world/mailbox` does.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from rich.console import Console

from local.demo.approver import LINK
from local.sample.place import Place

ENDPOINT = "http://127.0.0.1:4566"
_LOOK_EVERY_S = 1.0

Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="Address of the local cloud.")]

console = Console(highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(mail)
    app.command()(confirm)


def mail(
    address: Annotated[str | None, typer.Argument(help="Whose mails; everybody's unless given.")] = None,
    *,
    about: Annotated[str, typer.Option(help="Only mails with these words; wait until there is one.")] = "",
    timeout: Annotated[float, typer.Option(help="How many seconds to wait.")] = 120.0,
    endpoint: Endpoint = ENDPOINT,
) -> None:
    """Print the mails that the local cloud has sent, oldest first."""
    place = Place(endpoint)
    if about:
        with console.status(f"Waiting for a mail about {about}"):
            found = _awaited(place, address, about, time.monotonic() + timeout)
    else:
        found = _mails(place, address)
    if not found:
        to = f" to {address}" if address else ""
        late = f"After {timeout:.0f} seconds there is no mail{to} about {about}."
        console.print(late if about else f"There is no mail{to}.", markup=False)
        raise typer.Exit(1)
    for each in found:
        console.print(f"[bold]To:[/] {each['to']}")
        console.print("[bold]Subject:[/] ", end="")
        console.print(each["subject"], markup=False)
        console.print(f"\n{each['body']}\n", markup=False)


def confirm(
    address: Annotated[str, typer.Argument(help="Who has got a mail that asks for a confirmation.")],
    *,
    endpoint: Endpoint = ENDPOINT,
) -> None:
    """Confirm the subscriptions of an address, as its owner does by the first mail."""
    place = Place(endpoint)
    asking = [each for each in _mails(place, address, confirmations=True) if each.get("confirm_token")]
    if not asking:
        console.print(f"No mail asks {address} for a confirmation.")
        raise typer.Exit(1)
    for each in asking:
        # So that no link in a later mail, opened by a scanner, ends the subscription.
        place.client("sns").confirm_subscription(
            TopicArn=each["topic"], Token=each["confirm_token"], AuthenticateOnUnsubscribe="true"
        )
        console.print(f"{address} is subscribed to {each['topic'].rpartition(':')[2]}.")


def tell(endpoint: str, say: Callable[[str], object]) -> None:
    """Say from now on of every mail to whom it is, what about, and the approval link in it."""
    threading.Thread(target=_tell, args=(Place(endpoint), say), name="mails", daemon=True).start()


def _tell(place: Place, say: Callable[[str], object]) -> None:
    since = time.time()
    while True:
        time.sleep(_LOOK_EVERY_S)
        try:
            new: list[dict[str, Any]] = place.world("GET", f"/mailbox?confirmations=true&since={since!r}")
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                return  # the cloud has stopped
            continue
        except (OSError, ValueError):
            continue
        for each in new:
            since = max(since, float(each["time"]))
            say("\n".join(_in_short(each)))


def _in_short(each: dict[str, Any]) -> Iterator[str]:
    at = time.strftime("%H:%M:%S", time.localtime(each["time"]))
    yield f"{at}  Mail to {each['to']}: {each['subject']}"
    if each.get("confirm_token"):
        yield f"          python -m local confirm {each['to']}"
    for link in LINK.findall(each["body"]):
        yield f"          {link}"


def _mails(place: Place, address: str | None, *, confirmations: bool = False) -> list[dict[str, Any]]:
    query = {"confirmations": str(confirmations).lower(), **({"address": address} if address else {})}
    try:
        found: list[dict[str, Any]] = place.world("GET", f"/mailbox?{urllib.parse.urlencode(query)}")
    except urllib.error.URLError:
        console.print(f"No local cloud answers at {place.endpoint}; start one with `make up`.")
        raise typer.Exit(1) from None
    return found


def _awaited(place: Place, address: str | None, about: str, deadline: float) -> list[dict[str, Any]]:
    """The mails with certain words, as soon as there is one; none when the time is over."""
    while True:
        found = [each for each in _mails(place, address) if about in f"{each['subject']}\n{each['body']}"]
        if found or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_EVERY_S)
