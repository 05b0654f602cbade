"""Archives for Lambda: of files, or of nothing but a pointer to a folder.

Locally a function runs from its folder, so that nothing has to be packed. Its archive is valid and says only
where the folder is, in the member `__folder__.json`: `{"folder": "<absolute path>"}`.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

POINTER = "__folder__.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of these files; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def archive_of_folder(folder: Path) -> bytes:
    """A zip archive of everything in a folder, compiled Python files left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return archive_of({str(path.relative_to(folder)): path.read_bytes() for path in files})


def pointer_to(folder: Path) -> bytes:
    """An archive that holds nothing but the place of a folder."""
    return archive_of({POINTER: json.dumps({"folder": str(folder.resolve())}).encode()})


def folder_in(archive: bytes) -> Path | None:
    """The folder that an archive points to; None where it is an ordinary archive or none at all."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as content:
            if POINTER not in content.namelist():
                return None
            return Path(json.loads(content.read(POINTER))["folder"])
    except zipfile.BadZipFile:
        return None
