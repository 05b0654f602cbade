"""The functions run from the template that the local cloud was told to deploy: the sources, or a build."""

from __future__ import annotations

import json
import os
import sys
import uuid

from local.process import Options
from local.sam.archives import archive_of
from local.sample import Place
from tests.statemachines.machines import ROOT

LAYER = ROOT / "layers" / "tidegate"


def frames_of_a_failure(place: Place) -> str:
    """Where the code of a function lies, told by the stack trace of an input that it cannot read."""
    answer = place.client("lambda").invoke(FunctionName="tidegate-plan_release", Payload=b"[]")
    said = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    return "".join(said["stackTrace"])


def test_functions_run_from_what_was_deployed(place: Place):
    # Given
    template = Options().template
    assert template is not None
    home = LAYER if template == "template.yaml" else (ROOT / template).resolve().parent / "TidegateLayer"

    # When
    frames = frames_of_a_failure(place)

    # Then
    assert f'"{home}/' in frames, frames
    if home != LAYER:
        assert f'"{LAYER}/' not in frames, frames


def python_of_functions(place: Place) -> str:
    """The version of the Python that runs functions, told by a function that is made to say it."""
    functions, name = place.client("lambda"), f"which-python-{uuid.uuid4().hex[:8]}"
    role = functions.get_function(FunctionName="tidegate-plan_release")["Configuration"]["Role"]
    code = archive_of({"say.py": b"import sys\ndef handler(*_):\n    return list(sys.version_info[:2])\n"})
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Handler="say.handler", Role=role, Code={"ZipFile": code}
    )
    answer = functions.invoke(FunctionName=name)
    functions.delete_function(FunctionName=name)
    return ".".join(str(part) for part in json.loads(answer["Payload"].read()))


def test_a_build_runs_under_the_python_of_the_runtime(place: Place):
    # Given
    runtime = place.client("lambda").get_function(FunctionName="tidegate-plan_release")
    of_template = runtime["Configuration"]["Runtime"].removeprefix("python")
    ours = ".".join(str(part) for part in sys.version_info[:2])

    # Then
    expected = of_template if os.environ.get("TIDEGATE_PYTHON") else ours
    assert python_of_functions(place) == expected
