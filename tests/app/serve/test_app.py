"""The web application: pages that it shows, and requests that it refuses."""

import html
import json
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from .conftest import HOSTILE, WebServer, served


def test_the_table_lists_runs_campaigns_and_the_folders(server: WebServer, kept: Path) -> None:
    page = server.get("/")
    assert page.status == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    for word in ("raft:reads=local", "partition", "interrupted", "Campaigns", str(kept / "runs")):
        assert word in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


def test_hostile_values_are_harmless(server: WebServer) -> None:
    page = server.get("/?words=" + quote(HOSTILE)).text + server.get("/").text
    assert HOSTILE not in page and "<script>" not in page and html.escape(HOSTILE)[:20] in page


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("target=raft", "raft:reads=local", "single"),
        ("verdict=valid", "single", "raft:reads=local"),
        ("show=grid", "Targets and faults", "mark two"),
        ("group=target&sort=seed", "1 invalid", "No run fits"),
        ("words=nonsense", "No run fits", "raft:reads=local ·"),
        ("from=99999", "mark two", "No run fits"),
    ],
)
def test_it_is_filtered_grouped_and_sorted(server: WebServer, query: str, there: str, absent: str) -> None:
    page = server.get(f"/?{query}")
    body = page.text.partition("<h2>Runs</h2>")[2] or page.text
    rows = body.partition("</form>")[2] or body
    assert page.status == 200 and there in rows and absent not in rows


def test_words_that_mean_nothing_are_refused_with_a_sentence(server: WebServer) -> None:
    for query, expected in (("sort=x", "expected one of age, target"), ("verdict=x", "expected one of valid")):
        page = server.get(f"/?{query}")
        assert page.status == 400 and expected in page.text


def address(server: WebServer, query: str) -> str:
    page = server.get(f"/?{query}").text
    return page.partition('name="run" value="')[2].partition('"')[0]


def test_a_run_leads_to_its_page_in_a_sandbox(server: WebServer) -> None:
    where = address(server, "verdict=invalid")
    first = server.get(f"/run/{quote(where)}")
    assert first.status == 307
    page = server.get(first.headers["location"])
    assert page.status == 200 and page.headers["content-security-policy"].startswith("sandbox allow-scripts; default")
    assert "raft:reads=local" in page.text and page.headers["content-type"] == "text/html; charset=utf-8"
    for name, kind in (("verdict.json", "text/plain; charset=utf-8"), ("history.jsonl.gz", "application/gzip")):
        file = server.get(f"/files/{quote(where)}/{name}")
        assert (file.status, file.headers["content-type"]) == (200, kind)


def test_a_run_without_a_page_leads_to_the_view_of_it_as_it_goes_on(server: WebServer) -> None:
    first = server.get(f"/run/{quote(address(server, 'verdict=interrupted'))}")
    assert first.headers["location"].startswith("/live/")
    page = server.get(first.headers["location"])
    assert page.status == 200 and 'data-address="/events/' in page.text


def test_events_of_a_run_that_is_done_end_with_its_verdict(server: WebServer) -> None:
    stream = server.get(f"/events/{quote(address(server, 'verdict=invalid'))}")
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert json.loads(stream.text.strip().removeprefix("data: "))["ended"]["verdict"] == "invalid"


def test_two_runs_are_compared(server: WebServer) -> None:
    one, other = quote(address(server, "verdict=valid")), quote(address(server, "verdict=invalid"))
    page = server.get(f"/compare?run={one}&run={other}")
    assert page.status == 200 and "beyond chance" in page.text and "raft:reads=local" in page.text
    for query, expected in (
        (f"run={one}", "expected two runs or campaigns to compare, not 1"),
        (f"run={one}&run=runs/gone", "no such folder here"),
        (f"run={one}&run=runs", "runs"),
    ):
        refused = server.get(f"/compare?{query}")
        assert refused.status == 400 and expected in refused.text


@pytest.mark.parametrize(
    "path",
    [
        "/files/runs/../../etc/passwd",
        "/files/runs/%2e%2e/%2e%2e/etc/passwd",
        "/files//etc/passwd",
        "/files/runs/latest/../../secret",
        "/files/runs/%00",
        "/assets/../app.py",
        "/assets/app.py",
        "/nothing",
    ],
)
def test_nothing_outside_is_read(server: WebServer, path: str) -> None:
    assert server.get(path).status == 404


def test_nothing_can_be_changed(server: WebServer) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert server.get("/", method=method).status == 405


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "[::2]", "localhost:1@evil.example", ""])
def test_a_name_that_was_pointed_at_this_machine_is_refused(server: WebServer, host: str) -> None:
    assert server.get("/", host=host).status == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:8087", "[::1]", "[::1]:8087"])
def test_names_and_addresses_of_this_machine_are_answered(server: WebServer, host: str) -> None:
    assert server.get("/", host=host).status == 200


def test_runs_whose_verdict_is_not_ours_are_not_compared(tmp_path: Path, kept: Path) -> None:
    source = next((kept / "runs").glob("raft-*/*/*-1"))
    shutil.copytree(source, tmp_path / "runs" / "a")
    told = json.loads((source / "verdict.json").read_text())
    with served(tmp_path / "runs") as there:
        for hostile in ({"checks": "x"}, {"verdict": "<b>"}, {"verdict": [1]}, {"checks": [[1]]}):
            (tmp_path / "runs" / "a" / "verdict.json").write_text(json.dumps({**told, **hostile}))
            page = there.get("/compare?run=runs/a&run=runs/a")
            assert page.status == 400 and "That cannot be shown" in page.text, hostile
            assert there.get("/?show=grid").status == 200


def test_an_empty_folder_is_shown_as_such(tmp_path: Path) -> None:
    with served(tmp_path) as there:
        page = there.get("/")
    assert page.status == 200 and "No run fits" in page.text
