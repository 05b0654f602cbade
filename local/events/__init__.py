"""EventBridge: rules, their targets, what goes wrong on the way, and schedules."""
