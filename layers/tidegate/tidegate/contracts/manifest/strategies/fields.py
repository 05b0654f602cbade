"""The small words of strategies that share traffic out."""

from typing import Annotated

from tidegate.contracts.fields import Between, Number, Text
from tidegate.contracts.manifest.fields import DAY

ListenerRule = Annotated[
    str,
    Text(
        "the ARN of a listener rule of an Application Load Balancer",
        pattern=r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener-rule/app/[A-Za-z0-9/_-]+$",
        longest=512,
    ),
]
TargetGroup = Annotated[
    str,
    Text(
        "the ARN of a target group",
        pattern=r"^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/[A-Za-z0-9/_-]+$",
        longest=512,
    ),
]
MetricName = Annotated[str, Text("one line of 1 to 255 printable characters", longest=255)]
JudgedName = Annotated[
    str,
    Text(
        "1 to 30 lower-case letters, digits and underscores, a letter first",
        pattern=r"^[a-z][a-z0-9_]{0,29}$",
        longest=30,
    ),
]
Zone = Annotated[
    str,
    Text(
        'an Availability Zone such as "eu-central-1a"',
        pattern=r"^[a-z]{2,4}(-[a-z0-9]{1,12}){1,4}$",
        longest=40,
    ),
]

Weight = Annotated[float, Number(0.1, 95.0, decimals=1)]
"""At 95 percent a stable side remains to compare with."""
Share = Annotated[float, Number(0.00001, 0.5, decimals=6)]
"""A probability or a rate, never 0 and never so large that it means nothing."""
StepDuration = Annotated[int, Between(1, DAY)]
CanaryDuration = Annotated[int, Between(10, DAY)]
"""A canary lives for at most a day, like every deployment."""
WarmUp = Annotated[int, Between(0, 3600)]
HookMinutes = Annotated[int, Between(1, 1440)]
"""A stage of a deployment may last 24 hours, whatever its hooks say."""
BakeMinutes = Annotated[int, Between(0, 1380)]
"""Within a day, with an hour left for everything else of the deployment."""
