"""Where the code of a deployed function lies, for whoever runs it."""

from __future__ import annotations

from pathlib import Path

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend

from local import settings
from local.mends.patching import Foreign
from local.sam.archives import folder_in

_folders: dict[str, Path | None] = {}


def folders_of(function_name: str) -> list[Path]:
    """The function's code folder, then the folders of its layers in their order.

    A layer's folder is what Lambda would unpack into `/opt`: its Python packages lie in `python/`, or, where
    it was not built, directly in it.

    Returns:
        Nothing if the function was not deployed from folders, or does not exist.
    """
    current = settings.current()
    backend: Foreign = get_backend(current.account, current.region)
    try:
        function = backend.get_function(function_name)
    except UnknownFunctionException:
        return []
    code = _folder(function.code_sha_256, function.code_bytes)
    if code is None:
        return []
    layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
    found = [_folder(layer.code_sha_256, layer.code_bytes) for layer in layers if layer is not None]
    return [code, *(folder for folder in found if folder is not None)]


def _folder(digest: str, archive: bytes | None) -> Path | None:
    """The folder that an archive points to, remembered by the archive's hash."""
    if digest not in _folders:
        _folders[digest] = folder_in(archive or b"")
    return _folders[digest]
