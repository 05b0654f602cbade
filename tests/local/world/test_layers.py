"""Layers and configurations that can be downloaded again.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from local.world.ecr.layers import VALID_SECONDS

BLOB = b'{"config": {"Labels": {"a": "b"}}}'
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 1},
        "layers": [],
    }
)


def uploaded(region, blob=BLOB):
    upload = region.ecr.initiate_layer_upload(repositoryName="checkout")["uploadId"]
    half = len(blob) // 2
    for first, part in ((0, blob[:half]), (half, blob[half:])):
        region.ecr.upload_layer_part(
            repositoryName="checkout",
            uploadId=upload,
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    done = region.ecr.complete_layer_upload(
        repositoryName="checkout",
        uploadId=upload,
        layerDigests=[f"sha256:{hashlib.sha256(blob).hexdigest()}"],
    )
    return done["layerDigest"]


def address(region, digest=DIGEST):
    return region.ecr.get_download_url_for_layer(repositoryName="checkout", layerDigest=digest)["downloadUrl"]


def signature(url):
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]


def test_a_configuration_is_downloaded_by_a_signed_address_for_a_while(region):
    # Given
    region.repository()
    assert uploaded(region) == DIGEST
    region.ecr.put_image(repositoryName="checkout", imageManifest=MANIFEST, imageTag="1.0.0")

    # When
    url = address(region)

    # Then
    assert urlsplit(url).path == f"/_world/layers/{DIGEST}"
    assert region.installation.layers.download(signature(url)) == BLOB
    assert region.installation.layers.download("0" * 64) is None
    region.advance(VALID_SECONDS + 1)
    assert region.installation.layers.download(signature(url)) is None


@pytest.mark.parametrize(
    ("digest", "code"),
    [(DIGEST, "LayerInaccessibleException"), (f"sha256:{'0' * 64}", "LayersNotFoundException")],
)
def test_only_layers_that_an_image_refers_to_are_given_out(region, digest, code):
    # Given a layer that no image refers to yet
    region.repository()
    uploaded(region)

    # Then
    with pytest.raises(ClientError) as caught:
        address(region, digest)
    assert caught.value.response["Error"]["Code"] == code


def test_an_unknown_repository_is_said(region):
    with pytest.raises(ClientError) as caught:
        address(region)
    assert caught.value.response["Error"]["Code"] == "RepositoryNotFoundException"
