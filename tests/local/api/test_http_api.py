"""HTTP APIs over HTTP: the event that a function gets, and the response that its answer becomes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.local.empty_cloud import Answer, EmptyCloud

CODE = """
import json, time
def handler(event, context):
    path = event["rawPath"]
    if path == "/echo" or "/approvals" in path:
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
    if path == "/plain":
        return {"hello": "you"}
    if path == "/text":
        return "words"
    if path == "/redirect":
        headers = {"Location": "/echo", "X-Count": 2}
        return {"statusCode": 303, "headers": headers, "cookies": ["a=1; Path=/", "b=2"]}
    if path == "/picture":
        headers = {"content-type": "image/png"}
        return {"statusCode": 200, "headers": headers, "body": "iVBORw==", "isBase64Encoded": True}
    if path == "/raises":
        raise ValueError("no")
    if path == "/slow":
        time.sleep(5)
    return {"statusCode": "many"}
"""


class Api:
    """One HTTP API in front of one function."""

    def __init__(self, cloud: EmptyCloud, *, cors: dict[str, Any] | None = None, **stage: Any) -> None:
        self._cloud = cloud
        self._client = cloud.client("apigatewayv2")
        self.function = cloud.function(CODE, Timeout=1)
        named = {"CorsConfiguration": cors} if cors else {}
        self.id = self._client.create_api(Name=cloud.fresh("api"), ProtocolType="HTTP", **named)["ApiId"]
        self._integration = self._client.create_integration(
            ApiId=self.id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=self.function,
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        for key in ("GET /{proxy+}", "GET /approvals/{id}", "POST /approvals/{id}"):
            self.route(key)
        self._client.create_stage(ApiId=self.id, StageName="$default", **stage)
        self.allow("*")

    def route(self, key: str) -> None:
        target = f"integrations/{self._integration}"
        self._client.create_route(ApiId=self.id, RouteKey=key, Target=target)

    def allow(self, what: str) -> None:
        self._cloud.client("lambda").add_permission(
            FunctionName=self.function,
            StatementId=self._cloud.fresh("api"),
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{self.id}/{what}",
        )

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._cloud.http(method, f"/_aws/execute-api/{self.id}{path}", body, named)


@pytest.fixture(scope="module")
def api(cloud: EmptyCloud) -> Api:
    return Api(cloud)


def test_the_event_has_everything_that_is_documented(api: Api):
    # When
    answer = api.ask(
        "GET", "/approvals/a%20b?x=1&x=2&y=", Cookie="k=v; l=m", User_Agent="browser/1", X_Many="one"
    )

    # Then
    event = answer.json
    context = event["requestContext"]
    assert answer.status == 200
    assert event["version"] == "2.0"
    assert event["routeKey"] == context["routeKey"] == "GET /approvals/{id}"
    assert event["pathParameters"] == {"id": "a b"}
    assert event["rawQueryString"] == "x=1&x=2&y="
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["k=v", "l=m"]
    assert "cookie" not in event["headers"]
    assert event["headers"]["x-many"] == "one"
    assert event["isBase64Encoded"] is False
    assert "body" not in event
    assert context["http"] == {
        "method": "GET",
        "path": event["rawPath"],
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "browser/1",
    }
    assert context["stage"] == "$default"
    assert context["apiId"] == api.id
    assert context["accountId"] == "123456789012"
    assert context["domainPrefix"] == api.id
    assert abs(context["timeEpoch"] / 1000 - __import__("time").time()) < 60
    assert answer.header("apigw-requestid") == [context["requestId"]]


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [
        ("application/json", False),
        ("text/plain; charset=utf-8", False),
        ("application/x-www-form-urlencoded", True),
        ("application/octet-stream", True),
    ],
)
def test_a_body_that_is_neither_text_nor_json_comes_in_base64(api: Api, kind: str, encoded: bool):
    event = api.ask("POST", "/approvals/1", b"decision=approve", Content_Type=kind).json
    assert event["isBase64Encoded"] is encoded
    body = base64.b64decode(event["body"]) if encoded else event["body"].encode()
    assert body == b"decision=approve"


def test_an_answer_without_a_status_is_itself_the_body(api: Api):
    assert (api.ask("GET", "/plain").json, api.ask("GET", "/plain").status) == ({"hello": "you"}, 200)
    assert api.ask("GET", "/plain").header("content-type") == ["application/json"]
    assert api.ask("GET", "/text").body == b"words"


def test_status_headers_and_cookies_are_the_functions(api: Api):
    answer = api.ask("GET", "/redirect")
    assert answer.status == 303
    assert answer.header("x-count") == ["2"]
    assert answer.header("set-cookie") == ["a=1; Path=/", "b=2"]
    assert answer.header("location") == [f"/_aws/execute-api/{api.id}/echo"]


def test_a_binary_body_is_decoded(api: Api):
    answer = api.ask("GET", "/picture")
    assert answer.body == b"\x89PNG"
    assert answer.header("content-type") == ["image/png"]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/raises", 500, "Internal Server Error"),
        ("/wrong-status", 500, "Internal Server Error"),
        ("/slow", 503, "Service Unavailable"),
    ],
)
def test_what_goes_wrong_behind_is_not_shown(api: Api, path: str, status: int, message: str):
    answer = api.ask("GET", path)
    assert (answer.status, answer.json) == (status, {"message": message})


@pytest.mark.parametrize("method", ["DELETE", "HEAD", "OPTIONS"])
def test_without_a_route_there_is_nothing(api: Api, method: str):
    answer = api.ask(method, "/plain")
    assert answer.status == 404
    assert answer.body == (b"" if method == "HEAD" else b'{"message": "Not Found"}')


def test_an_unknown_api_is_not_found(cloud: EmptyCloud):
    answer = cloud.http("GET", "/_aws/execute-api/nobody/x")
    assert (answer.status, answer.json) == (404, {"message": "Not Found"})


def test_the_functions_policy_must_allow_the_api(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html."""
    # Given an API whose function allows one route only
    api = Api(cloud)
    lambda_ = cloud.client("lambda")
    for statement in __import__("json").loads(lambda_.get_policy(FunctionName=api.function)["Policy"])[
        "Statement"
    ]:
        lambda_.remove_permission(FunctionName=api.function, StatementId=statement["Sid"])
    api.allow("*/GET/approvals/*")

    # Then
    assert api.ask("GET", "/approvals/1").status == 200
    assert api.ask("GET", "/plain").status == 500


def test_too_many_requests_are_throttled(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html."""
    api = Api(cloud, DefaultRouteSettings={"ThrottlingBurstLimit": 2, "ThrottlingRateLimit": 0.1})
    answers = [api.ask("GET", "/plain") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert answers[-1].json == {"message": "Too Many Requests"}


def test_a_preflight_is_answered_without_the_function(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html."""
    # Given
    api = Api(
        cloud, cors={"AllowOrigins": ["https://ops.example"], "AllowMethods": ["GET", "POST"], "MaxAge": 60}
    )

    # When
    preflight = api.ask(
        "OPTIONS", "/plain", Origin="https://ops.example", Access_Control_Request_Method="POST"
    )
    request = api.ask("GET", "/plain", Origin="https://ops.example")
    foreign = api.ask("GET", "/plain", Origin="https://else.example")

    # Then
    assert preflight.status == 204
    assert preflight.header("access-control-allow-methods") == ["GET,POST"]
    assert preflight.header("access-control-max-age") == ["60"]
    assert request.header("access-control-allow-origin") == ["https://ops.example"]
    assert foreign.header("access-control-allow-origin") == []


def test_a_named_stage_is_the_first_part_of_the_path(cloud: EmptyCloud):
    api = Api(cloud)
    cloud.client("apigatewayv2").create_stage(
        ApiId=api.id, StageName="test", StageVariables={"colour": "green"}
    )
    event = api.ask("GET", "/test/approvals/1").json
    assert event["rawPath"] == "/test/approvals/1"
    assert event["requestContext"]["stage"] == "test"
    assert event["stageVariables"] == {"colour": "green"}
    assert event["pathParameters"] == {"id": "1"}
