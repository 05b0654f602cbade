"""Smoke and integration checks, and the task before a deployment."""

from typing import Annotated, Any, Literal

from pydantic import Field

from tidegate.contracts.fields import ANY_TEXT, Between, Choice, Contract, Flag, Tagged, Text
from tidegate.contracts.manifest.fields import (
    Attempts,
    CheckInterval,
    ContainerName,
    Label,
    Milliseconds,
    TaskTimeout,
)
from tidegate.domain import service as domain

Url = Annotated[
    str,
    Text(
        "an http or https address without user name and password, of at most 2048 characters",
        pattern=r"^https?://[^\s\u0000-\u0020\u007f-\u009f@/?#]+([/?#][^\s\u0000-\u0020\u007f-\u009f]*)?$",
        longest=2048,
    ),
]
HeaderName = Annotated[str, Text("a header name", pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", longest=100)]
HeaderValue = Annotated[str, Text("one line of at most 4096 printable characters", longest=4096, shortest=0)]
Argument = Annotated[str, Text("text of 1 to 8192 characters", pattern=ANY_TEXT, longest=8192)]
Needle = Annotated[str, Text("text of 1 to 4096 characters", pattern=ANY_TEXT, longest=4096)]
Command = Annotated[
    list[Argument],
    Field(min_length=1, max_length=100, description="the command and its arguments, a list of strings"),
]


class HttpExpectation(Contract):
    """What the response must be."""

    status: Annotated[
        list[Annotated[int, Between(100, 599)]],
        Field(min_length=1, max_length=20, description="the status codes that are right"),
    ] = Field([200])
    body_contains: Annotated[Needle | None, Field(description="text that the body must contain")] = None
    json_equals: Annotated[Any, Field(description="what the body must be as JSON; null compares nothing")] = (
        None
    )
    within_ms: Annotated[Milliseconds, Field(description="how fast the response must be, in ms")] = 2000


class HttpCheck(Contract):
    """A request that must be answered as expected."""

    kind: Annotated[Literal["http"], Field(description="http")]
    name: Annotated[Label, Field(description="the name of the check, for the records")]
    url: Annotated[Url, Field(description="the address to request")]
    method: Annotated[
        str, Choice(("GET", "HEAD", "OPTIONS", "POST")), Field(description="the method; POST has no body")
    ] = "GET"
    headers: Annotated[
        dict[HeaderName, HeaderValue],
        Field(max_length=50, description="headers to send; they are stored and shown as they stand"),
    ] = Field({})
    expect: Annotated[HttpExpectation, Field(description="what the response must be")] = HttpExpectation()
    attempts: Annotated[Attempts, Field(description="how often to try")] = 3
    interval_seconds: Annotated[CheckInterval, Field(description="how long to wait between tries")] = 5

    def to_domain(self) -> domain.HttpCheck:
        """The check as a domain value."""
        return domain.HttpCheck(
            name=self.name,
            url=self.url,
            method=self.method,
            headers=dict(self.headers),
            expect=domain.HttpExpectation(
                status=tuple(self.expect.status),
                body_contains=self.expect.body_contains,
                json_equals=self.expect.json_equals,
                within_ms=self.expect.within_ms,
            ),
            attempts=self.attempts,
            interval_seconds=self.interval_seconds,
        )


class TaskCheck(Contract):
    """A task that must exit with code 0."""

    kind: Annotated[Literal["task"], Field(description="task")]
    name: Annotated[Label, Field(description="the name of the check, for the records")]
    container: Annotated[ContainerName, Field(description="the container whose command is replaced")]
    command: Command
    timeout_seconds: Annotated[TaskTimeout, Field(description="how long the task may run")] = 600

    def to_domain(self) -> domain.TaskCheck:
        """The check as a domain value."""
        return domain.TaskCheck(
            name=self.name,
            container=self.container,
            command=tuple(self.command),
            timeout_seconds=self.timeout_seconds,
        )


Check = Annotated[HttpCheck | TaskCheck, Tagged("kind", {"http": HttpCheck, "task": TaskCheck})]


class BeforeDeploy(Contract):
    """A task run from the new images before the service is touched; it must exit with code 0."""

    container: Annotated[ContainerName, Field(description="the container whose command is replaced")]
    command: Command
    timeout_seconds: Annotated[TaskTimeout, Field(description="how long the task may run")] = 900
    point_of_no_return: Annotated[
        Flag, Field(description="whether older releases cannot run any more once the task has started")
    ] = False

    def to_domain(self) -> domain.BeforeDeploy:
        """The task as a domain value."""
        return domain.BeforeDeploy(
            container=self.container,
            command=tuple(self.command),
            timeout_seconds=self.timeout_seconds,
            point_of_no_return=self.point_of_no_return,
        )
