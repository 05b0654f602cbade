"""A request to the status pages."""

from typing import Any

import pytest

from tidegate.web.status.request import Answer, request_of


def event(**more: Any) -> dict[str, Any]:
    return {"rawPath": "/status", "requestContext": {"http": {"method": "GET"}, "stage": "$default"}, **more}


@pytest.mark.parametrize(
    ("path", "parts", "root"),
    [
        ("/status", ("status",), "./"),
        ("/status/", ("status",), "../"),
        ("/status/services/checkout", ("status", "services", "checkout"), "../../"),
        ("/status/a%2Fb", ("status", "a/b"), "../"),
        ("/", (), "./"),
    ],
)
def test_a_path_is_taken_apart_and_its_depth_is_known(path: str, parts: tuple[str, ...], root: str):
    request = request_of(event(rawPath=path))

    assert (request.parts, request.root) == (parts, root)


def test_an_empty_event_is_read_too():
    request = request_of({})

    assert (request.method, request.parts, request.query, request.cookies) == ("GET", (), {}, {})
    assert request.secure


def test_query_cookies_and_headers():
    request = request_of(
        event(
            rawQueryString="a=1&a=2&b=&c=%23",
            cookies=["x=1=2", " y = 3", "z"],
            headers={"X-Forwarded-Proto": "http"},
        )
    )

    assert request.query == {"a": "1", "b": "", "c": "#"}
    assert request.cookies == {"x": "1=2", "y": " 3", "z": ""}
    assert not request.secure


def test_of_many_parameters_the_first_count():
    query = "&".join(f"p{number}=1" for number in range(100))

    assert len(request_of(event(rawQueryString=query)).query) == 20


@pytest.mark.parametrize(
    ("sent", "encoded", "read"),
    [("a=1", False, "a=1"), ("YT0x", True, "a=1"), ("!", True, ""), ("/w==", True, ""), (None, True, "")],
)
def test_a_body_that_cannot_be_read_is_empty(sent: str | None, encoded: bool, read: str):
    assert request_of(event(body=sent, isBase64Encoded=encoded)).body == read


def test_an_answer_is_what_the_api_takes():
    assert Answer(303, "", {"Location": "x"}, ("a=1",)).to_api() == {
        "statusCode": 303,
        "headers": {"Location": "x"},
        "cookies": ["a=1"],
        "body": "",
        "isBase64Encoded": False,
    }
