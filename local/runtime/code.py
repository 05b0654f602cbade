"""Where a function's code lies: the folders of the template, or the archive it was created from."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from local import lambda_code
from local.runtime.environment import Deployed, python_of_runtime

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

LOOK_AGAIN_S = 1.0


class CodeStore:
    """Finds folders for functions and says when their content changes.

    Functions of the template run from their source or built folders, without any archive in between.
    Those that somebody created with an archive (`aws lambda create-function --zip-file`) are unpacked once.
    """

    def __init__(self, build: Path) -> None:
        self._unpacked = build / "lambda"
        self._stamps: dict[Path, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def deployed(self, function: LambdaFunction) -> Deployed:
        """The function as it is now; equal to an earlier result only if nothing has changed."""
        code, *layers = self._folders(function)
        stamps = "".join(self._stamp(folder) for folder in (code, *layers))
        qualified = function.function_arn.count(":") == 7
        return Deployed(
            arn=function.function_arn,
            name=function.function_name,
            version=str(function.version) if qualified else "$LATEST",
            handler=function.handler or "",
            runtime=function.run_time or python_of_runtime(),
            memory_mb=int(function.memory_size or 128),
            timeout_s=int(function.timeout or 3),
            variables=tuple(sorted((key, str(value)) for key, value in function.environment_vars.items())),
            code=code,
            layers=tuple(layers),
            stamp=stamps,
            region=function.region,
        )

    def _folders(self, function: LambdaFunction) -> list[Path]:
        folders = lambda_code.folders_of(function.function_name)
        return [Path(folder).resolve() for folder in folders] or self._unpack(function)

    def _unpack(self, function: LambdaFunction) -> list[Path]:
        archives = [function.code_bytes]
        archives += [_layer_archive(function, layer["Arn"]) for layer in function.layers]
        return [self._unpack_archive(archive) for archive in archives]

    def _unpack_archive(self, archive: bytes) -> Path:
        folder = self._unpacked / hashlib.sha256(archive).hexdigest()[:24]
        with self._lock:
            if not folder.is_dir():
                half = folder.with_suffix(f".{os.getpid()}")
                with zipfile.ZipFile(io.BytesIO(archive)) as content:
                    content.extractall(half)
                half.rename(folder)
        return folder

    def _stamp(self, folder: Path) -> str:
        seen_at, stamp = self._stamps.get(folder, (-LOOK_AGAIN_S, ""))
        if time.monotonic() - seen_at < LOOK_AGAIN_S:
            return stamp
        stamp = _newest_change(folder)
        self._stamps[folder] = time.monotonic(), stamp
        return stamp


def _layer_archive(function: LambdaFunction, layer_version_arn: str) -> bytes:
    from moto.awslambda.utils import get_backend

    backend = get_backend(function.account_id, function.region)
    layer = backend.layers_versions_by_arn(layer_version_arn)
    return layer.code_bytes if layer else b""


def _newest_change(folder: Path) -> str:
    newest, count = 0, 0
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                else:
                    newest, count = max(newest, entry.stat().st_mtime_ns), count + 1
    return f"{newest:x}.{count:x}/"
