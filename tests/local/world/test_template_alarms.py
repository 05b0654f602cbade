"""The alarms of the template that are sums: they must go off although most of their series have no value."""

import pytest

from local.world.metrics.expressions import evaluate
from tests.statemachines.template import resources

QUERIES = resources("AWS::CloudWatch::Alarm")["RollbackFailedAlarm"]["Metrics"]
EXPRESSION = next(each["Expression"] for each in QUERIES if "Expression" in each)
SERIES = [each["Id"] for each in QUERIES if "MetricStat" in each]


@pytest.mark.parametrize("how", SERIES)
def test_one_way_in_which_a_rollback_ends_early_is_enough(how: str):
    # Given only one metric that ever had a value
    lines = {each: {60.0: 1.0} if each == how else {} for each in SERIES}

    # When
    sums = evaluate(EXPRESSION, lines, [0.0, 60.0])

    # Then
    assert sums[60.0] == 1.0
