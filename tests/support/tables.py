"""The tables of `aws/schema.py`, made in moto."""

from typing import Any

from tidegate.aws.schema import PARTITION_KEY, SORT_KEY, TABLES, IndexSchema, TableSchema

NAMES = {table.variable: f"tidegate-{table.variable.removesuffix('_TABLE').lower()}" for table in TABLES}
"""Environment variable to table name."""


def create_tables(dynamodb: Any) -> dict[str, str]:
    """Create every table; returns the variables that a function needs to find them."""
    for table in TABLES:
        dynamodb.create_table(TableName=NAMES[table.variable], **_definition(table))
        if table.expires is not None:
            dynamodb.update_time_to_live(
                TableName=NAMES[table.variable],
                TimeToLiveSpecification={"Enabled": True, "AttributeName": table.expires},
            )
    return NAMES


def _definition(table: TableSchema) -> dict[str, Any]:
    attributes = {PARTITION_KEY, SORT_KEY}
    for index in table.indexes:
        attributes |= {index.partition_key, index.sort_key}
    definition: dict[str, Any] = {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _keys(PARTITION_KEY, SORT_KEY),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in sorted(attributes)
        ],
    }
    if table.indexes:
        definition["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _keys(index.partition_key, index.sort_key),
                "Projection": projection(index),
            }
            for index in table.indexes
        ]
    return definition


def projection(index: IndexSchema) -> dict[str, Any]:
    """What an index holds, as CreateTable and CloudFormation take it."""
    if not index.projects:
        return {"ProjectionType": "ALL"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(index.projects)}


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]
