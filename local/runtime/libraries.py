"""Which third-party packages a function may import: those of its layers and of the Lambda runtime.

The local cloud itself runs in an environment with many more packages (moto, cheroot, test tools). A
function that could import those would work here and fail on AWS with Runtime.ImportModuleError.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

# https://docs.aws.amazon.com/lambda/latest/dg/python-package.html: the runtime includes the AWS SDK.
RUNTIME_DISTRIBUTIONS = ("boto3",)
# What a layer without a list of requirements is taken to hold; also what the fork server imports ahead.
USUAL_LAYER_DISTRIBUTIONS = ("aws-lambda-powertools", "jinja2", "pydantic")


class LibraryFinder(MetaPathFinder):
    """Finds the allowed top-level packages in site-packages after sys.path has been searched in vain."""

    def __init__(self, site_packages: list[str], allowed: frozenset[str]) -> None:
        self._site_packages = site_packages
        self._allowed = allowed

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a top-level module; submodules are found through their package's own path."""
        if path is not None or fullname not in self._allowed:
            return None
        return PathFinder.find_spec(fullname, self._site_packages, target)


def required_by_layers(layer_folders: Iterable[str]) -> tuple[str, ...]:
    """Names of the distributions that the layers' requirements.txt list, or the usual ones."""
    names: list[str] = []
    for folder in layer_folders:
        listing = Path(folder) / "requirements.txt"
        if listing.is_file():
            names += re.findall(r"(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)", listing.read_text())
    return tuple(names) or USUAL_LAYER_DISTRIBUTIONS


def top_level_modules(distributions: Iterable[str]) -> frozenset[str]:
    """The importable names of these distributions and of everything they require."""
    waiting, seen, modules = list(distributions), set[str](), set[str]()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        modules |= _modules_of(distribution)
        waiting += _requirements_of(distribution)
    return frozenset(modules)


def _modules_of(distribution: metadata.Distribution) -> set[str]:
    files = distribution.files or []
    names = {file.parts[0].partition(".")[0] for file in files if file.suffix in {".py", ".so", ".pyd"}}
    return {name for name in names if name.isidentifier()}


def _requirements_of(distribution: metadata.Distribution) -> list[str]:
    # Extras are left out: nobody asked for them, so the layer would not hold them.
    wanted = [line for line in distribution.requires or [] if "extra ==" not in line]
    return [match[0] for line in wanted if (match := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))]


def restrict_imports(paths: list[str], allowed: frozenset[str]) -> None:
    """Set sys.path to the function's folders and the standard library, and let only `allowed` in besides."""
    site_packages = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    standard = [
        entry
        for entry in sys.path
        if entry.startswith((sys.base_prefix, sys.base_exec_prefix)) and entry not in site_packages
    ]
    sys.path[:] = [*paths, *standard]
    sys.meta_path.append(LibraryFinder(site_packages, allowed))
