"""Tiny public images for the throw-away repository, copied without Docker. Never run.

Pulled as the OCI distribution specification says (https://github.com/opencontainers/distribution-spec) and
uploaded with ECR's own API: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_InitiateLayerUpload.html.
"""

from __future__ import annotations

import hashlib
import json
import urllib.request
from typing import Any

from tests.e2e.account import Account

REGISTRY = "https://public.ecr.aws"
IMAGE = "docker/library/busybox"
TAG = "1.37-musl"
_ACCEPT = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.v2")
)
SERVE = ["sh", "-c", "mkdir -p /www && echo ok > /www/health && exec httpd -f -p 8080 -h /www"]
CRASH = ["sh", "-c", "echo this image does not start; exit 1"]


def copy(account: Account, repository: str, tag: str, *, starts: bool = True) -> str:
    """Put the public image into a repository with another command, so that each has a digest of its own.

    Returns:
        The digest.
    """
    token = json.loads(_get(f"{REGISTRY}/token/?scope=repository:{IMAGE}:pull"))["token"]
    manifest = _manifest(token)
    config = json.loads(_blob(token, manifest["config"]["digest"]))
    config["config"] = {**config.get("config", {}), "Cmd": SERVE if starts else CRASH, "Labels": {"tag": tag}}
    written = json.dumps(config).encode()
    for layer in manifest["layers"]:
        _upload(account, repository, _blob(token, layer["digest"]))
    _upload(account, repository, written)
    manifest["config"] |= {"digest": _digest(written), "size": len(written)}
    put = account.client("ecr").put_image(
        repositoryName=repository,
        imageManifest=json.dumps(manifest),
        imageManifestMediaType=manifest["mediaType"],
        imageTag=tag,
    )
    return str(put["image"]["imageId"]["imageDigest"])


def _manifest(token: str) -> dict[str, Any]:
    """The manifest for arm64; the tag names an index."""
    found: dict[str, Any] = json.loads(_get(f"{REGISTRY}/v2/{IMAGE}/manifests/{TAG}", token))
    for each in found.get("manifests", []):
        if each["platform"]["architecture"] == "arm64":
            return dict(json.loads(_get(f"{REGISTRY}/v2/{IMAGE}/manifests/{each['digest']}", token)))
    return found


def _blob(token: str, digest: str) -> bytes:
    content = _get(f"{REGISTRY}/v2/{IMAGE}/blobs/{digest}", token)
    assert _digest(content) == digest
    return content


def _upload(account: Account, repository: str, content: bytes) -> None:
    """Upload one layer, unless the repository has it already."""
    ecr, digest = account.client("ecr"), _digest(content)
    known = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])["layers"]
    if any(each.get("layerAvailability") == "AVAILABLE" for each in known):
        return
    upload = ecr.initiate_layer_upload(repositoryName=repository)
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=upload["uploadId"],
        partFirstByte=0,
        partLastByte=len(content) - 1,
        layerPartBlob=content,
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload["uploadId"], layerDigests=[digest])


def _get(url: str, token: str = "") -> bytes:
    headers = {"Accept": _ACCEPT} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
