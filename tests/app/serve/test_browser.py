"""The pages in a browser without a window: no error, nothing wider than the screen, and a run that goes on."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splitbrain import campaign

from .conftest import WebServer, served

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_the_screen_and_say_nothing_on_the_console(browser: Any, server: WebServer, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in ("/?group=target", "/?show=grid", "/"):
        page.goto(f"http://127.0.0.1:{server.port}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert page.title() != "gone"
    page.click("td.verdict.invalid a")
    page.wait_for_selector("#stage canvas")
    page.go_back()
    for verdict in ("valid", "invalid"):  # one cut short has nothing to compare, and may stand first
        page.click(f"tr:has(td.verdict.{verdict}) input[type=checkbox] >> nth=0")
    page.click("text=compare")
    assert "chance" in page.inner_text("h1")
    assert said == []
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_name_without_end_leaves_the_other_columns_in_sight(
    browser: Any, kept: Path, tmp_path: Path, width: int
) -> None:
    shutil.copytree(next((kept / "runs").glob("raft-*/*/*-1")), tmp_path / "runs" / "a")
    record = tmp_path / "runs" / "a" / "test.toml"
    record.write_text(record.read_text().replace('target = "raft:', f'target = "raft:{"x" * 5000}', 1))
    with served(tmp_path / "runs") as server:
        page = browser.new_page(viewport={"width": width, "height": 900})
        for path, what in (("/", "td.why"), ("/?show=grid", "a.cell")):
            page.goto(f"http://127.0.0.1:{server.port}{path}")
            seen = page.locator(what).bounding_box()
            assert seen["x"] + seen["width"] <= width and seen["height"] < 300, path
        page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_of_a_campaign_fits_the_screen(browser: Any, tmp_path: Path, width: int) -> None:
    tests = [
        {"target": "raft:reads=local", "workload": "register", "nemesis": faults, "expect": "invalid"}
        for faults in ("partition", "kill", "partition,kill,pause")
    ]
    folder = campaign({"defaults": {"seeds": 2, "time-limit": 1.5}, "test": tests}, out=tmp_path, jobs=1).folder
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((Path(folder) / "report.html").resolve().as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    rows = page.locator("table.runs td").all()
    assert len(rows) >= 2 * len(tests)
    for cell in (box for box in (row.bounding_box() for row in rows if row.is_visible()) if box):
        assert cell["x"] >= 0 and cell["x"] + cell["width"] <= width + 0.5
    name, last = page.locator("table.grid tbody th"), page.locator("table.grid a.cell").last
    last.scroll_into_view_if_needed()  # the table moves below its first column, and the page does not
    named, shown = name.bounding_box(), last.bounding_box()
    assert named["x"] >= 0 and named["x"] + named["width"] <= shown["x"] + 0.5
    assert shown["x"] + shown["width"] <= width + 0.5
    page.close()


def test_a_run_is_seen_while_it_goes_on(browser: Any, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "single" / "register" / "20260101T000000Z-1"
    folder.mkdir(parents=True)
    (folder / "test.toml").write_text("")
    event = {"time": 1_000_000_000, "process": 0, "type": "ok", "f": "write"}
    begun = {"time": 1_500_000_000, "process": "nemesis", "type": "info", "f": "start-kill"}
    history = folder / "history.jsonl"
    history.write_text(json.dumps(event) + "\n")

    def go_on() -> None:
        time.sleep(0.5)
        with history.open("a") as file:
            file.write(json.dumps(begun) + "\n" + json.dumps({**event, "f": "<b>read</b>"}) + "\n")

    with served(tmp_path / "runs") as server:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.port}/live/runs/single/register/{folder.name}")
        threading.Thread(target=go_on).start()
        page.wait_for_selector("#faults b:has-text('kill')")
        assert page.inner_text("#operations tr:first-child td:first-child") == "<b>read</b>"
        assert page.query_selector_all("#strip rect.ok")
        (folder / "verdict.json").write_text('{"verdict": "valid", "reason": "all of it"}')
        page.wait_for_selector("#answer.valid")
        assert page.inner_text("#reason") == "all of it · its page" and page.inner_text("#faults") == "none"
        page.close()
