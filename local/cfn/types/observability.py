"""CloudWatch alarms and dashboards, log groups and what hangs on them."""

from __future__ import annotations

from local.cfn import shapes
from local.cfn.api_type import api_type
from local.cfn.resources import Made, Request, changed, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json

api_type(
    "AWS::CloudWatch::Alarm",
    service="cloudwatch",
    create_method="put_metric_alarm",
    ref="=AlarmName",
    attributes={"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"},
    name="AlarmName",
    update_method="put_metric_alarm",
    delete_method="delete_alarms",
    delete_argument="AlarmNames",
    delete_many=True,
    replaced_by=("AlarmName",),
)
api_type(
    "AWS::CloudWatch::CompositeAlarm",
    service="cloudwatch",
    create_method="put_composite_alarm",
    ref="=AlarmName",
    attributes={"Arn": "arn:aws:cloudwatch:{region}:{account}:alarm:{AlarmName}"},
    name="AlarmName",
    update_method="put_composite_alarm",
    delete_method="delete_alarms",
    delete_argument="AlarmNames",
    delete_many=True,
    replaced_by=("AlarmName",),
)
api_type(
    "AWS::CloudWatch::Dashboard",
    service="cloudwatch",
    create_method="put_dashboard",
    ref="=DashboardName",
    name="DashboardName",
    update_method="put_dashboard",
    delete_method="delete_dashboards",
    delete_argument="DashboardNames",
    delete_many=True,
    replaced_by=("DashboardName",),
)


@resource_type("AWS::Logs::LogGroup")
class LogGroup:
    """A log group with its retention and key."""

    def create(self, request: Request) -> Made:
        """Create it."""
        name = request.properties.get("LogGroupName") or request.name(512)
        kept = {"KmsKeyId", "LogGroupClass", "Tags", "DeletionProtectionEnabled"}
        plain = {key: value for key, value in request.properties.items() if key in kept}
        arguments = shapes.arguments("logs", "create_log_group", {**plain, "LogGroupName": name})
        arguments.pop("deletionProtectionEnabled", None)  # moto has no such argument
        request.client("logs").create_log_group(**arguments)
        self._retain(request, name)
        return Made(name, {"Arn": request.arn("logs", f"log-group:{name}:*")})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change retention and key."""
        replace_on(request, before, "LogGroupName")
        self._retain(request, made.physical_id)
        if changed(request, before, "KmsKeyId") and request.properties.get("KmsKeyId"):
            key = request.properties["KmsKeyId"]
            request.client("logs").associate_kms_key(logGroupName=made.physical_id, kmsKeyId=key)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("logs").delete_log_group, logGroupName=made.physical_id)

    def _retain(self, request: Request, name: str) -> None:
        days = request.properties.get("RetentionInDays")
        logs = request.client("logs")
        if days is None:
            ignoring_missing(logs.delete_retention_policy, logGroupName=name)
        else:
            logs.put_retention_policy(logGroupName=name, retentionInDays=int(days))


@resource_type("AWS::Logs::MetricFilter")
class MetricFilter:
    """A metric made of log lines."""

    def create(self, request: Request) -> Made:
        """Put it."""
        name = request.properties.get("FilterName") or request.name(512)
        self._put(request, name)
        return Made(name)

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Put it anew."""
        replace_on(request, before, "FilterName", "LogGroupName")
        self._put(request, made.physical_id)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        group, delete = request.properties["LogGroupName"], request.client("logs").delete_metric_filter
        ignoring_missing(delete, logGroupName=group, filterName=made.physical_id)

    def _put(self, request: Request, name: str) -> None:
        plain = {**request.properties, "FilterName": name}
        for one in plain["MetricTransformations"]:
            dimensions = one.get("Dimensions")
            if isinstance(dimensions, list):
                one["Dimensions"] = {pair["Key"]: pair["Value"] for pair in dimensions}
        request.client("logs").put_metric_filter(**shapes.arguments("logs", "put_metric_filter", plain))


@resource_type("AWS::Logs::ResourcePolicy")
class LogsResourcePolicy:
    """Which services may write into log groups."""

    def create(self, request: Request) -> Made:
        """Put it."""
        arguments = shapes.arguments("logs", "put_resource_policy", request.properties)
        request.client("logs").put_resource_policy(**arguments)
        return Made(request.properties["PolicyName"])

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Put it anew."""
        replace_on(request, before, "PolicyName")
        self.create(request)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        ignoring_missing(request.client("logs").delete_resource_policy, policyName=made.physical_id)
