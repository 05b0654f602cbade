"""The labels of an image: read from its configuration, within bounds, or not at all."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tidegate.aws import image_labels
from tidegate.aws.image_labels import LARGEST, read_labels
from tidegate.errors import Terminal, Transient

IMAGE = f"sha256:{'1' * 64}"
OTHER = f"sha256:{'2' * 64}"


@dataclass
class Store:
    """A server that gives out one blob, in its own way."""

    address: str = ""
    blob: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip_seconds: float = 0
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def store() -> Iterator[Store]:
    kept = Store()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept.asked.append(self.path)
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.end_headers()
            step = 1 if kept.drip_seconds else 1 << 16
            for start in range(0, len(kept.blob), step):
                try:
                    self.wfile.write(kept.blob[start : start + step])
                except OSError:
                    return
                time.sleep(kept.drip_seconds)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def ecr(model: Any, store: Store) -> Any:
    """A client of ECR whose own address is that of the store, as in the local cloud."""
    return model.create_client(
        "ecr",
        region_name=HOME.region,
        endpoint_url=store.address,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def configuration(**labels: Any) -> bytes:
    return json.dumps({"architecture": "arm64", "config": {"Labels": labels or None}}).encode()


def given(ecr: Any, store: Store, blob: bytes, *, url: str | None = None) -> Scripted:
    """An image whose configuration is the blob."""
    store.blob = blob
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    manifest = json.dumps({"config": {"digest": digest}, "layers": []})
    scripted = Scripted(ecr)
    scripted.answer("BatchGetImage", {"images": [{"imageManifest": manifest}]})
    return scripted.answer("GetDownloadUrlForLayer", {"downloadUrl": url or f"{store.address}/blob?signed=1"})


def test_the_labels_of_an_image_are_read(ecr: Any, store: Store):
    # Given
    scripted = given(ecr, store, configuration(commit="0a1b2c3", number=5))

    # Then what is no text is left out
    assert read_labels(ecr, "checkout", IMAGE) == {"commit": "0a1b2c3"}
    assert store.asked == ["/blob?signed=1"]
    (request,) = scripted.requests["BatchGetImage"]
    assert request["imageIds"] == [{"imageDigest": IMAGE}]
    assert len(request["acceptedMediaTypes"]) == 4


@pytest.mark.parametrize("blob", [configuration(), b'{"config": null}', b"{}"])
def test_an_image_without_labels_says_nothing(ecr: Any, store: Store, blob: bytes):
    given(ecr, store, blob)
    assert read_labels(ecr, "checkout", IMAGE) == {}


def test_of_an_index_the_first_platform_speaks_and_no_attestation(ecr: Any, store: Store):
    # Given
    blob = configuration(commit="0a1b2c3")
    index = {
        "manifests": [
            {"digest": "sha256:0", "platform": {"architecture": "unknown", "os": "unknown"}},
            {"digest": OTHER, "platform": {"architecture": "arm64", "os": "linux"}},
        ]
    }
    manifest = {"config": {"digest": f"sha256:{hashlib.sha256(blob).hexdigest()}"}}
    store.blob = blob
    scripted = Scripted(ecr)
    scripted.answer(
        "BatchGetImage",
        {"images": [{"imageManifest": json.dumps(index)}]},
        {"images": [{"imageManifest": json.dumps(manifest)}]},
    )
    scripted.answer("GetDownloadUrlForLayer", {"downloadUrl": f"{store.address}/blob"})

    # Then
    assert read_labels(ecr, "checkout", IMAGE) == {"commit": "0a1b2c3"}
    assert scripted.requests["BatchGetImage"][1]["imageIds"] == [{"imageDigest": OTHER}]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2:1/blob",
        "http://s3.example/blob",
        "ftp://127.0.0.1/blob",
        "file:///etc/passwd",
        "//x",
        "",
    ],
)
def test_nothing_is_fetched_but_by_https_or_from_where_the_api_itself_is(ecr: Any, store: Store, url: str):
    # Given
    given(ecr, store, configuration(), url=url or " ")

    # Then
    with pytest.raises(Terminal, match="https"):
        read_labels(ecr, "checkout", IMAGE)
    assert store.asked == []


def test_a_redirect_is_not_followed(ecr: Any, store: Store):
    # Given
    given(ecr, store, configuration(commit="0a1b2c3"))
    store.status, store.headers = 302, {"Location": f"{store.address}/elsewhere"}

    # Then
    with pytest.raises(Terminal, match="status 302"):
        read_labels(ecr, "checkout", IMAGE)
    assert len(store.asked) == 1


def test_a_configuration_without_end_is_not_read_to_its_end(ecr: Any, store: Store):
    given(ecr, store, b" " * (LARGEST + 1))
    with pytest.raises(Terminal, match="more than"):
        read_labels(ecr, "checkout", IMAGE)


def test_a_server_that_drips_gains_no_time(ecr: Any, store: Store, monkeypatch: pytest.MonkeyPatch):
    # Given
    monkeypatch.setattr(image_labels, "TIMEOUT_SECONDS", 0.3)
    given(ecr, store, configuration(text="x" * 2000))
    store.drip_seconds = 0.05
    begun = time.monotonic()

    # Then
    with pytest.raises(Terminal, match="within"):
        read_labels(ecr, "checkout", IMAGE)
    assert time.monotonic() - begun < 3


def test_what_is_not_what_the_manifest_names_is_not_believed(ecr: Any, store: Store):
    # Given
    given(ecr, store, configuration(commit="0a1b2c3"))
    store.blob = configuration(commit="forged!")

    # Then
    with pytest.raises(Terminal, match="is not sha256:"):
        read_labels(ecr, "checkout", IMAGE)


@pytest.mark.parametrize(
    "blob", [b"no json", b"[]", b'{"config": ["x"]}', b'{"config": {"Labels": ["x"]}}', b"\xff"]
)
def test_a_configuration_of_another_shape_is_unreadable(ecr: Any, store: Store, blob: bytes):
    given(ecr, store, blob)
    with pytest.raises(Terminal, match="not as expected"):
        read_labels(ecr, "checkout", IMAGE)


@pytest.mark.parametrize("manifest", ["no json", "[]", "{}", '{"config": {}}', '{"manifests": []}'])
def test_a_manifest_of_another_shape_is_unreadable(ecr: Any, store: Store, manifest: str):
    # Given
    Scripted(ecr).answer("BatchGetImage", {"images": [{"imageManifest": manifest}]})

    # Then
    with pytest.raises(Terminal):
        read_labels(ecr, "checkout", IMAGE)


def test_an_image_that_is_gone_is_unreadable(ecr: Any):
    # Given
    Scripted(ecr).answer("BatchGetImage", {"images": [], "failures": []})

    # Then
    with pytest.raises(Terminal, match="does not give the manifest"):
        read_labels(ecr, "checkout", IMAGE)


def test_a_registry_that_is_busy_may_be_asked_again(ecr: Any):
    # Given
    Scripted(ecr).refuse("BatchGetImage", "ThrottlingException")

    # Then
    with pytest.raises(Transient):
        read_labels(ecr, "checkout", IMAGE)


def test_a_server_that_does_not_answer_is_said(ecr: Any, store: Store):
    # Given nobody listens at an https address of this machine
    given(ecr, store, configuration(), url="https://127.0.0.1:9/blob")

    # Then
    with pytest.raises(Terminal, match="did not come"):
        read_labels(ecr, "checkout", IMAGE)
