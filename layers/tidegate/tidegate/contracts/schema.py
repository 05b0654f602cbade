"""The JSON Schema of the manifest, for editors and for checks before a manifest is registered.

`python -m tidegate.contracts.schema` prints it; `docs/manifest.schema.json` is that text (a test compares).
The schema knows single fields only. The rules between fields are checked by `register_service`.
"""

import json
import sys
from typing import Any

from tidegate.contracts.manifest import Manifest

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema of the manifest, generated from its model."""
    schema = Manifest.model_json_schema(by_alias=True, mode="validation")
    _tidy(schema)
    schema["title"] = "Tidegate service manifest"
    return {"$schema": DIALECT, **schema}


def manifest_schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"


def _tidy(node: object) -> None:
    """Leave out titles that only repeat a name, and let keys that no pattern allows be mistakes."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        if "patternProperties" in node:
            node["additionalProperties"] = False
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        _tidy(child)


if __name__ == "__main__":
    sys.stdout.write(manifest_schema_text())
