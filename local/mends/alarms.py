"""Mend: composite alarms, which moto can keep and describe, but not make."""

from __future__ import annotations

from local.mends.patching import Foreign, Mends

MENDS = Mends()


@MENDS.adds("moto.cloudwatch.responses:CloudWatchResponse.put_composite_alarm")
def put_composite_alarm(self: Foreign) -> Foreign:
    """moto reads the rule of a composite alarm in PutMetricAlarm, but has no operation that sends one."""
    return self.put_metric_alarm()
