"""The pages for who is signed in: each reads at most twice from DynamoDB, whatever the size of the fleet."""

from __future__ import annotations

import re

from tidegate.domain.release import service_of
from tidegate.domain.status import History, TrailPage, service_in
from tidegate.ports import Ports
from tidegate.web.status import bake, canary, console, judged, pages, trail
from tidegate.web.status.overview import home_view, release_row, service_view
from tidegate.web.status.pages import Frame
from tidegate.web.status.release import release_view, with_evidence
from tidegate.web.status.request import Answer, Request
from tidegate.web.status.timeline import event_of

MOST_OPEN, MOST_WAITS, MOST_WAITS_OF_ONE = 100, 300, 20
SERVICES, RELEASES = 25, 25
MOST_PICTURES = 6
_READ = {"canary": canary.evidence_of, "blue_green": bake.evidence_of}
_PICTURES = frozenset(f"{name}.svg" for name in judged.NAMES.values())
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_OPEN_AFTER = re.compile(r"(approval|release)#[\x20-\x7d]{1,400}")


def show(ports: Ports, request: Request, frame: Frame) -> Answer:
    """The page at a path; one that says so where there is none."""
    match request.parts[1:] if request.parts[:1] == ("status",) else ("?",):
        case ():
            return _home(ports, request, frame)
        case ("services",):
            return _services(ports, request, frame)
        case ("services", service) if _NAME.fullmatch(service):
            return _service(ports, request, frame, service)
        case ("releases", release) if service_of(release):
            return _release(ports, frame, release)
        case ("releases", release, environment, attempt, name) if name in _PICTURES and service_of(release):
            return _picture(ports, frame, release, environment, attempt, name)
        case ("audit",):
            return _audit(ports, request, frame)
        case (("audit.csv" | "audit.json") as kind,):
            return _export(ports, request, frame, kind)
        case _:
            return _nothing(frame)


def _home(ports: Ports, request: Request, frame: Frame) -> Answer:
    sent = request.query.get("after", "")
    after = sent if _OPEN_AFTER.fullmatch(sent) else None
    work = ports.status.open_work(MOST_OPEN, after=after)
    waits = ports.status.waiting(MOST_WAITS)
    view = home_view(work, waits, MOST_WAITS, frame.now)
    return pages.page("home", frame, view=view, later=after is not None)


def _services(ports: Ports, request: Request, frame: Frame) -> Answer:
    prefix, after = request.query.get("q", "").strip().lower(), request.query.get("after", "")
    mistake = "A service's name has small letters, digits and hyphens." if not _begins(prefix) else None
    after = after if _NAME.fullmatch(after) else ""
    found = ports.status.services(SERVICES, prefix=prefix, after=after or None) if mistake is None else None
    return pages.page(
        "services",
        frame,
        status=422 if mistake else 200,
        views=[service_view(each) for each in found.services] if found else [],
        more=found.more if found else None,
        prefix=prefix,
        after=after,
        mistake=mistake,
    )


def _service(ports: Ports, request: Request, frame: Frame, name: str) -> Answer:
    service = ports.status.service(name)
    if service is None:
        return _nothing(frame)
    sent = request.query.get("before", "")
    before = sent if service_of(sent) == name else None
    releases = ports.releases.newest(name, RELEASES, before=before)
    return pages.page(
        "service",
        frame,
        view=service_view(service),
        releases=[release_row(release) for release in releases],
        older=releases[-1].id if len(releases) == RELEASES else None,
        before=before,
    )


def _release(ports: Ports, frame: Frame, release: str) -> Answer:
    history = ports.status.history(release)
    if history is None:
        return _nothing(frame)
    ended = history.release.ended
    waits = () if ended else ports.status.waiting(MOST_WAITS_OF_ONE, release=release)
    links = console.links(ports.stack, ports.home.region, history.release.execution)
    found = _evidence(ports, history)
    view = release_view(history, waits, links, frame.now)
    return pages.page("release", frame, view=with_evidence(view, found))


def _evidence(ports: Ports, history: History) -> list[judged.JudgedEvidence]:
    """What was kept of the deployments that were judged; nothing of those of which nothing was kept."""
    found = []
    for each in [each for each in history.deployments if each.strategy in judged.NAMES][-MOST_PICTURES:]:
        place = (each.service, each.release, each.environment, each.attempt)
        name = judged.NAMES[each.strategy]
        document = ports.evidence.get(judged.key(*place, f"{name}.json"))
        if document is not None:
            is_drawn = ports.evidence.get(judged.key(*place, f"{name}.svg")) is not None
            found.append(_READ[each.strategy](each, document, f"{name}.svg" if is_drawn else None))
    return found


def _picture(ports: Ports, frame: Frame, release: str, environment: str, attempt: str, name: str) -> Answer:
    service = service_of(release)
    if service is None or not _NAME.fullmatch(environment) or not re.fullmatch(r"[1-9]\d{0,3}", attempt):
        return _nothing(frame)
    drawn = ports.evidence.get(judged.key(service, release, environment, int(attempt), name))
    return pages.picture(drawn.decode("utf-8", "replace")) if drawn is not None else _nothing(frame)


def _audit(ports: Ports, request: Request, frame: Frame) -> Answer:
    wanted = trail.filter_of(request.query, frame.now.date())
    found = ports.status.trail(wanted.query(), trail.SHOWN) if not wanted.mistakes else TrailPage(())
    rows = [
        (
            entry,
            event_of(entry),
            service_in(entry.subject),
            entry.subject if service_of(entry.subject) else None,
        )
        for entry in found.entries
    ]
    status = 422 if wanted.mistakes else 200
    return pages.page("audit", frame, status=status, wanted=wanted, rows=rows, older=found.older)


def _export(ports: Ports, request: Request, frame: Frame, name: str) -> Answer:
    wanted = trail.filter_of(request.query, frame.now.date())
    if wanted.mistakes:
        text = " ".join(f"{field}: {sentence}" for field, sentence in wanted.mistakes.items())
        return pages.page("message", frame, status=422, title="Correct the filter", text=text)
    found = ports.status.trail(wanted.query(), trail.EXPORTED)
    following = f'<{name}?{wanted.address(before=found.older)}>; rel="next"' if found.older else ""
    more = {"Content-Disposition": f'attachment; filename="tidegate-{name}"'}
    more |= {"Link": following} if following else {}
    if name.endswith(".csv"):
        return pages.document(trail.as_csv(found), "text/csv; charset=utf-8", more)
    return pages.document(trail.as_json(found, wanted), "application/json", more)


def _nothing(frame: Frame) -> Answer:
    text = "There is no such page, or what it was about was never recorded."
    return pages.page("message", frame, status=404, title="There is nothing here", text=text)


def _begins(prefix: str) -> bool:
    return not prefix or _NAME.fullmatch(prefix) is not None
