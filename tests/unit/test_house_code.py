"""How long code may be, who reads the environment, what the domain may use, and words that must not occur."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.statemachines.machines import ROOT

PACKAGE = ROOT / "layers/tidegate/tidegate"
# About 200 and about 30 lines, with a tenth on top so that nobody counts.
LONGEST_MODULE = 220
LONGEST_FUNCTION = 33
# A ratchet: what is longer, how long it may be, and why. Nothing is added here without a reason.
ONE_SHAPE = "the fields of one AWS shape or resource after another, better read in one place"
LONGER_MODULES = {
    "layers/tidegate/tidegate/bootstrap.py": (250, "one property for each port"),
    "layers/tidegate/tidegate/contracts/container_definition.py": (230, ONE_SHAPE),
}
OPTIONS = "the options of one command, each with its help, before a few lines"
LONGER_FUNCTIONS = {
    "cli/commands/deploying.py::deploy": (50, OPTIONS),
    "cli/commands/deploying.py::rollback": (36, OPTIONS),
    "cli/commands/watching.py::watch": (40, OPTIONS),
    "layers/tidegate/tidegate/steps/adoption.py::adopt": (36, "each condition with its sentence"),
    "local/api/request.py::event_of": (42, ONE_SHAPE),
    "local/world/ecr/push.py::put_image": (38, "the checks of one API call, in the order of AWS"),
    "local/world/ecs/task_shapes.py::task_shape": (52, ONE_SHAPE),
    "local/world/metrics/alarms.py::_evaluate": (35, "the rules for missing data, one after another"),
}


def modules(*folders: str) -> list[Path]:
    """Every Python file of ours below the folders."""
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, f"no Python below {folders}"
    return found


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def documentation(node: ast.AST) -> int:
    """The lines of the docstring of a module, class or function, which count for nobody's length."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return 0
    return _lines(node.body[0]) if ast.get_docstring(node) is not None else 0


def length(path: Path) -> int:
    """The lines of a module without its docstrings."""
    return len(path.read_text().splitlines()) - sum(documentation(node) for node in ast.walk(tree(path)))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a module with its lines, without docstring and decorators."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{relative(path)}::{node.name}", _lines(node) - documentation(node)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def beyond(lengths: dict[str, int], longest: int, exceptions: dict[str, tuple[int, str]]) -> list[str]:
    """What is longer than allowed, and exceptions that nothing needs any more."""
    allowed = {name: exceptions[name][0] if name in exceptions else longest for name in lengths}
    problems = [
        f"{name} has {lines} lines, at most {allowed[name]} are allowed"
        for name, lines in lengths.items()
        if lines > allowed[name]
    ]
    needless = [name for name in exceptions if lengths.get(name, 0) <= longest]
    return problems + [f"the exception for {name} can go" for name in needless]


def test_modules_are_short():
    lengths = {relative(path): length(path) for path in modules("layers", "local", "functions", "cli")}
    assert beyond(lengths, LONGEST_MODULE, LONGER_MODULES) == []


def test_functions_are_short():
    places = modules("layers", "local", "functions", "cli")
    lengths = dict(found for path in places for found in functions(path))
    assert beyond(lengths, LONGEST_FUNCTION, LONGER_FUNCTIONS) == []


def test_lengths_leave_out_docstrings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Given
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(
        '"""Sums."""\n\n\ndef add(a, b):\n    """Add.\n\n    More.\n    """\n    return a + b\n'
    )

    # When / Then
    assert list(functions(module)) == [("module.py::add", 2)]
    assert length(module) == 4


def test_a_stale_or_a_missing_exception_is_found():
    assert beyond({"a": 201, "b": 10}, 200, {"b": (250, "why")}) == [
        "a has 201 lines, at most 200 are allowed",
        "the exception for b can go",
    ]


def reads_environment(module: ast.Module) -> bool:
    """Whether a module touches os.environ or os.getenv, however it imports them."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return any(name.name in {"environ", "environb", "getenv"} for name in node.names)
    return False


def test_settings_is_the_only_reader_of_the_environment():
    readers = {relative(path) for path in modules("layers", "functions") if reads_environment(tree(path))}
    assert readers == {"layers/tidegate/tidegate/settings.py"}


def imported(module: ast.Module) -> set[str]:
    """The first part of every name that a module imports."""
    names = {name.name for node in ast.walk(module) if isinstance(node, ast.Import) for name in node.names}
    names |= {
        node.module or "" for node in ast.walk(module) if isinstance(node, ast.ImportFrom) if not node.level
    }
    return {name.split(".")[0] for name in names}


def test_the_domain_imports_the_standard_library_and_itself_only():
    for path in [
        *modules("layers/tidegate/tidegate/domain"),
        *modules("layers/tidegate/tidegate/ports"),
        PACKAGE / "errors.py",
    ]:
        assert imported(tree(path)) - sys.stdlib_module_names <= {"tidegate"}, relative(path)


def test_the_domain_has_no_clock_and_no_input_or_output():
    clocks = {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns"}
    outside = {
        "asyncio",
        "http",
        "os",
        "pathlib",
        "random",
        "secrets",
        "shutil",
        "socket",
        "subprocess",
        "threading",
        "urllib",
    }
    for path in modules("layers/tidegate/tidegate/domain"):
        module = tree(path)
        calls = {
            node.func.attr
            for node in ast.walk(module)
            if isinstance(node, ast.Call)
            if isinstance(node.func, ast.Attribute)
        }
        assert calls & clocks == set(), f"{relative(path)} asks for the time"
        assert imported(module) & outside == set(), f"{relative(path)} reaches outside"


def test_every_module_of_the_package_stands_in_the_import_contracts():
    # Given
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    protected = {module for contract in contracts for module in contract.get("protected_modules", [])}

    # When
    present = {f"tidegate.{path.stem}" for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}

    # Then
    assert present - {"tidegate.__init__", "tidegate.__pycache__"} - protected == set()


# Put together from parts, so that this file does not hold them itself.
HOSTS = [
    ("py", "pi.org"),
    ("python", "hosted.org"),
    ("npm", "js.org"),
    ("npm", "js.com"),
    ("deb.", "debian.org"),
]
FOLDERS = ["work", "root", "home"]
FORBIDDEN = re.compile(
    "|".join([re.escape(a + b) for a, b in HOSTS] + [rf"(?<![\w.}}$/*-])/{folder}/" for folder in FOLDERS])
)
# The home of the user as whom Lambda runs a function, which the local cloud imitates.
ALLOWED = re.compile("/" + "home/sbx_user1051")


def tracked() -> list[Path]:
    """Every file that git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [ROOT / line for line in listing.stdout.splitlines()]
    assert found, "git lists no file"
    return [path for path in found if path.is_file()]


def test_no_file_names_a_machine_path_or_a_registry():
    found = [
        f"{relative(path)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FORBIDDEN.search(ALLOWED.sub("", line))
    ]
    assert found == []


def test_a_forbidden_word_is_found():
    assert FORBIDDEN.search("see https://py" + "pi.org/simple")
    assert FORBIDDEN.search("cd /" + "work/main")
    assert not FORBIDDEN.search("https://example.com/work/root/home/")
