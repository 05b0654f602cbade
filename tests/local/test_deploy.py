"""Deploying a template: from its source or its build, the first time and again."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from local.deploy import DeploymentError, deploy
from local.sam.archives import archive_of_folder, folder_in, pointer_to
from local.sam.package import PackagingError
from tests.local.mends.server import Server, running

APP = Path(__file__).parent / "fixtures" / "app"


@pytest.fixture(scope="module")
def server() -> Server:
    server = running()
    server.client("ssm").put_parameter(Name="/greeting", Value="Hi", Type="String", Overwrite=True)
    return server


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of the sample application that a test may change."""
    return Path(shutil.copytree(APP, tmp_path / "app"))


@pytest.fixture(scope="module")
def deployed(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    app = Path(shutil.copytree(APP, tmp_path_factory.mktemp("deployed") / "app"))
    return app, deploy(app / "template.yaml", "sample", {"Mail": "a@example.com"}, server.endpoint)


def _greet(server: Server, outputs: dict[str, str], given: dict[str, str]) -> dict[str, Any]:
    machines = server.client("stepfunctions")
    started = machines.start_execution(
        stateMachineArn=outputs["ParentArn"], input=json.dumps({"fail": "", **given})
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        ended = machines.describe_execution(executionArn=started["executionArn"])
        if ended["status"] != "RUNNING":
            return dict(json.loads(ended["output"]))
        time.sleep(0.02)
    raise AssertionError("the machine still runs")


def test_the_whole_application_is_there_and_works(server: Server, deployed: tuple[Path, dict[str, str]]):
    # Given a SAM template with functions, a layer, machines, events, tables and an API
    _, outputs = deployed

    # When the parent machine runs: it starts its child, which invokes the function, which uses the layer
    good = _greet(server, outputs, {"name": "Ann"})
    bad = _greet(server, outputs, {"name": "Ann", "fail": "no"})

    # Then everything has found everything
    assert good == {"outcome": "succeeded", "greeting": {"text": "Hello Ann", "stage": "test"}}
    assert bad == {"outcome": "failed", "reason": "Terminal"}
    assert outputs["ApiEndpoint"].startswith(f"{server.endpoint}/_aws/execute-api/")
    assert outputs["MailSubscription"].startswith("arn:aws:sns:")


def test_functions_run_from_their_folders(server: Server, deployed: tuple[Path, dict[str, str]]):
    app, outputs = deployed
    handler = app / "functions" / "greet" / "handler.py"

    handler.write_text(handler.read_text().replace("GREETINGS[0]", "'Good day,'"))

    assert _greet(server, outputs, {"name": "Ann"})["greeting"] == {"text": "Good day, Ann", "stage": "test"}


def test_deploying_again_changes_what_has_changed_and_nothing_else(
    server: Server, deployed: tuple[Path, dict[str, str]]
):
    # Given a deployed application
    app, outputs = deployed
    cloudformation, machines = server.client("cloudformation"), server.client("stepfunctions")
    child = app / "statemachines" / "child.asl.json"

    # When it is deployed as it is, and then with another parameter and another definition
    same = deploy(app / "template.yaml", "sample", {"Mail": "a@example.com"}, server.endpoint)
    events = len(cloudformation.describe_stack_events(StackName="sample")["StackEvents"])
    child.write_text(child.read_text().replace("Greets by a function", "Greets as before"))
    deploy(app / "template.yaml", "sample", {"Mail": "a@example.com", "Stage": "live"}, server.endpoint)

    # Then nothing happened the first time, and what uses either changed the second
    assert same == outputs
    arn = outputs["ParentArn"].replace("sample-parent", "sample-child")
    assert "Greets as before" in machines.describe_state_machine(stateMachineArn=arn)["definition"]
    newest = cloudformation.describe_stack_events(StackName="sample")["StackEvents"]
    changed = {one["LogicalResourceId"] for one in newest if one["ResourceStatus"] == "UPDATE_COMPLETE"}
    assert events <= 100
    assert {"GreetFunction", "Table", "ChildStateMachine"} <= changed
    assert "ParentStateMachine" not in changed
    assert _greet(server, outputs, {"name": "Bob"})["greeting"]["stage"] == "live"


def test_a_template_made_by_sam_build_is_deployed_from_its_build(server: Server, app: Path):
    # Given a build: the same template beside other folders
    build = app / ".aws-sam" / "build"
    shutil.copytree(APP / "functions" / "greet", build / "GreetFunction")
    template = (app / "template.yaml").read_text()
    keep = template.index("  WordsLayer:"), template.index("  HttpApi:\n")
    body = template[keep[0] : keep[1]].replace("CodeUri: functions/greet", "CodeUri: GreetFunction")
    (build / "template.yaml").write_text(_small(template, body.replace("layers/words", "../../layers/words")))

    # When it is deployed
    deploy(app / "template.yaml", "built", {}, server.endpoint, built=True)

    # Then the function's archive points to the built folder
    location = server.client("lambda").get_function(FunctionName="built-greet")["Code"]["Location"]
    assert location
    assert folder_in(pointer_to(build / "GreetFunction")) == build / "GreetFunction"


def _small(template: str, resources: str) -> str:
    """The sample template with these resources only; what hung on the others is taken out."""
    head = template[: template.index("Parameters:")]
    lines = [line for line in resources.splitlines() if "ApiId" not in line and "!Ref Table" not in line]
    globals_ = (
        "Globals: {Function: {Runtime: python3.13, Handler: handler.handler, Layers: [!Ref WordsLayer]}}\n"
    )
    text = "\n".join(lines).replace("        - DynamoDBCrudPolicy: {TableName: !Ref Table}\n", "")
    return head + globals_ + "Resources:\n" + text + "\n"


def test_a_failing_resource_is_named_with_its_reason(server: Server, app: Path):
    template = app / "template.yaml"
    text = template.read_text().replace("Period: 60\n", "Perod: 60\n")
    template.write_text(text.replace("alias/${AWS::StackName}", "alias/broken"))

    with pytest.raises(
        DeploymentError, match=r"ErrorsAlarm \(AWS::CloudWatch::Alarm\): .*unsupported property Perod"
    ):
        deploy(template, "broken", {}, server.endpoint)


def test_a_type_that_is_not_supported_is_named(server: Server, tmp_path: Path):
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {A: {Type: AWS::GameLift::Fleet}}")

    with pytest.raises(DeploymentError, match="AWS::GameLift::Fleet"):
        deploy(template, "unknown", {}, server.endpoint)


def test_a_folder_that_is_not_there_is_named(server: Server, app: Path):
    template = app / "template.yaml"
    template.write_text(template.read_text().replace("functions/greet", "functions/gone"))

    with pytest.raises(PackagingError, match="functions/gone, which is not there"):
        deploy(template, "gone", {}, server.endpoint)


def test_an_archive_may_hold_the_code_itself(app: Path):
    folder = app / "functions" / "greet"

    assert folder_in(archive_of_folder(folder)) is None
    assert folder_in(pointer_to(folder)) == folder.resolve()
    assert archive_of_folder(folder) == archive_of_folder(folder)
    assert folder_in(b"not an archive") is None
