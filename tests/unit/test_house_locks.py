"""The lock files say what pyproject.toml says, name no registry, and the layer is part of the whole."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from tests.statemachines.machines import ROOT

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", re.MULTILINE)
LOCKS = {
    "requirements.lock": ["layer", "local", "cli", "dev", "bench"],
    "requirements-sam.lock": ["sam"],
    "requirements-checkov.lock": ["checkov"],
    "layers/tidegate/requirements.txt": ["layer"],
}


def pins(name: str) -> dict[str, str]:
    """Package and version of every line of a lock file."""
    found = dict(PIN.findall((ROOT / name).read_text()))
    assert found, f"{name} pins nothing"
    return found


def declared(groups: list[str]) -> dict[str, str]:
    """Package and version of every dependency that pyproject.toml declares in the groups."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return dict(re.sub(r"\[.*?\]", "", line).split("==") for group in groups for line in content[group])


@pytest.mark.parametrize(("lock", "groups"), LOCKS.items(), ids=list(LOCKS))
def test_a_lock_file_holds_what_its_groups_declare(lock: str, groups: list[str]):
    assert declared(groups).items() <= pins(lock).items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_has_a_hash_for_every_package_and_names_no_host(lock: str):
    # Given
    text = (ROOT / lock).read_text()

    # When
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    # Then
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--index" not in text


def test_what_the_layer_bundles_is_what_the_tests_run_against():
    assert pins("layers/tidegate/requirements.txt").items() <= pins("requirements.lock").items()


def test_the_lock_of_the_node_packages_names_no_host():
    # Given
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    # Then
    assert len(packages) > 1
    assert not any("resolved" in package for package in packages.values())
