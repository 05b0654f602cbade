"""The walk in the README, from `make up` to `make down`; the form is sent as a browser sends it.

tests/browser/test_walk.py walks with a real browser.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from local.demo.approver import Approver
from local.demo.watch import running_digests
from local.sample import Place
from tests.support.walk import STATUS_LINK, Terminal, blocks, checkout, free_port, link_in, made_up

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("line", ["false", "tidegate statuz shop", "cat nothing.json", "echo Traceback"])
def test_a_line_that_does_not_work_is_noticed(tmp_path: Path, line: str) -> None:
    with Terminal(tmp_path, checkout(tmp_path), free_port()) as terminal:
        terminal.run(blocks()[0])
        with pytest.raises(AssertionError, match=f"^{line}\n"):
            terminal.run(line)


@pytest.mark.timeout(480)
def test_a_newcomer_brings_a_service_of_their_own_into_production(tmp_path: Path) -> None:
    # Given
    settings, create, push, look, bad, end = blocks()
    here, port = checkout(tmp_path), free_port()
    place = Place(f"http://127.0.0.1:{port}")
    with made_up(tmp_path, here, port) as (welcome, program), Terminal(tmp_path, here, port) as terminal:
        # Then what is printed leaves the decisions to whoever reads it
        for expected in (place.endpoint, "python -m local mail", "tidegate open", "/_aws/execute-api/"):
            assert expected in welcome

        # When a service is there, and is registered
        terminal.run(settings)
        shown = terminal.run(create)

        # Then
        assert "shop:1.0.0 runs in staging and prod; Tidegate does not know of it yet." in shown
        assert "valid: shop, from shop" in shown
        assert "shop is not registered yet; this manifest would be revision 1." in shown
        assert "succeeded: shop is registered as revision 1; adopted what runs in staging, prod." in shown
        assert "you@example.com is subscribed" in shown
        first = running_digests(place, "shop", ("staging", "prod"))

        # When an image is pushed, and approved
        shown = terminal.run(push)
        assert "Subject: Approve shop:1.1.0: shop in prod?" in shown
        assert running_digests(place, "shop", ("prod",)) == {"prod": first["prod"]}
        approver = Approver(place, "you@example.com")
        link = link_in(shown)
        page = approver.read(link)
        assert approver.decide(link, "approve", "Fine.").status == 200
        watched = terminal.run(look)

        # Then
        assert "7c1f0e5" in page
        assert "Ada Lovelace &lt;ada@example.com&gt;" in page
        assert "succeeded after" in watched
        good = running_digests(place, "shop", ("staging", "prod"))
        assert good["prod"] == good["staging"] != first["prod"]
        assert approver.read(link_in(watched, STATUS_LINK))

        # When a bad one is pushed
        shown = terminal.run(bad)

        # Then
        assert "Rolled back is exit code 4." in shown
        assert "check in staging: smoke" in shown
        assert running_digests(place, "shop", ("staging", "prod")) == good

        # When
        terminal.run(end)

        # Then the other terminal has told of the mails, and is free again
        told, _ = program.communicate(timeout=30)
        assert "python -m local confirm you@example.com" in told
        assert link in told
        assert program.returncode == 0
        assert not (here / "build" / "shop.json").exists()
