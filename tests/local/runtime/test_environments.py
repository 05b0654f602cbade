"""Execution environments: what is in them, when they are used again, and whose calls they make.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest

from tests.local.empty_cloud import EmptyCloud, archive, eventually

COUNTER = """
import os
count = 0
def handler(event, context):
    global count
    count += 1
    return [os.getpid(), count]
"""


def test_an_environment_is_used_again_and_keeps_its_state(cloud: EmptyCloud):
    # Given
    function = cloud.function(COUNTER)

    # When
    (first, one), (second, two) = (cloud.invoke(function).payload for _ in range(2))

    # Then
    assert first == second
    assert (one, two) == (1, 2)


def test_events_at_the_same_time_get_environments_of_their_own(cloud: EmptyCloud, tmp_path: Path):
    # Given a function that waits until it runs three times at once
    function = cloud.function(
        "import os, time\n"
        "def handler(folder, c):\n"
        "    open(f'{folder}/{os.getpid()}', 'w').close()\n"
        "    while len(os.listdir(folder)) < 3:\n"
        "        time.sleep(0.01)\n"
        "    return os.getpid()",
        Timeout=20,
    )
    found: list[int] = []

    # When three events come at once
    threads = [
        threading.Thread(target=lambda: found.append(cloud.invoke(function, str(tmp_path)).payload))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Then none waited for another
    assert len(set(found)) == 3


def test_the_variables_are_lambdas_and_the_functions_own(cloud: EmptyCloud, monkeypatch: pytest.MonkeyPatch):
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
    # Given
    name = cloud.fresh("variables")
    cloud.function(
        "import os\ndef handler(e, c):\n    return dict(os.environ)",
        name=name,
        Environment={"Variables": {"TABLE": "ledger", "AWS_REGION": "nowhere"}},
    )

    # When
    variables = cloud.invoke(name).payload

    # Then the function's own are there, the reserved ones are Lambda's, and ours have not leaked
    assert variables["TABLE"] == "ledger"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert variables["_HANDLER"] == "handler.handler"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert variables["TZ"] == ":UTC"
    assert not {"MOTO_PORT", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "USER", "PWD"} & set(variables)


def test_only_the_runtimes_and_the_layers_packages_can_be_imported(cloud: EmptyCloud):
    # Given
    function = cloud.function(
        "def handler(e, c):\n"
        "    import importlib\n"
        "    found = []\n"
        "    for name in e:\n"
        "        try:\n"
        "            importlib.import_module(name)\n"
        "            found.append(name)\n"
        "        except ImportError:\n"
        "            pass\n"
        "    return found\n"
    )

    # When
    found = cloud.invoke(
        function, ["boto3", "pydantic", "moto", "local", "pytest", "cheroot", "rich"]
    ).payload

    # Then
    assert found == ["boto3", "pydantic"]


def test_later_layers_go_before_earlier_ones_and_the_code_before_all(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html."""
    # Given two layers with the same modules, and code with one of them
    client = cloud.client("lambda")
    layers = [
        client.publish_layer_version(LayerName=cloud.fresh("layer"), Content={"ZipFile": _layer(text)})
        for text in ("earlier", "later")
    ]
    code = archive("import a, b\ndef handler(e, c):\n    return [a.origin, b.origin]", a="origin = 'code'")
    function = cloud.function(
        "", Code={"ZipFile": code}, Layers=[layer["LayerVersionArn"] for layer in layers]
    )

    # When
    origins = cloud.invoke(function).payload

    # Then
    assert origins == ["code", "later"]


def test_new_code_and_new_variables_take_effect(cloud: EmptyCloud):
    # Given a warm function
    function = cloud.function("import os\ndef handler(e, c):\n    return ['old', os.environ.get('COLOUR')]")
    assert cloud.invoke(function).payload == ["old", None]

    # When its code changes, then its configuration
    client = cloud.client("lambda")
    new = archive("import os\ndef handler(e, c):\n    return ['new', os.environ.get('COLOUR')]")
    client.update_function_code(FunctionName=function, ZipFile=new)
    after_code = cloud.invoke(function).payload
    client.update_function_configuration(
        FunctionName=function, Environment={"Variables": {"COLOUR": "green"}}
    )

    # Then
    assert after_code == ["new", None]
    assert cloud.invoke(function).payload == ["new", "green"]


def test_a_function_acts_under_its_role_and_every_call_is_attributed_to_it(cloud: EmptyCloud):
    # Given
    name = cloud.fresh("caller")
    cloud.function(
        "import boto3\ndef handler(e, c):\n    return boto3.client('sts').get_caller_identity()['Arn']",
        name=name,
    )

    # When
    identity = cloud.invoke(name).payload

    # Then
    role = cloud.role().rpartition("/")[2]
    assert identity == f"arn:aws:sts::123456789012:assumed-role/{role}/{name}"
    calls = cloud.world("GET", f"/calls?caller={name}").json
    assert [(call["service"], call["action"], call["error"]) for call in calls] == [
        ("sts", "GetCallerIdentity", None)
    ]


def test_what_a_function_prints_is_in_cloudwatch_logs(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html."""
    # Given
    name = cloud.fresh("talker")
    cloud.function(
        "import logging\nlogging.getLogger().setLevel('INFO')\n"
        "def handler(e, c):\n    print('printed')\n"
        "    logging.getLogger().info('logged')\n    raise ValueError('lost')",
        name=name,
    )

    # When
    cloud.invoke(name)

    # Then
    logs = cloud.client("logs")

    def text() -> str:
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"] if groups else []
        return "".join(event["message"] for event in events)

    assert eventually(lambda: "REPORT" in text())
    assert re_lines(text())[:2] == ["START", "printed"]
    assert "[INFO]" in text()
    assert "\tlogged\n" in text()
    assert "[ERROR] ValueError: lost" in text()


def re_lines(text: str) -> list[str]:
    """The first word of every line."""
    return [line.split()[0] for line in text.splitlines() if line.strip()]


def _layer(origin: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("python/a.py", f"origin = {origin!r}")
        file.writestr("python/b.py", f"origin = {origin!r}")
    return content.getvalue()


def test_a_published_version_runs_the_code_that_it_was_published_with(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html."""
    # Given a function that was published and then changed
    function = cloud.function("def handler(e, c):\n    return ['old', c.function_version]")
    client = cloud.client("lambda")
    version = client.publish_version(FunctionName=function)["Version"]
    new = archive("def handler(e, c):\n    return ['new', c.function_version]")
    client.update_function_code(FunctionName=function, ZipFile=new)

    # When
    latest = cloud.invoke(function)
    published = cloud.invoke(function, Qualifier=version)

    # Then
    assert latest.payload == ["new", "$LATEST"]
    assert published.payload == ["old", version]
    assert published.answer["ExecutedVersion"] == version
