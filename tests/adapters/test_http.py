"""What `ports.Http` promises, against a web server on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.fakes import FakeHttp
from tidegate.aws.http import UrllibHttp
from tidegate.ports import HttpAnswer


class Handler(BaseHTTPRequestHandler):
    """Answers by the path."""

    def do_GET(self) -> None:
        path = self.path
        self.server.seen.append((self.command, path, dict(self.headers)))  # type: ignore[attr-defined]
        if path.startswith("/redirect/"):
            number = int(path.rpartition("/")[2])
            target = f"/redirect/{number - 1}" if number > 1 else "/landed"
            self._answer(302, headers={"Location": target})
        elif path == "/away":
            there = self.server.address.replace("127.0.0.1", "localhost")  # type: ignore[attr-defined]
            self._answer(307, headers={"Location": f"{there}/landed"})
        elif path == "/to-metadata":
            self._answer(302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
        elif path == "/to-file":
            self._answer(302, headers={"Location": "file:///etc/passwd"})
        elif path == "/big":
            self._answer(200, b"x" * 300_000)
        elif path == "/slow":
            time.sleep(1)
            self._answer(200)
        elif path == "/dribble":
            self._dribble()
        else:
            self._answer(404 if path == "/missing" else 200, b"hello")

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815 - the server looks for these names

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(body)

    def _dribble(self) -> None:
        """A byte now and then: no single read ever times out."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(20):
            if not self._write(b"x" * 20):
                return
            time.sleep(0.1)

    def _write(self, body: bytes) -> bool:
        try:
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            return False
        return True


class Server(ThreadingHTTPServer):
    """A web server that remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def get(
    url: str, method: str = "GET", headers: dict[str, str] | None = None, timeout_s: float = 5
) -> HttpAnswer:
    return UrllibHttp().request(method, url, headers or {}, timeout_s)


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/missing", 404)])
def test_an_answer_has_status_body_and_time(kind: str, server: Server, path: str, status: int):
    # Given
    url = server.address + path
    http = UrllibHttp()
    if kind == "fake":
        http = FakeHttp()  # type: ignore[assignment]
        http.answer(url, status, "hello")  # type: ignore[attr-defined]

    # When
    answer = http.request("GET", url, {"Accept": "text/plain"}, 5)

    # Then
    assert (answer.status, answer.body, answer.error) == (status, "hello", None)
    assert 0 <= answer.elapsed_ms < 5000


def test_a_connection_that_fails_is_an_answer(kind: str):
    http = FakeHttp() if kind == "fake" else UrllibHttp()

    answer = http.request("GET", "http://127.0.0.1:1/", {}, 5)

    assert answer.status is None
    assert answer.error


def test_method_and_headers_are_sent(server: Server):
    get(server.address, "PUT", {"X-Check": "smoke"})

    (method, path, headers) = server.seen[0]
    assert (method, path, headers["X-Check"]) == ("PUT", "/", "smoke")


def test_three_redirects_are_followed(server: Server):
    assert get(f"{server.address}/redirect/3").body == "hello"


def test_a_fourth_redirect_is_not_followed(server: Server):
    answer = get(f"{server.address}/redirect/4")

    assert answer.status is None
    assert answer.error is not None
    assert answer.error.startswith("More than 3 redirects")


def test_a_redirected_post_becomes_a_get_unless_it_must_not(server: Server):
    get(f"{server.address}/redirect/1", "POST")
    get(f"{server.address}/away", "POST")

    assert [(method, path) for method, path, _ in server.seen] == [
        ("POST", "/redirect/1"),
        ("GET", "/landed"),
        ("POST", "/away"),
        ("POST", "/landed"),
    ]


def test_secrets_do_not_follow_to_another_host(server: Server):
    get(
        f"{server.address}/away",
        headers={"Authorization": "secret", "Cookie": "secret", "Accept": "text/plain"},
    )

    (_, _, first), (_, _, second) = server.seen
    assert first["Authorization"] == "secret"
    assert not {"Authorization", "Cookie"} & set(second)
    assert second["Accept"] == "text/plain"


def test_a_long_body_is_cut(server: Server):
    answer = get(f"{server.address}/big")

    assert answer.status == 200
    assert answer.body == "x" * 65_536


@pytest.mark.parametrize("path", ["/slow", "/dribble"])
def test_an_answer_that_takes_too_long_is_an_error(server: Server, path: str):
    start = time.monotonic()

    answer = get(server.address + path, timeout_s=0.4)

    assert answer.status is None
    assert answer.error
    assert time.monotonic() - start < 0.9


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x", "no address", "http://"]
)
def test_only_web_addresses_are_asked(url: str):
    answer = get(url)

    assert answer.status is None
    assert answer.error == f"{url} is no http or https address."


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://169.254.170.2/v2/credentials",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://2852039166/",
    ],
)
def test_the_credentials_of_the_machine_are_out_of_reach(url: str):
    answer = get(url)

    assert answer.status is None
    assert answer.error is not None
    assert "credentials" in answer.error


@pytest.mark.parametrize("path", ["/to-metadata", "/to-file"])
def test_a_redirect_leads_no_further_than_a_request(server: Server, path: str):
    answer = get(server.address + path)

    assert answer.status is None
    assert answer.error is not None
    assert "credentials" in answer.error or "no http or https address" in answer.error


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/", "http://[::1", "http://a..b/"])
def test_an_address_that_makes_no_sense_is_an_answer(url: str):
    answer = get(url)

    assert answer.status is None
    assert answer.error


def test_a_fake_gives_its_answers_one_after_the_other():
    http = FakeHttp()
    http.answer("http://x/", 500)
    http.answer("http://x/", 200)

    assert [http.request("GET", "http://x/", {}, 1).status for _ in range(3)] == [500, 200, 200]
