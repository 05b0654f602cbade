"""Upload what a template refers to by local path, and put the place in a bucket in its stead.

It does what `aws cloudformation package` does, for the properties that Tidegate's templates have
(https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from local.cfn.template import Json, Template, dump, parse
from local.sam.archives import archive_of_folder, pointer_to

Upload: TypeAlias = Callable[[bytes, str], tuple[str, str]]
"""Stores bytes under a name that begins with their hash and ends as given; returns bucket and key."""


class PackagingError(ValueError):
    """A path in the template leads nowhere."""


class Packager:
    """Packages one template and those nested in it.

    Args:
        upload: Stores an artefact.
        pointers: Upload a pointer to each code folder instead of an archive of it.
    """

    def __init__(self, upload: Upload, *, pointers: bool) -> None:
        self._upload = upload
        self._pointers = pointers

    def package(self, path: Path) -> Template:
        """The template at a path, with every artefact uploaded.

        Raises:
            PackagingError: A path that it names is not there.
        """
        template = parse(path.read_text())
        base = path.resolve().parent
        common = (template.get("Globals") or {}).get("Function") or {}
        if isinstance(common.get("CodeUri"), str):
            common["CodeUri"] = self._code(base, common["CodeUri"])
        for resource in (template.get("Resources") or {}).values():
            properties = resource.get("Properties") or {}
            for name, pack in self._artefacts(str(resource.get("Type"))).items():
                if isinstance(properties.get(name), str) and "://" not in properties[name]:
                    properties[name] = pack(base, properties[name])
        return template

    def _artefacts(self, kind: str) -> dict[str, Callable[[Path, str], Json]]:
        """Which properties of a type are artefacts, and how each of them is packaged."""
        known: dict[str, dict[str, Callable[[Path, str], Json]]] = {
            "AWS::Serverless::Function": {"CodeUri": self._code},
            "AWS::Serverless::LayerVersion": {"ContentUri": self._code},
            "AWS::Serverless::StateMachine": {"DefinitionUri": self._text},
            "AWS::Serverless::HttpApi": {"DefinitionUri": self._text},
            "AWS::Serverless::Application": {"Location": self._nested},
            "AWS::CloudFormation::Stack": {"TemplateURL": self._nested},
            "AWS::Lambda::Function": {"Code": self._lambda_code},
            "AWS::Lambda::LayerVersion": {"Content": self._lambda_code},
            "AWS::StepFunctions::StateMachine": {"DefinitionS3Location": self._text},
        }
        return known.get(kind, {})

    def _code(self, base: Path, path: str) -> dict[str, str]:
        bucket, key = self._put_code(_existing(base, path))
        return {"Bucket": bucket, "Key": key}

    def _lambda_code(self, base: Path, path: str) -> dict[str, str]:
        bucket, key = self._put_code(_existing(base, path))
        return {"S3Bucket": bucket, "S3Key": key}

    def _put_code(self, code: Path) -> tuple[str, str]:
        if code.is_file():
            return self._upload(code.read_bytes(), code.suffix or ".zip")
        return self._upload(pointer_to(code) if self._pointers else archive_of_folder(code), ".zip")

    def _text(self, base: Path, path: str) -> dict[str, str]:
        bucket, key = self._upload(_existing(base, path).read_bytes(), Path(path).suffix)
        return {"Bucket": bucket, "Key": key}

    def _nested(self, base: Path, path: str) -> str:
        body = dump(self.package(_existing(base, path))).encode()
        bucket, key = self._upload(body, ".template")
        return f"https://s3.amazonaws.com/{bucket}/{key}"


def artefact_key(content: bytes, ending: str) -> str:
    """The key of an artefact: its own hash, so that the same content is uploaded once."""
    return f"{hashlib.sha256(content).hexdigest()}{ending}"


def _existing(base: Path, path: str) -> Path:
    found = (base / path).resolve()
    if not found.exists():
        raise PackagingError(f"The template refers to {path}, which is not there")
    return found
