"""Amazon CloudWatch made live: metrics with percentiles, and alarms that are evaluated."""
