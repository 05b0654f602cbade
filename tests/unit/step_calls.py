"""Which port methods a step can call, read from its source: `run`, and all of `steps` that it reaches."""

from __future__ import annotations

import ast
from functools import cache

from tests.statemachines.machines import ROOT

STEPS = ROOT / "layers/tidegate/tidegate/steps"
PACKAGE = "tidegate.steps"

Place = tuple[str, str]
"""A module of `steps` and a name in it."""
Call = tuple[str, str]
"""A port and a method of it."""


@cache
def calls_of(step: str) -> frozenset[Call]:
    """The port methods that the step's `run` can reach; what it cannot reach is not in it."""
    reached: set[Place] = set()
    found: set[Call] = set()
    waiting: list[Place] = [(step, "run")]
    while waiting:
        place = waiting.pop()
        if place in reached:
            continue
        reached.add(place)
        for node in _definitions().get(place, ()):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute):
                    found |= {(port, inner.attr) for port in _ports(inner.value)}
                waiting += _named(place[0], inner)
    assert found, f"{step} calls no port"
    return frozenset(found)


def _ports(node: ast.AST) -> list[str]:
    """The port that `ports.x` or `self.ports.x` means: everybody calls the bundle by that name."""
    if not isinstance(node, ast.Attribute):
        return []
    bundle = node.value
    name = bundle.id if isinstance(bundle, ast.Name) else getattr(bundle, "attr", None)
    return [node.attr] if name == "ports" else []


def _named(module: str, node: ast.AST) -> list[Place]:
    """What of `steps` a name or `module.name` means."""
    if isinstance(node, ast.Name):
        return [_imports(module).get(node.id, (module, node.id))]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        home, name = _imports(module).get(node.value.id, ("", ""))
        return [(name, node.attr)] if home == PACKAGE else []
    return []


@cache
def _trees() -> dict[str, ast.Module]:
    return {path.stem: ast.parse(path.read_text()) for path in STEPS.glob("*.py")}


@cache
def _imports(module: str) -> dict[str, Place]:
    """Local name to where it comes from; a module itself comes from the package."""
    found: dict[str, Place] = {}
    for node in ast.walk(_trees()[module]):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            home = PACKAGE if node.module == PACKAGE else str(node.module).rpartition(".")[2]
            found |= {each.asname or each.name: (home, each.name) for each in node.names}
    return found


@cache
def _definitions() -> dict[Place, list[ast.AST]]:
    """Functions, classes and constants of every module; a constant may hold functions by name."""
    found: dict[Place, list[ast.AST]] = {}
    for module, tree in _trees().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[module, node.name] = [node]
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [target.id for target in targets if isinstance(target, ast.Name)]
                found |= {(module, name): [node.value] for name in names}
    return found
