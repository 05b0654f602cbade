"""The small words of a manifest: names, ARNs, durations."""

from typing import Annotated

from tidegate.contracts.fields import Between, Text

DAY = 86_400

ServiceName = Annotated[
    str,
    Text(
        "1 to 40 lower-case letters, digits and hyphens, a letter first",
        pattern=r"^[a-z][a-z0-9-]{0,39}$",
        longest=40,
    ),
]
ContainerName = Annotated[
    str, Text("1 to 255 letters, digits, hyphens and underscores", pattern=r"^[A-Za-z0-9_-]+$", longest=255)
]
EcsName = Annotated[
    str,
    Text(
        "the name, not the ARN (1 to 255 letters, digits, hyphens and underscores)",
        pattern=r"^[A-Za-z0-9_-]+$",
        longest=255,
    ),
]
Repository = Annotated[
    str,
    Text(
        "the name of an ECR repository without registry and tag (lower-case letters, digits and ._-/)",
        pattern=r"^([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*$",
        longest=256,
        shortest=2,
    ),
]
Account = Annotated[str, Text("an AWS account id, a string of 12 digits", pattern=r"^[0-9]{12}$", longest=12)]
Region = Annotated[
    str,
    Text(
        'an AWS region such as "eu-central-1"', pattern=r"^[a-z]{2,4}(-[a-z]{2,12}){1,3}-[0-9]$", longest=32
    ),
]
Topic = Annotated[
    str,
    Text(
        "the ARN of a standard SNS topic",
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$",
        longest=512,
    ),
]
Email = Annotated[
    str,
    Text(
        "an e-mail address",
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$",
        longest=254,
    ),
]
RoleName = Annotated[
    str,
    Text(
        "the name of a role (1 to 40 lower-case letters, digits and hyphens, a letter first)",
        pattern=r"^[a-z][a-z0-9-]{0,39}$",
        longest=40,
    ),
]
People = Annotated[int, Between(1, 20)]
Word = Annotated[str, Text("one line of 1 to 4096 printable characters", longest=4096)]
Label = Annotated[str, Text("one line of 1 to 80 printable characters", longest=80)]

Attempts = Annotated[int, Between(1, 20)]
CheckInterval = Annotated[int, Between(1, 60)]
Milliseconds = Annotated[int, Between(1, 30_000)]
TaskTimeout = Annotated[int, Between(5, DAY // 4)]
"""Tasks run for at most six hours."""
ScanTimeout = Annotated[int, Between(5, DAY)]
DeploymentTimeout = Annotated[int, Between(10, DAY)]
"""A day of watching a deployment stays far below the 25,000 events that an execution may have."""
Pause = Annotated[int, Between(0, 7 * DAY)]
"""Soaking takes at most a week."""
Watch = Annotated[int, Between(0, DAY)]
ApprovalTimeout = Annotated[int, Between(5, 14 * DAY)]
"""An approval is waited for at most fourteen days: as long as an execution can be redriven."""
