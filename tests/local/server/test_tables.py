"""DynamoDB tables after our mends: what comes back, what a failed transaction leaves, how fast it stays.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.local.empty_cloud import EmptyCloud

EVERYTHING = {
    "text": {"S": "ä"},
    "number": {"N": "1.50"},
    "bytes": {"B": b"\x00\xff"},
    "truth": {"BOOL": True},
    "nothing": {"NULL": True},
    "list": {"L": [{"S": "a"}, {"N": "1"}, {"B": b"x"}]},
    "map": {"M": {"inner": {"SS": ["a"]}}},
    "blobs": {"BS": [b"one"]},
}


@pytest.fixture
def table(cloud: EmptyCloud) -> str:
    name = cloud.fresh("table")
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in ("pk", "sk", "state")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-state",
                "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


def key(number: int) -> dict[str, Any]:
    return {"pk": {"S": "p"}, "sk": {"S": f"{number:04}"}}


def test_every_type_comes_back_as_it_was_put(cloud: EmptyCloud, table: str):
    # Given
    client = cloud.client("dynamodb")

    # When
    client.put_item(TableName=table, Item={**key(1), **EVERYTHING})

    # Then
    assert client.get_item(TableName=table, Key=key(1))["Item"] == {**key(1), **EVERYTHING}
    found = client.query(
        TableName=table, KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": {"S": "p"}}
    )
    assert found["Items"] == [{**key(1), **EVERYTHING}]
    assert (found["Count"], found["ScannedCount"]) == (1, 1)


def test_a_cancelled_transaction_leaves_everything_as_it_was(cloud: EmptyCloud, table: str):
    # Given two items
    client = cloud.client("dynamodb")
    for number in (1, 2):
        client.put_item(TableName=table, Item={**key(number), "n": {"N": "0"}})
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "9"}}}
    never = {"ConditionExpression": "attribute_not_exists(pk)"}

    # When a transaction changes one, puts a third, deletes none, and fails on the second
    with pytest.raises(client.exceptions.TransactionCanceledException) as cancelled:
        client.transact_write_items(
            TransactItems=[
                {"Update": {"TableName": table, "Key": key(1), **change}},
                {"Put": {"TableName": table, "Item": key(3)}},
                {"Put": {"TableName": table, "Item": key(2), **never}},
            ]
        )

    # Then
    codes = [reason["Code"] for reason in cancelled.value.response["CancellationReasons"]]
    assert codes == ["None", "None", "ConditionalCheckFailed"]
    assert client.get_item(TableName=table, Key=key(1))["Item"]["n"] == {"N": "0"}
    assert "Item" not in client.get_item(TableName=table, Key=key(3))


def test_a_query_sees_its_partition_in_order_and_page_by_page(cloud: EmptyCloud, table: str):
    # Given thirty items in one partition and one in another
    client = cloud.client("dynamodb")
    for number in range(30):
        state = "even" if number % 2 == 0 else "odd"
        client.put_item(TableName=table, Item={**key(number), "state": {"S": state}})
    client.put_item(TableName=table, Item={"pk": {"S": "q"}, "sk": {"S": "1"}, "state": {"S": "even"}})

    # When
    ask = {"KeyConditionExpression": "pk = :p AND sk > :s", "ScanIndexForward": False}
    values = {":p": {"S": "p"}, ":s": {"S": "0009"}}
    pages = client.get_paginator("query").paginate(
        TableName=table, ExpressionAttributeValues=values, PaginationConfig={"PageSize": 7}, **ask
    )
    found = [item["sk"]["S"] for page in pages for item in page["Items"]]
    even = client.query(
        TableName=table,
        IndexName="by-state",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "even"}},
    )

    # Then
    assert found == [f"{number:04}" for number in range(29, 9, -1)]
    assert even["Count"] == 16


def test_a_transaction_does_not_get_slower_with_the_table(cloud: EmptyCloud, table: str):
    # Given a table that grows from nothing to a thousand items
    client = cloud.client("dynamodb")

    def seconds_of_ten() -> float:
        began = time.monotonic()
        for number in range(10):
            client.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": key(number)}}])
        return time.monotonic() - began

    small = min(seconds_of_ten() for _ in range(3))
    for start in range(100, 1100, 25):
        puts = [{"PutRequest": {"Item": {**key(start + one), **EVERYTHING}}} for one in range(25)]
        client.batch_write_item(RequestItems={table: puts})

    # Then it takes about as long as before; copying the table would take thirty times as long
    assert min(seconds_of_ten() for _ in range(3)) < small * 8
