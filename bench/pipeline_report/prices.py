"""List prices, us-east-1, as of November 2026, in US dollars. No free tier is taken off."""

from __future__ import annotations

STATE_TRANSITION = 25.00 / 1e6
LAMBDA_REQUEST = 0.20 / 1e6
LAMBDA_GB_SECOND_ARM = 0.0000133334
DYNAMODB_READ_UNIT = 0.125 / 1e6
DYNAMODB_WRITE_UNIT = 0.625 / 1e6
SNS_PUBLISH = 0.50 / 1e6
SNS_EMAIL = 2.00 / 100_000
S3_PUT = 0.005 / 1000
METRIC_REQUESTED = 0.01 / 1000
"""GetMetricData, for each metric asked for; https://aws.amazon.com/cloudwatch/pricing/."""

SCHEDULER_INVOCATION = 1.00 / 1e6
KMS_REQUEST = 0.03 / 10_000
SCHEDULED_INVOCATIONS_PER_MONTH = 12 * 24 * 30.4
"""The sweep, every five minutes."""

KMS_KEY_MONTH = 1.00
ALARM_METRIC_MONTH = 0.10
ALARM_METRICS = 10
"""One for the dead-letter queue, three for rollbacks that do not end, one for failed releases, one
for pages that fail, four for throttles. The dashboard is one of the three that cost nothing."""

MEMORY_GB = 0.5
"""What the template gives every function."""

BILLED_SECONDS = 0.25
"""The stated duration of an invocation. Durations measured locally say nothing about Lambda. A warm step
makes a handful of calls of some 10 ms each, a cold one imports for a second: this is on the safe side."""
