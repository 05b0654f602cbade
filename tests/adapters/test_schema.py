"""The tables of the template are those that the adapters were written for."""

from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.support.tables import projection
from tidegate.aws.schema import PARTITION_KEY, SORT_KEY, TABLES, TableSchema

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return parsed


def logical_id(table: TableSchema) -> str:
    """`LedgerTable` of `LEDGER_TABLE`."""
    return table.variable.title().replace("_", "")


def keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


@pytest.mark.parametrize("table", TABLES, ids=logical_id)
def test_the_template_declares_the_table(template: dict[str, Any], table: TableSchema):
    properties = template["Resources"][logical_id(table)]["Properties"]
    indexes = properties.get("GlobalSecondaryIndexes", [])
    names = {PARTITION_KEY, SORT_KEY}
    names |= {name for index in table.indexes for name in (index.partition_key, index.sort_key)}

    assert properties["KeySchema"] == keys(PARTITION_KEY, SORT_KEY)
    assert [(each["IndexName"], each["KeySchema"]) for each in indexes] == [
        (index.name, keys(index.partition_key, index.sort_key)) for index in table.indexes
    ]
    assert [each["Projection"] for each in indexes] == [projection(index) for index in table.indexes]
    assert {
        each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]
    } == dict.fromkeys(names, "S")
    expiry = {"AttributeName": table.expires, "Enabled": True} if table.expires else None
    assert properties.get("TimeToLiveSpecification") == expiry


def test_the_template_declares_no_other_table(template: dict[str, Any]):
    declared = {
        name for name, each in template["Resources"].items() if each["Type"] == "AWS::DynamoDB::Table"
    }

    assert declared == {logical_id(table) for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=logical_id)
def test_functions_are_told_the_name_of_the_table(template: dict[str, Any], table: TableSchema):
    variables = template["Globals"]["Function"]["Environment"]["Variables"]

    assert variables[table.variable] == {"Ref": logical_id(table)}
