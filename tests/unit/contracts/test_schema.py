"""The published JSON Schema is the model's, and tells good manifests from bad ones."""

import json
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from tests.unit.contracts.manifests import EXAMPLES, GONE, ROOT, changed, example
from tidegate.contracts.fields import Contract
from tidegate.contracts.manifest import checks, environment, images, model
from tidegate.contracts.manifest.strategies import blue_green, canary, judging, rolling
from tidegate.contracts.paths import fields_of
from tidegate.contracts.schema import manifest_schema, manifest_schema_text

SCHEMA = manifest_schema()
PUBLISHED = ROOT / "docs" / "manifest.schema.json"


def test_the_published_schema_is_up_to_date():
    assert PUBLISHED.read_text() == manifest_schema_text(), (
        "run: python -m tidegate.contracts.schema > docs/manifest.schema.json"
    )


def test_the_module_prints_the_schema():
    command = [sys.executable, "-m", "tidegate.contracts.schema"]
    printed = subprocess.run(
        command, cwd=ROOT / "layers/tidegate", capture_output=True, check=True, text=True
    )
    assert printed.stdout == manifest_schema_text()


def test_the_schema_is_a_valid_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_fit_the_schema(name):
    assert list(Draft202012Validator(SCHEMA).iter_errors(example(name))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Checkout"),
        ("name", GONE),
        ("nmae", "x"),
        ("containers.my app", {"repository": "x1", "tags": {"pattern": "*"}}),
        ("environments.1.strategy.maximum_percent", 90),
        ("environments.0.strategy", {"name": "canary"}),
        ("environments.0.checks.0.kind", "htp"),
        ("task_definition.family", "x"),
        ("task_definition.containerDefinitions.0.healthCheck.interval", 1),
        ("scan.block", ["WORST"]),
    ],
)
def test_bad_fields_do_not_fit_the_schema(path, value):
    assert not Draft202012Validator(SCHEMA).is_valid(changed(example("checkout"), (path, value)))


def test_every_field_of_the_schema_is_described_in_the_guide():
    # Given the fields of everything but the task definition, which AWS describes
    guide = (ROOT / "docs" / "manifest.md").read_text()
    ours = [checks, environment, images, model, rolling, judging, canary, blue_green]
    names = {
        name
        for module in ours
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Contract) and each.__module__ == module.__name__
        for name in fields_of(each)
    }
    assert {"name", "maximum_percent", "within_ms", "expires"} <= names
    # Then the guide speaks of each
    assert {name for name in names if f"`{name}`" not in guide} == set()


def test_the_examples_in_the_guide_are_json():
    blocks = (ROOT / "docs" / "manifest.md").read_text().split("```json\n")[1:]
    assert blocks
    for block in blocks:
        json.loads(block.split("```")[0])
