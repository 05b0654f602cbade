"""The operators' status pages: who is let in, what each page shows, and that reading changes nothing."""

from __future__ import annotations

import base64
import json
import re
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.breaking import fakes_of
from tests.unit.examples import (
    APPROVER,
    at,
    deployment,
    digest,
    environment,
    execution_arn,
    registered,
    release,
    running,
    service,
    wait,
)
from tidegate.domain.approval import Approval, ApprovalStatus, Vote
from tidegate.domain.outcome import Outcome
from tidegate.domain.session import Session, secret_hash
from tidegate.errors import Terminal, Transient
from tidegate.steps import status_page, status_views
from tidegate.steps.status_page import Command, run
from tidegate.web.status import trail

Answer = dict[str, Any]
COOKIE = "session-secret-of-ada-000000000000000000000"
LINK = "link-secret-of-ada-000000000000000000000000"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}


def request(
    method: str, path: str, *, cookie: str | None = None, headers: dict[str, str] | None = None, **query: str
) -> Command:
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(query),
        "headers": {"host": "tidegate.example", "x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "isBase64Encoded": False,
    }
    if cookie is not None:
        event["cookies"] = [f"other=1; {cookie}".split("; ")[0], f"__Host-tidegate={cookie}"]
    return Command.model_validate(event)


def get(
    ports: FakePorts, path: str, *, method: str = "GET", cookie: str | None = COOKIE, **query: str
) -> Answer:
    return run(request(method, path, cookie=cookie, **query), ports)


def post(ports: FakePorts, path: str, *, cookie: str | None = None, **headers: str) -> Answer:
    sent = FORM | {name.replace("_", "-"): value for name, value in headers.items()}
    return run(request("POST", path, cookie=cookie, headers=sent), ports)


def signed_in(ports: FakePorts | None = None) -> FakePorts:
    """Ada has a session for an hour."""
    ports = ports or registered(fake_ports())
    ports.sessions.sessions[secret_hash(COOKIE)] = Session("ada@example.com", at(3600))
    return ports


def offered(ports: FakePorts | None = None) -> FakePorts:
    """Ada was given a link."""
    ports = ports or fake_ports()
    ports.sessions.links[secret_hash(LINK)] = Session("ada@example.com", at(120))
    return ports


def plain(body: str) -> str:
    """What a person reads of a page."""
    without = re.sub(r"<style>.*?</style>|<[^>]+>", " ", body, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without)


def state(ports: FakePorts) -> str:
    """Everything that the fakes hold."""
    return repr(
        [
            {
                name: deepcopy(value)
                for name, value in vars(fake).items()
                if name not in ("calls", "_failures")
            }
            for _, fake in fakes_of(ports)
        ]
    )


# --- who is let in ------------------------------------------------------------------------------------------


PATHS = [
    "/status",
    "/status/",
    "/status/services",
    "/status/services/checkout",
    "/status/services/nobody-has-it",
    "/status/releases/checkout-20261123T120000Z-000384",
    "/status/releases/checkout-20261123T120000Z-000384/prod/1/canary.svg",
    "/status/audit",
    "/status/audit.csv",
    "/status/audit.json",
    "/status/open/forged-link",
    "/status/open",
    "/status/open/a/b",
    "/status/nothing/at/all",
    "/status/%2e%2e/%00",
]


def test_everybody_without_a_session_gets_the_same_page():
    # Given
    ports = registered(fake_ports())
    expected = get(ports, "/status", cookie=None)

    # When
    answers = [get(ports, path, cookie=cookie) for path in PATHS for cookie in (None, "", "forged")]
    answers += [get(ports, path, method="HEAD", cookie=None) for path in PATHS]
    answers += [post(ports, "/status/open/forged-link"), post(ports, "/status/services")]

    # Then
    assert expected["statusCode"] == 401
    assert "tidegate open" in expected["body"]
    assert all(answer == expected for answer in answers)


def test_a_session_ends_after_its_time():
    ports = signed_in()
    assert get(ports, "/status")["statusCode"] == 200

    ports.clock.advance(3600)

    assert get(ports, "/status")["statusCode"] == 401


def test_a_link_is_shown_by_get_and_exchanged_by_post_once():
    # Given
    ports = offered()

    # When a scanner opens it, more than once
    before = state(ports)
    shown = [
        get(ports, f"/status/open/{LINK}", method=method, cookie=None) for method in ("GET", "HEAD", "GET")
    ]

    # Then nothing is used up
    assert state(ports) == before
    assert {answer["statusCode"] for answer in shown} == {200}
    assert "ada@example.com" in shown[0]["body"]
    assert '<form method="post">' in shown[0]["body"]

    # When the person sends the form
    answer = post(ports, f"/status/open/{LINK}")

    # Then there is a session, and the link is gone
    assert (answer["statusCode"], answer["headers"]["Location"]) == (303, "../../status")
    (cookie,) = answer["cookies"]
    found = re.fullmatch(
        r"__Host-tidegate=(\S+); Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure", cookie
    )
    assert found
    assert ports.sessions.sessions == {secret_hash(found[1]): Session("ada@example.com", at(3600))}
    assert get(ports, "/status", cookie=found[1])["statusCode"] == 200
    closed = get(ports, "/status", cookie=None)
    assert post(ports, f"/status/open/{LINK}") == closed
    assert get(ports, f"/status/open/{LINK}", cookie=None) == closed


def test_a_link_whose_time_is_over_opens_nothing():
    ports = offered()
    ports.clock.advance(120)
    closed = get(ports, "/status", cookie=None)

    assert get(ports, f"/status/open/{LINK}", cookie=None) == closed
    assert post(ports, f"/status/open/{LINK}") == closed
    assert ports.sessions.sessions == {}


def test_of_two_who_exchange_a_link_at_once_one_gets_in():
    # Given a link that is gone between the look and the exchange
    ports = offered()
    exchange = ports.sessions.exchange
    ports.sessions.exchange = lambda *_, **__: exchange("gone", "x", Session("x", at(1)), at=at(0))

    # Then
    assert post(ports, f"/status/open/{LINK}")["statusCode"] == 401


@pytest.mark.parametrize("headers", [{"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}])
def test_a_form_of_a_foreign_page_neither_signs_in_nor_out(headers: dict[str, str]):
    ports = signed_in(offered())
    before = state(ports)

    assert post(ports, f"/status/open/{LINK}", **headers)["statusCode"] == 401
    assert post(ports, "/status/sign-out", cookie=COOKIE, **headers)["statusCode"] == 401
    assert state(ports) == before


def test_by_plain_http_the_cookie_has_no_prefix_and_is_not_secure():
    # Given the local cloud, which has no https
    ports = offered()

    # When
    answer = post(ports, f"/status/open/{LINK}", x_forwarded_proto="http")

    # Then
    (cookie,) = answer["cookies"]
    assert cookie.startswith("tidegate=")
    assert "Secure" not in cookie
    sent = request("GET", "/status", headers={"x-forwarded-proto": "http"})
    sent.root["cookies"] = [cookie.partition(";")[0]]
    assert run(sent, ports)["statusCode"] == 200


def test_signing_out_forgets_the_session():
    ports = signed_in()

    answer = post(ports, "/status/sign-out", cookie=COOKIE)

    assert (answer["statusCode"], answer["headers"]["Location"]) == (303, "../status")
    assert answer["cookies"] == ["__Host-tidegate=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"]
    assert ports.sessions.sessions == {}
    assert post(ports, "/status/sign-out")["statusCode"] == 303


def test_signing_out_is_not_done_by_opening_an_address():
    ports = signed_in()

    assert get(ports, "/status/sign-out")["statusCode"] == 404
    assert ports.sessions.sessions


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_do_nothing(method: str):
    ports = signed_in(offered())
    before = state(ports)

    answer = get(ports, f"/status/open/{LINK}", method=method)

    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD, POST")
    assert state(ports) == before


# --- what holds for every page ------------------------------------------------------------------------------


def told(hostile: str = "") -> FakePorts:
    """A fleet in which much is going on; every text that a person or an image can choose may be hostile."""
    ports = signed_in()
    good = release(ports, letter="a", pushed=-9000, salt=1, outcome=Outcome.SUCCEEDED, ended_at=at(-8000))
    deployment(ports, good, "dev", outcome=Outcome.SUCCEEDED, opened=-8900, tags={"app": f"1.0.a{hostile}"})
    going = running(
        ports, letter="b", pushed=-120, salt=2, requested_by=f"ada{hostile}", reason=f"why{hostile}"
    )
    going = replace(going, images={"app": replace(going.images["app"], tag=f"1.0.b{hostile}")})
    ports.releases.stored[going.id] = replace(going, touched=("dev",))
    checks = ({"name": f"smoke{hostile}", "status": f"failed{hostile}", "reason": f"500{hostile}"},)
    deployment(
        ports,
        going,
        "dev",
        outcome=Outcome.ROLLED_BACK,
        opened=-100,
        reason=f"crash{hostile}",
        checks=checks,
        approved_by=f"bea{hostile}",
        from_images={"app": f"checkout@{digest('a')}"},
        strategy="canary",
    )
    ports.approvals.create(
        Approval(
            id=f"{going.id}.prod.a1.r0",
            release=going.id,
            service="checkout",
            environment="prod",
            digests=going.digests,
            from_task_definition=None,
            from_images={},
            requested_at=at(-90),
            expires_at=at(3600),
            requested_by=f"ada{hostile}",
            asked=(APPROVER, f"sec{hostile}"),
        ),
        {},
    )
    said = Approval(
        id="old",
        release=going.id,
        service="checkout",
        environment="staging",
        digests={},
        from_task_definition=None,
        from_images={},
        requested_at=at(-95),
        expires_at=at(3600),
        requested_by=None,
        asked=(APPROVER,),
        status=ApprovalStatus.REJECTED,
        decided_by=f"bea{hostile}",
        decided_at=at(-60),
        comment=f"no{hostile}",
    )
    ports.approvals.stored["old"] = said
    wait(ports, "lock/checkout/staging", going.id, created=-30)
    wait(ports, f"scan/checkout{hostile}@{digest('b')}", going.id, "other", created=-20)
    for kind, entry in (
        ("release.created", {"trigger": "push", "requested_by": f"ada{hostile}", "reason": f"r{hostile}"}),
        (
            "approval.rejected",
            {"by": f"bea{hostile}", "comment": f"no{hostile}", "environment": f"x{hostile}"},
        ),
        (f"odd{hostile}.kind", {f"key{hostile}": f"value{hostile}", "checks": list(checks)}),
    ):
        ports.journal.append(going.id, kind, entry, at=at(-50), key=kind)
    ports.quarantine.add("checkout", digest("b"), reason=f"bad{hostile}", release=going.id, at=at(-40))
    ports.freezes.set("checkout", "prod", reason=f"holidays{hostile}", by="ana", at=at(-5))
    return ports


def going_of(ports: FakePorts) -> str:
    return next(each.id for each in ports.releases.stored.values() if not each.ended)


def pages_of(ports: FakePorts) -> list[tuple[str, dict[str, str]]]:
    return [
        ("/status", {}),
        ("/status/services", {}),
        ("/status/services", {"q": "che"}),
        ("/status/services/checkout", {}),
        (f"/status/releases/{going_of(ports)}", {}),
        ("/status/audit", {}),
        ("/status/audit", {"service": "checkout", "kind": "approval"}),
        ("/status/audit", {"from": "yesterday"}),
        ("/status/nothing", {}),
    ]


def test_no_page_shows_what_somebody_wrote_as_html():
    # Given
    ports = told(HOSTILE)
    document = {
        "reason": HOSTILE,
        "periods": [{"at": HOSTILE, "verdict": HOSTILE, "figures": {HOSTILE: [1, 1, 1, 1]}}],
    }
    ports.evidence.put(f"checkout/{going_of(ports)}/dev/1/canary.json", document)

    # When
    bodies = [get(ports, path, **query)["body"] for path, query in pages_of(ports)]
    bodies += [get(ports, "/status/services", q=HOSTILE)["body"]]
    bodies += [get(ports, "/status/audit", service=HOSTILE, kind=HOSTILE, to=HOSTILE)["body"]]

    # Then
    for body in bodies:
        assert "<script" not in body.lower()
        assert "<img" not in body
        assert "onerror=alert" not in re.sub(r"&[#\w]+;[^<]*", "", body)
    shown = " ".join(bodies)
    for text in ("why", "crash", "smoke", "bea", "no", "holidays", "bad", "1.0.b", "value"):
        assert f"{text}&lt;script" in shown, text


def test_no_page_asks_another_host_or_runs_a_script():
    # Given
    ports = told()

    # When
    for path, query in pages_of(ports):
        answer = get(ports, path, **query)
        policy = answer["headers"]["Content-Security-Policy"]

        # Then
        assert re.match(r"default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; ", policy)
        assert "script" not in policy
        assert not re.search(r"<(script|link|iframe|object|embed|img|base|meta http-equiv)", answer["body"])
        assert not re.search(r'(src|action|poster)="(https?:)?//', answer["body"])
        assert " style=" not in answer["body"]
        assert answer["headers"]["Cache-Control"] == "no-store"
        assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
        for link in re.findall(r'href="(https?://[^"]+)"', answer["body"]):
            assert re.match(r"https://us-east-1\.console\.aws\.amazon\.com/", link)


def test_the_style_is_the_one_that_the_policy_allows():
    import hashlib

    answer = get(told(), "/status")
    (style,) = re.findall(r"<style>(.*?)</style>", answer["body"], flags=re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"'sha256-{allowed}'" in answer["headers"]["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_changes_nothing(method: str):
    # Given
    ports = told()
    before = state(ports)

    # When
    for path, query in [*pages_of(ports), ("/status/audit.csv", {}), ("/status/audit.json", {})]:
        get(ports, path, method=method, **query)

    # Then
    assert state(ports) == before


def test_links_are_relative_at_every_depth():
    ports = told()
    for path, root in (
        ("/status", "./"),
        ("/status/services", "../"),
        ("/status/services/checkout", "../../"),
    ):
        body = get(ports, path)["body"]
        assert f'href="{root}status/audit"' in body
        assert f'action="{root}status/sign-out"' in body
        assert 'href="/' not in body


def test_a_stage_in_the_path_is_no_part_of_it():
    ports = signed_in()
    sent = request("GET", "/live/status/services", cookie=COOKIE)
    sent.root["requestContext"]["stage"] = "live"

    answer = run(sent, ports)

    assert answer["statusCode"] == 200
    assert 'href="../status/audit"' in answer["body"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/other",
        "/status/nothing",
        "/status/services/Checkout",
        "/status/services/unknown",
        "/status/services/checkout/more",
        "/status/releases",
        "/status/releases/checkout",
        "/status/releases/checkout-20261123T120000Z-ffffff",
        "/status/releases/checkout-20261123T120000Z-000384/prod/1/canary.svg",
        "/status/releases/checkout-20261123T120000Z-000384/prod/0/canary.svg",
        "/status/releases/checkout-20261123T120000Z-000384/..%2F..%2Fx/1/canary.svg",
        "/status/releases/checkout-20261123T120000Z-000384/prod/1/other.svg",
        "/status/audit.xml",
    ],
)
def test_what_is_not_there_is_said_to_be_not_there(path: str):
    answer = get(signed_in(), path)

    assert answer["statusCode"] == 404
    assert "There is nothing here" in answer["body"]


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Transient("ThrottlingException: secret-table"), 503, "Please try again"),
        (Terminal("AccessDenied: secret-table"), 500, "Something is broken"),
    ],
)
def test_what_goes_wrong_is_a_page_that_tells_no_details(error: Exception, status: int, words: str):
    ports = signed_in()
    ports.status.fail("open_work", error)

    answer = get(ports, "/status")

    assert answer["statusCode"] == status
    assert words in answer["body"]
    assert "secret-table" not in answer["body"]


def test_a_store_of_sessions_that_does_not_answer_lets_nobody_in():
    ports = signed_in()
    ports.sessions.fail("get", Transient("throttled"))

    answer = get(ports, "/status")

    assert answer["statusCode"] == 503
    assert "ada@example.com" not in answer["body"]


# --- the pages ----------------------------------------------------------------------------------------------


def test_home_shows_what_waits_and_what_runs():
    text = plain(get(told(), "/status")["body"])

    assert "checkout in prod" in text
    assert f"{APPROVER}, sec" in text
    assert "in 1 h" in text
    assert "For the lock of checkout in staging" in text
    assert "For a scan of checkout sha256:bbbbbbbbbbbb" in text
    assert "1.0.b" in text
    assert "has been in dev" in text
    assert "by ada" in text


def test_of_several_approvers_everybody_who_has_approved_is_shown():
    # Given a request that one of them has approved, and one that two of them have
    ports = told()
    votes = (
        Vote("bea@example.com", at(-30), "fine"),
        Vote("cid@example.com", at(-20), "fire", break_glass=True),
    )
    (open_one,) = [each for each in ports.approvals.stored.values() if each.status is ApprovalStatus.PENDING]
    ports.approvals.stored[open_one.id] = replace(open_one, votes=votes[:1])
    old = ports.approvals.stored["old"]
    ports.approvals.stored["old"] = replace(old, votes=votes, status=ApprovalStatus.APPROVED)

    # When
    home = plain(get(ports, "/status")["body"])
    page = plain(get(ports, f"/status/releases/{going_of(ports)}")["body"])

    # Then
    assert "approved so far by bea@example.com" in home
    assert "bea@example.com approved at 2026-11-23 11:59 UTC : fine" in page
    assert "cid@example.com approved by breaking the glass at 2026-11-23 11:59 UTC : fire" in page


def test_home_says_when_there_is_nothing():
    text = plain(get(signed_in(), "/status")["body"])

    assert "No release waits for an approval." in text
    assert "No release is held up." in text
    assert "No release is on its way." in text


def test_a_request_that_nobody_decided_in_time_says_so():
    ports = told()
    ports.clock.advance(3599.5)
    ports.sessions.sessions[secret_hash(COOKIE)] = Session("ada", at(9999))
    ports.clock.advance(1)

    assert "ran out" in plain(get(ports, "/status")["body"])


def test_home_comes_in_pages(monkeypatch: pytest.MonkeyPatch):
    # Given more than a page holds
    monkeypatch.setattr(status_views, "MOST_OPEN", 2)
    ports = signed_in()
    for number in range(3):
        running(ports, pushed=number, salt=number)

    # When
    first = get(ports, "/status")["body"]
    (after,) = re.findall(r'href="\./status\?after=([^"]+)" rel="next"', first)
    second = get(ports, "/status", after=re.sub("%23", "#", after))["body"]

    # Then
    assert [f"{number:06x}" in first for number in range(3)] == [True, True, False]
    assert [f"{number:06x}" in second for number in range(3)] == [False, False, True]
    assert "First page" in second
    assert "rel=" not in second


@pytest.mark.parametrize("after", ["x", "release#\x00", "other#1", "release#" + "x" * 999, "~"])
def test_a_position_that_no_page_gave_is_the_beginning(after: str):
    ports = told()

    assert get(ports, "/status", after=after)["body"] == get(ports, "/status")["body"]


def test_services_show_what_runs_where():
    text = plain(get(told(), "/status/services")["body"])

    assert "checkout dev 1.0.a sha256:aaaaaaaaaaaa" in text
    assert "The last deployment was rolled back" in text
    assert "prod production nothing yet Frozen: holidays" in text


def test_services_come_in_pages_and_by_the_beginning_of_a_name(monkeypatch: pytest.MonkeyPatch):
    # Given
    monkeypatch.setattr(status_views, "SERVICES", 2)
    ports = signed_in(registered(fake_ports(), service("basket"), service("checkout"), service("search")))

    # When
    first = get(ports, "/status/services")["body"]

    # Then
    assert re.findall(r'id="service-([\w-]+)"', first) == ["basket", "checkout"]
    assert 'href="../status/services?after=checkout" rel="next"' in first
    second = get(ports, "/status/services", after="checkout")["body"]
    assert re.findall(r'id="service-([\w-]+)"', second) == ["search"]
    some = get(ports, "/status/services", q="SEA")["body"]
    assert re.findall(r'id="service-([\w-]+)"', some) == ["search"]
    assert "No service has such a name." in get(ports, "/status/services", q="zzz")["body"]
    wrong = get(ports, "/status/services", q="a b")
    assert wrong["statusCode"] == 422
    assert 'role="alert"' in wrong["body"]


def test_a_service_shows_its_environments_and_releases(monkeypatch: pytest.MonkeyPatch):
    # Given
    monkeypatch.setattr(status_views, "RELEASES", 2)
    ports = told()

    # When
    body = get(ports, "/status/services/checkout")["body"]
    text = plain(body)

    # Then
    assert "Fed by checkout" in text
    assert "Manifest revision 1" in text
    assert "1.0.b checkout-20261123T115800Z-000002 running" in text
    assert "succeeded" in text
    (older,) = re.findall(r'\?before=([\w-]+)" rel="next"', body)
    assert "There is no older release." in get(ports, "/status/services/checkout", before=older)["body"]
    assert get(ports, "/status/services/checkout", before="basket-20261123T115800Z-000002")["body"] == body


def test_an_environment_that_is_being_deployed_or_was_dropped_says_so():
    ports = signed_in(registered(fake_ports(), service(environments=(environment("prod"),))))
    going = running(ports, letter="c")
    deployment(ports, going, "attic", tags={"app": "2.0"})

    text = plain(get(ports, "/status/services/checkout")["body"])

    assert "attic no longer in the manifest nothing yet 2.0 is being deployed" in text


def test_a_release_shows_its_environments_decisions_and_timeline():
    # Given
    ports = told()

    # When
    body = get(ports, f"/status/releases/{going_of(ports)}")["body"]
    text = plain(body)

    # Then
    assert "checkout 1.0.b running" in text
    assert "Waits for the lock of checkout in staging" in text
    assert digest("b") in text
    assert "requested by ada: why" in text
    assert "dev rolled back" in text
    assert "took 1 min" in text
    assert "sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb" in text
    assert "smoke: failed . 500" in text
    assert "rejected by bea, after 35 s" in text
    assert "In quarantine because of this release" in text
    assert "Deployment begun in dev" in text
    assert "Approval rejected in x by bea no" in text
    execution = execution_arn(going_of(ports))
    assert f"/states/home?region=us-east-1#/v2/executions/details/{execution}" in body
    assert "#dashboards/dashboard/tidegate" in body
    assert "logGroupNameFilter$3D%2Faws%2Flambda%2Ftidegate-" in body


def test_a_release_that_has_ended_waits_for_nothing_and_is_not_asked_about():
    ports = signed_in()
    ended = release(ports, outcome=Outcome.FAILED, outcome_reason="It crashed.", ended_at=at(60))
    wait(ports, "lock/checkout/dev", ended.id)

    text = plain(get(ports, f"/status/releases/{ended.id}")["body"])

    assert "It crashed." in text
    assert "Waits" not in text
    assert not ports.status.called("waiting")
    assert "No environment was entered." in text


def judged(ports: FakePorts, document: Any, strategy: str = "canary", name: str = "canary") -> str:
    """A release that was judged in prod, with the evidence as it was kept; returns its page."""
    ended = release(ports, outcome=Outcome.SUCCEEDED, ended_at=at(900))
    deployment(ports, ended, "prod", outcome=Outcome.SUCCEEDED, strategy=strategy)
    key = f"checkout/{ended.id}/prod/1/{name}"
    if document is not None:
        ports.evidence.put(f"{key}.json", document)
    return ended.id


PERIODS = [
    {
        "at": "2026-11-23T12:00:00+00:00", "weight": 5, "log_evidence": -0.2, "log_certificate": 0.3,
        "figures": {"5xx": [100, 1, 1900, 15]}, "verdict": "continue",
    },
    {
        "at": "2026-11-23T12:01:00+00:00", "weight": 25, "log_evidence": 4.1, "log_certificate": 0.1,
        "figures": {"5xx": [500, 45, 1500, 12]}, "verdict": "roll_back",
    },
]  # fmt: skip


def test_the_evidence_of_a_canary_is_drawn_and_told_in_figures():
    # Given
    ports = signed_in()
    found = judged(ports, {"reason": "Too many 5xx.", "note": "calibrated yesterday", "periods": PERIODS})

    # When
    body = get(ports, f"/status/releases/{found}")["body"]

    # Then
    assert '<svg class="plot" role="img" aria-label="Weight, 5xx and evidence' in body
    assert "Too many 5xx. calibrated yesterday" in body
    assert "as the judge drew it" not in body
    text = plain(body)
    assert "2026-11-23 12:01 25 % 45 of 500 12 of 1,500 4.1 0.1 roll back" in text


MINUTES = [
    {"at": "2026-11-23T12:00:00+00:00", "log_evidence": -0.4, "verdict": "continue", "errors": [600, 2]},
    {"at": "2026-11-23T12:01:00+00:00", "log_evidence": 7.2, "verdict": "roll_back", "errors": [580, 61]},
]
BAKE = {"reason": "", "sentence": "Too many errors.", "rules": {"alpha": 0.01}, "limits": {"errors": 0.01}}


def test_the_evidence_of_a_bake_is_drawn_and_told_in_figures():
    # Given
    ports = signed_in()
    found = judged(ports, {**BAKE, "periods": MINUTES}, "blue_green", "bake")
    ports.evidence.put_text(f"checkout/{found}/prod/1/bake.svg", "<svg/>", "image/svg+xml")

    # When
    body = get(ports, f"/status/releases/{found}")["body"]

    # Then
    assert '<svg class="plot" role="img" aria-label="errors and evidence for' in body
    assert "Weight of the canary" not in body
    assert "Too many errors." in body
    text = plain(body)
    assert "2026-11-23 12:01 61 of 580 7.2 roll back" in text
    assert f'href="../../status/releases/{found}/prod/1/bake.svg"' in body
    assert get(ports, f"/status/releases/{found}/prod/1/bake.svg")["body"] == "<svg/>"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"periods": "x", "limits": ["errors"], "rules": 1},
        {"periods": [1, {}], "limits": {"errors": "x", "slow": 0.1}, "rules": {"alpha": 7}},
        {"periods": [{"errors": [1]}, {"errors": ["a", 2]}], "limits": {"errors": 0.01}},
    ],
)
def test_the_evidence_of_a_bake_that_cannot_be_read_breaks_no_page(document: Any):
    ports = signed_in()
    found = judged(ports, document, "blue_green", "bake")

    assert get(ports, f"/status/releases/{found}")["statusCode"] == 200


def test_the_picture_that_the_judge_drew_is_served_so_that_it_can_do_nothing():
    # Given
    ports = signed_in()
    found = judged(ports, {"periods": PERIODS})
    picture = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    ports.evidence.put_text(f"checkout/{found}/prod/1/canary.svg", picture, "image/svg+xml")

    # When
    assert (
        f'href="../../status/releases/{found}/prod/1/canary.svg"'
        in get(ports, f"/status/releases/{found}")["body"]
    )
    answer = get(ports, f"/status/releases/{found}/prod/1/canary.svg")

    # Then
    assert answer["body"] == picture
    assert answer["headers"]["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert answer["headers"]["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    assert get(ports, f"/status/releases/{found}/prod/1/canary.svg", cookie=None)["statusCode"] == 401


@pytest.mark.parametrize(
    "document", [None, [], {}, {"periods": None}, {"periods": [1, {"figures": 3}, {"weight": "x"}]}, "text"]
)
def test_evidence_that_is_missing_or_odd_breaks_no_page(document: Any):
    ports = signed_in()
    found = judged(ports, document)

    assert get(ports, f"/status/releases/{found}")["statusCode"] == 200


def test_the_audit_trail_is_filtered_and_leads_on(monkeypatch: pytest.MonkeyPatch):
    # Given
    monkeypatch.setattr(trail, "SHOWN", 2)
    ports = told()

    # When
    body = get(ports, "/status/audit", service="checkout")["body"]

    # Then
    assert body.count('<tr role="row">') == 3
    assert f'href="../status/releases/{going_of(ports)}"' in body
    (older,) = re.findall(r'href="\.\./status/audit\?([^"]+)" rel="next"', body)
    assert "service=checkout" in older
    assert "before=" in older
    some = plain(get(ports, "/status/audit", kind="approval.rejected")["body"])
    assert "Approval rejected approval.rejected" in some
    assert "Release created" not in some
    assert "There is no such entry." in get(ports, "/status/audit", to="2026-11-01")["body"]


def test_a_filter_that_cannot_be_read_is_said_at_its_field_and_reads_nothing():
    ports = told()

    answer = get(ports, "/status/audit", service="No!", **{"from": "2026-13-01"})

    assert answer["statusCode"] == 422
    assert answer["body"].count('aria-invalid="true"') == 2
    assert not ports.status.called("trail")
    assert get(ports, "/status/audit.csv", service="No!")["statusCode"] == 422


def test_the_trail_is_exported_as_json():
    ports = told()

    answer = get(ports, "/status/audit.json", kind="approval")

    document = json.loads(answer["body"])
    (entry,) = document["entries"]
    assert (entry["kind"], entry["service"], entry["by"], entry["why"]) == (
        "approval.rejected",
        "checkout",
        "bea",
        "no",
    )
    assert document["next"] is None
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["headers"]["Content-Disposition"] == 'attachment; filename="tidegate-audit.json"'


def test_the_trail_is_exported_as_csv_and_says_where_it_goes_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trail, "EXPORTED", 1)
    ports = told()

    answer = get(ports, "/status/audit.csv", service="checkout")

    lines = answer["body"].split("\r\n")
    assert lines[0] == "at,service,subject,kind,by,why,entry"
    assert len(lines) == 3
    assert answer["headers"]["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'<audit\.csv\?service=checkout&.*before=.*>; rel="next"', answer["headers"]["Link"])


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/status", 2),
        ("/status/services", 1),
        ("/status/services/checkout", 2),
        ("/status/releases/{}", 2),
        ("/status/audit", 1),
        ("/status/audit.csv", 1),
    ],
)
def test_a_page_asks_the_store_seldom(path: str, most: int):
    # Given
    ports = told()
    path = path.format(going_of(ports))
    for _, fake in fakes_of(ports):
        fake.calls.clear()

    # When
    get(ports, path)

    # Then
    made = [
        (name, call.method) for name, fake in fakes_of(ports) for call in fake.calls if name != "evidence"
    ]
    assert made.count(("sessions", "get")) == 1
    assert len(made) <= 1 + most, made


def test_the_menu_says_where_one_is():
    ports = told()
    for path, name in (
        ("/status", "Now"),
        ("/status/services/checkout", "Services"),
        ("/status/audit", "Audit trail"),
    ):
        assert re.findall(r'aria-current="page">([^<]+)<', get(ports, path)["body"]) == [name]
    assert status_page.READING == ("GET", "HEAD")
