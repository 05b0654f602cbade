"""The dashboard and the alarms show what is really measured, and everything on them has its place."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.statemachines.machines import ROOT
from tests.statemachines.template import template

PACKAGE = ROOT / "layers/tidegate/tidegate"
# What a metric is called where it is measured: in the entry point, and in what steps measure.
MEASURED = re.compile(r'(?:_count|count|lasted)\(\s*"([A-Z]\w+)"')
SEARCHED = re.compile(
    r'SEARCH\(\'\{Tidegate,kind,service\} service="<AWS::StackName>" MetricName="(\w+)"\', \'(\w+)\', (\d+)\)'
)
WIDEST = 24


def body() -> dict[str, Any]:
    """The dashboard, its references replaced by names."""
    text = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    written: dict[str, Any] = json.loads(re.sub(r"\$\{(!?)([^}]*)\}", r"<\1\2>", text))
    return written


def widgets() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body()["widgets"]
    return found


def metrics() -> list[list[Any]]:
    return [metric for widget in widgets() for metric in widget["properties"].get("metrics", [])]


def own_metrics() -> set[str]:
    """The metrics of Tidegate itself that the dashboard shows."""
    named = {metric[1] for metric in metrics() if metric[0] == "Tidegate"}
    searched = {
        found[1]
        for metric in metrics()
        if isinstance(metric[0], dict)
        for found in [SEARCHED.fullmatch(metric[0]["expression"])]
        if found
    }
    return named | searched


def emitted() -> set[str]:
    return {
        name
        for path in [PACKAGE / "entrypoint.py", *(PACKAGE / "steps").glob("*.py")]
        for name in MEASURED.findall(path.read_text())
    }


def alarms() -> dict[str, dict[str, Any]]:
    return {
        name: each["Properties"]
        for name, each in template()["Resources"].items()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    }


def test_every_metric_of_ours_on_the_dashboard_is_measured_somewhere():
    assert own_metrics()
    assert own_metrics() <= emitted()


def test_what_operators_ask_for_is_on_the_dashboard():
    wanted = {"ExecutionsEnded", "DeploymentsEnded", "RollbacksEnded", "PushToProductionTime", "ApprovalTime"}

    assert wanted <= own_metrics()
    names = {metric[1] for metric in metrics() if isinstance(metric[0], str) and metric[0] != "..."}
    assert {"ApproximateNumberOfMessagesVisible", "Throttles", "ThrottledEvents"} <= names


def test_another_stack_of_the_account_changes_neither_dashboard_nor_alarms():
    # Given what the functions of this stack measure under
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}

    # Then (searches: see the next test)
    named = [metric for metric in metrics() if metric[0] == "Tidegate"]
    assert named
    for metric in named:
        assert metric[metric.index("service") + 1] == "<AWS::StackName>"
    ours = {name: alarm for name, alarm in alarms().items() if alarm.get("Namespace") == "Tidegate"}
    assert ours
    for name, alarm in ours.items():
        assert {"Name": "service", "Value": {"Ref": "AWS::StackName"}} in alarm["Dimensions"], name


def test_a_search_is_written_as_cloudwatch_reads_it():
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-examples.html
    for metric in metrics():
        if isinstance(metric[0], dict):
            assert SEARCHED.fullmatch(metric[0]["expression"]), metric
            assert "<!PROP('Dim.kind')>" in metric[0]["label"]


def test_no_widget_lies_over_another_or_beyond_the_edge():
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
    taken: set[tuple[int, int]] = set()
    for each in widgets():
        cells = {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        assert each["x"] + each["width"] <= WIDEST
        assert not cells & taken, each["properties"]["title"]
        taken |= cells


def test_every_alarm_is_on_the_dashboard_and_tells_people():
    shown = {arn.strip("<>").removesuffix(".Arn") for arn in widgets()[0]["properties"]["alarms"]}

    assert shown == set(alarms())
    for name, alarm in alarms().items():
        assert alarm["AlarmActions"] == [{"Ref": "NotificationsTopic"}], name
        assert alarm["TreatMissingData"] == "notBreaching", name
        assert re.search(r"\. docs/[\w/-]+\.md$", alarm["AlarmDescription"]), name


@pytest.mark.parametrize("name", sorted(alarms()))
def test_what_an_alarm_points_to_is_there(name: str):
    page = alarms()[name]["AlarmDescription"].rpartition(" ")[2]

    assert (ROOT / page).is_file()
