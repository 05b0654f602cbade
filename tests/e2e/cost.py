"""What a run of this suite costs at list prices in us-east-1: `python -m tests.e2e.cost`. It calls nothing.

https://aws.amazon.com/fargate/pricing/, https://aws.amazon.com/step-functions/pricing/,
https://aws.amazon.com/kms/pricing/ and https://aws.amazon.com/lambda/pricing/ in November 2026, without free
tiers.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTES = 60
"""A run that goes badly; a good one takes half of it."""


@dataclass(frozen=True)
class Item:
    """One line of the estimate: what, how much of it, and dollars for one."""

    what: str
    amount: float
    price: float

    @property
    def dollars(self) -> float:
        """The price of the line."""
        return self.amount * self.price


ITEMS = (
    Item("Fargate, 0.25 vCPU and 0.5 GB (arm64), two tasks, minutes", 2 * MINUTES, 0.0098742 / 60),
    Item("public IPv4 addresses, minutes", 2 * MINUTES, 0.005 / 60),
    Item("Step Functions transitions of 6 executions", 6 * 150, 0.000025),
    Item("Lambda, 400 invocations of 0.25 s at 512 MB", 400 * 0.125, 0.0000133334),
    Item("KMS key, a day (pending deletion is free)", 1 / 30, 1.0),
    Item("KMS requests", 2_000, 0.00003 / 10),
    Item("DynamoDB, S3, SNS, SQS, CloudWatch, ECR: requests and storage, rounded up", 1, 0.05),
    Item("CloudWatch alarms, a day", 3 / 30, 0.10),
)


def estimate() -> float:
    """Dollars for one run, with half as much again for what nobody thought of."""
    return round(1.5 * sum(item.dollars for item in ITEMS), 2)


def main() -> None:
    """Print the estimate."""
    for item in ITEMS:
        print(f"{item.dollars:8.4f}  {item.what}")
    print(f"{estimate():8.2f}  dollars for one run, with half as much again for what is not listed")


if __name__ == "__main__":
    main()
