"""What a person reads once the local cloud is ready: addresses, and where the decisions are theirs."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

STACK = "tidegate"
SETTINGS = (
    ". .venv/bin/activate",
    "export AWS_ENDPOINT_URL={endpoint} AWS_REGION=us-east-1",
    "export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local",
)
COMMANDS = {
    "Mails": (
        "python -m local mail",
        "what SNS has sent; the link in a mail asks for a decision, which is yours",
    ),
    "Status pages": ("tidegate open", "a link that works once, for two minutes"),
    "What runs where": ("tidegate status", ""),
}


def say(console: Console, endpoint: str) -> None:
    """Print addresses and commands.

    Args:
        console: Where to.
        endpoint: Base URL of a local cloud that is ready.
    """
    outputs = _outputs(endpoint)
    addresses = {
        "Endpoint of all AWS APIs": endpoint,
        **outputs,
        "World control": f"{endpoint}/_world/health, …/mailbox, …/traffic/<service>, …/faults",
        "Logs of the functions": "build/logs/<function>.log",
    }
    for name, value in addresses.items():
        console.print(f"[bold]{name}[/]\n  {value}", soft_wrap=True)
    console.print("\nIn another terminal, in this folder:")
    for line in SETTINGS:
        console.print(f"  {line.format(endpoint=endpoint)}", soft_wrap=True)
    if not outputs:
        return
    for name, (command, what) in COMMANDS.items():
        console.print(f"[bold]{name}[/]\n  {command:<24}{what and f'# {what}'}".rstrip(), soft_wrap=True)
    console.print(
        "\nNobody decides for you: a release to prod waits until somebody opens the link in the mail.\n"
        "The README walks with you from a service of your own to production.",
        soft_wrap=True,
    )


def _outputs(endpoint: str) -> dict[str, str]:
    """The outputs of the deployed stack, among them the address of the approval pages."""
    client = boto3.client(
        "cloudformation",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the local cloud checks no credentials
    )
    try:
        stacks: list[dict[str, Any]] = client.describe_stacks(StackName=STACK)["Stacks"]
    except (ClientError, BotoCoreError):
        return {}
    outputs = stacks[0].get("Outputs", [])
    return {one.get("Description") or one["OutputKey"]: one["OutputValue"] for one in outputs}
