"""Holds what `sam build` made against what Lambda will do with it: import each handler beside the built layer.

Run with the runtime's own Python version: `python3.13 .ci/check_build.py build/sam`.
"""

import importlib.util
import sys
from pathlib import Path

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: function and layers, unzipped.
LARGEST_BYTES = 250 * 1024 * 1024


def size(folder: Path) -> int:
    """The bytes below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(build: Path) -> int:
    """Import every built handler; return how many problems there are."""
    layers = [layer for layer in build.iterdir() if (layer / "python" / "tidegate").is_dir()]
    handlers = sorted(build.glob("*/handler.py"))
    if len(layers) != 1 or not handlers:
        print(f"found {len(layers)} layers with the package and {len(handlers)} functions")
        return 1
    sys.path.insert(0, str(layers[0] / "python"))
    problems = 0
    for handler in handlers:
        try:
            spec = importlib.util.spec_from_file_location(f"{handler.parent.name}.handler", handler)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            assert callable(module.handler), "handler is not callable"
        except Exception as error:  # noqa: BLE001 - each failure is reported, then the next is tried
            problems += 1
            print(f"{handler.parent.name}: {type(error).__name__}: {error}")
    largest = size(layers[0]) + max(size(handler.parent) for handler in handlers)
    print(f"{len(handlers)} handlers import under Python {sys.version.split()[0]}, layer and function {largest / 1e6:.0f} MB")
    return problems + (largest >= LARGEST_BYTES)


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))
