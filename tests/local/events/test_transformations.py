"""What a target receives.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json

import pytest

from local.deliver import UndeliverableError
from local.events.transform import Source, payload_for

EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "time": "2015-11-11T21:29:54Z",
    "detail": {
        "instance-id": "i-0123456789",
        "state": "RUNNING",
        "count": 3,
        "tags": ["a", "b"],
        "text": 'say "hi"\n',
        "containers": [{"name": "web"}, {"name": "log"}],
    },
}
SOURCE = Source("arn:aws:events:us-east-1:123456789012:rule/r", "r", "2015-11-11T21:29:55Z")
PATHS = {"instance": "$.detail.instance-id", "state": "$.detail.state", "gone": "$.detail.gone"}


def transformed(template: str, paths: dict[str, str] | None = None) -> str:
    transformer = {"InputPathsMap": PATHS if paths is None else paths, "InputTemplate": template}
    return payload_for({"InputTransformer": transformer}, EVENT, SOURCE)


def test_without_anything_the_target_gets_the_event():
    assert json.loads(payload_for({}, EVENT, SOURCE)) == EVENT


def test_a_constant_goes_as_it_is():
    assert payload_for({"Input": '{"a":  1}'}, EVENT, SOURCE) == '{"a":  1}'


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", EVENT),
        ("$.detail.state", "RUNNING"),
        ("$.detail-type", EVENT["detail-type"]),
        ("$.detail.containers[1].name", "log"),
        ("$.detail.containers[*].name", ["web", "log"]),
        ("$.detail.gone", None),
    ],
)
def test_a_path_selects_a_part(path: str, found: object):
    assert json.loads(payload_for({"InputPath": path}, EVENT, SOURCE)) == found


def test_a_json_template_quotes_values_itself_except_between_quotes():
    """The example of the documentation, word for word."""
    template = """{
        "instance" : <instance>,
        "state": "<state>",
        "instanceStatus": "instance \\"<instance>\\" is in <state>"
    }"""
    assert json.loads(transformed(template)) == {
        "instance": "i-0123456789",
        "state": "RUNNING",
        "instanceStatus": 'instance "i-0123456789" is in RUNNING',
    }


def test_a_sentence_stays_in_its_quotes():
    assert transformed('"instance <instance> is in <state>"') == '"instance i-0123456789 is in RUNNING"'


def test_numbers_lists_and_objects_keep_their_kind_outside_of_quotes():
    paths = {"count": "$.detail.count", "tags": "$.detail.tags", "detail": "$.detail.containers[0]"}
    template = '{"count": <count>, "tags": <tags>, "detail": <detail>}'
    assert json.loads(transformed(template, paths)) == {
        "count": 3,
        "tags": ["a", "b"],
        "detail": {"name": "web"},
    }


def test_a_list_in_a_sentence_loses_its_quotes():
    assert transformed('"tags <tags>"', {"tags": "$.detail.tags"}) == '"tags [a,b]"'


def test_text_is_escaped_between_quotes():
    assert json.loads(transformed('{"said": "<text>"}', {"text": "$.detail.text"})) == {"said": 'say "hi"\n'}


def test_a_value_that_is_not_there_is_empty():
    assert json.loads(transformed('{"a": <gone>, "b": "<gone>"}')) == {"a": "", "b": ""}


def test_the_predefined_variables():
    template = (
        '{"rule": "<aws.events.rule-name>", "arn": "<aws.events.rule-arn>", '
        '"at": "<aws.events.event.ingestion-time>", '
        '"event": <aws.events.event.json>, "head": <aws.events.event>}'
    )
    made = json.loads(transformed(template))
    assert made["rule"] == "r"
    assert made["arn"] == SOURCE.rule_arn
    assert made["at"] == SOURCE.ingestion_time
    assert made["event"] == EVENT
    assert made["head"] == {name: value for name, value in EVENT.items() if name != "detail"}


def test_a_template_that_makes_no_json_cannot_be_delivered():
    with pytest.raises(UndeliverableError) as failed:
        transformed('{"a": <instance> b}')
    assert failed.value.code == "INVALID_JSON"
    assert not failed.value.retryable
