"""DynamoDB tables."""

from __future__ import annotations

import json

from local.cfn import shapes
from local.cfn.resources import Made, Request, changed, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json

_BESIDE_TABLE = (
    "TimeToLiveSpecification",
    "PointInTimeRecoverySpecification",
    "ContributorInsightsSpecification",
    "KinesisStreamSpecification",
    "ImportSourceSpecification",
)


@resource_type("AWS::DynamoDB::Table")
class Table:
    """A table with everything that its other API calls add: time to live, recovery, insights."""

    def create(self, request: Request) -> Made:
        """Create it, then set what CreateTable does not take."""
        name = request.properties.get("TableName") or request.name()
        plain = _table_properties(request.having(TableName=name).without(*_BESIDE_TABLE))
        arguments = shapes.arguments("dynamodb", "create_table", plain)
        described = request.client("dynamodb").create_table(**arguments)["TableDescription"]
        self._settle(request, name, {})
        attributes = {"Arn": described["TableArn"], "StreamArn": described.get("LatestStreamArn")}
        return Made(name, {key: value for key, value in attributes.items() if value})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change capacity, indexes, protection and streams in place; keys and name need a new table."""
        replace_on(request, before, "TableName", "KeySchema", "LocalSecondaryIndexes")
        dynamodb, name = request.client("dynamodb"), made.physical_id
        plain = _table_properties(request.without(*_BESIDE_TABLE))
        old = _table_properties({key: value for key, value in before.items() if key not in _BESIDE_TABLE})
        indexes = _index_updates(
            plain.pop("GlobalSecondaryIndexes", []), old.pop("GlobalSecondaryIndexes", [])
        )
        known = shapes.members("dynamodb", "update_table")
        different = {key: value for key, value in plain.items() if key in known and value != old.get(key)}
        if different:
            different.setdefault("AttributeDefinitions", plain["AttributeDefinitions"])
            dynamodb.update_table(
                **shapes.arguments("dynamodb", "update_table", {**different, "TableName": name})
            )
        for one in indexes:
            wanted = {"TableName": name, "AttributeDefinitions": plain["AttributeDefinitions"]}
            arguments = shapes.arguments(
                "dynamodb", "update_table", {**wanted, "GlobalSecondaryIndexUpdates": [one]}
            )
            dynamodb.update_table(**arguments)
        self._settle(request, name, before)
        stream = dynamodb.describe_table(TableName=name)["Table"].get("LatestStreamArn")
        return Made(name, {**made.attributes, **({"StreamArn": stream} if stream else {})})

    def delete(self, request: Request, made: Made) -> None:
        """Delete it; a protected table refuses, as on AWS."""
        ignoring_missing(request.client("dynamodb").delete_table, TableName=made.physical_id)

    def _settle(self, request: Request, name: str, before: dict[str, Json]) -> None:
        dynamodb = request.client("dynamodb")
        expiry = request.properties.get("TimeToLiveSpecification")
        if expiry and changed(request, before, "TimeToLiveSpecification"):
            arguments = {"TableName": name, "TimeToLiveSpecification": expiry}
            dynamodb.update_time_to_live(**shapes.arguments("dynamodb", "update_time_to_live", arguments))
        recovery = request.properties.get("PointInTimeRecoverySpecification")
        if recovery and changed(request, before, "PointInTimeRecoverySpecification"):
            arguments = {"TableName": name, "PointInTimeRecoverySpecification": recovery}
            dynamodb.update_continuous_backups(
                **shapes.arguments("dynamodb", "update_continuous_backups", arguments)
            )


def _table_properties(properties: dict[str, Json]) -> dict[str, Json]:
    """The table's properties as the API calls them; a stream is enabled by being there."""
    plain = dict(properties)
    if "SSESpecification" in plain:
        sse = dict(plain["SSESpecification"])
        plain["SSESpecification"] = {("Enabled" if key == "SSEEnabled" else key): sse[key] for key in sse}
    if "StreamSpecification" in plain:
        stream = {
            key: value for key, value in plain["StreamSpecification"].items() if key != "ResourcePolicy"
        }
        plain["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if isinstance(plain.get("ResourcePolicy"), dict):
        plain["ResourcePolicy"] = json.dumps(plain["ResourcePolicy"].get("PolicyDocument", {}))
    if "GlobalSecondaryIndexes" in plain:
        plain["GlobalSecondaryIndexes"] = [
            {key: value for key, value in index.items() if key not in _BESIDE_TABLE}
            for index in plain["GlobalSecondaryIndexes"]
        ]
    return plain


def _index_updates(wanted: list[Json], had: list[Json]) -> list[Json]:
    """What makes the wanted indexes of those that are there: one change to an UpdateTable call."""
    new = {index["IndexName"]: index for index in wanted}
    old = {index["IndexName"]: index for index in had}
    gone = [name for name in old if name not in new or new[name] != old[name]]
    return [{"Delete": {"IndexName": name}} for name in gone] + [
        {"Create": index} for name, index in new.items() if old.get(name) != index
    ]
