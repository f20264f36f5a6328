"""The page of steps: rows in order, messages between their rows, what is left out, and hostile values."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.steps import NodeStep, RecordedFlight, RecordedSteps
from splitbrain.results.report import render_steps
from splitbrain.results.report.steps import ROWS_MAX, lay_out
from splitbrain.results.result import Cost, Result

from .samples import HOSTILE, MS, record, refuted, stale

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def result() -> Result:
    return Result.of_run(stale(), record(), refuted(), Cost(0.1))


def sample(quiet: int = 0) -> RecordedSteps:
    """A message of n1 that n2 handles, one that is cut, n2's end, and timers that change nothing."""
    beats = [NodeStep("n1", 2 * MS + n, "timer", "heartbeat", state={} if n == 0 else None) for n in range(quiet)]
    return RecordedSteps(
        0,
        30 * MS,
        ("n1", "n2", "n10"),
        [
            NodeStep("n1", 1 * MS, "request", HOSTILE, sent=(0, 1), state={"role": "leader 1", "x": HOSTILE}),
            *beats,
            NodeStep("n2", 3 * MS, "message", "Ship", "n1", 0, state={"x": "0"}, changes={"x": "1"}),
            NodeStep("n2", 12 * MS, "ended", "killed"),
        ],
        {
            0: RecordedFlight("n1", "n2", "Ship", 1 * MS, 3 * MS, "arrived"),
            1: RecordedFlight("n1", "n10", "Ship", 1 * MS, fate="cut"),
        },
    )


def test_rows_stand_in_order_with_clients_and_messages_between_them() -> None:
    page = lay_out(stale(), result(), sample())
    rows = page.data["rows"]
    assert [row["t"] for row in rows] == sorted(row["t"] for row in rows)
    what = [row["what"] for row in rows]
    assert what[:4] == ["invoked", "request", "completed", "message"]
    arrived, cut = page.data["flights"]
    assert (arrived["begin"], arrived["end"]) == (1, 3)
    assert (cut["begin"], cut["end"], cut["fate"]) == (1, -1, "cut")
    assert [one["text"] for one in page.data["operations"] if one["offending"]] == ["read k → 1"]
    (fault,) = page.data["faults"]
    assert rows[fault["begin"]]["t"] >= 5 * MS
    assert fault["end"] == len(rows)


def test_what_changed_nothing_is_left_out_first() -> None:
    page = lay_out(stale(), result(), sample(quiet=ROWS_MAX))
    assert (page.left_out, page.earlier) == (ROWS_MAX, 0)
    assert "request" in [row["what"] for row in page.data["rows"]]


def test_of_too_many_the_earliest_are_left_out_and_states_are_carried_on() -> None:
    steps = sample()
    more = [NodeStep("n1", 4 * MS + n, "request", "again", changes={"x": str(n)}) for n in range(ROWS_MAX)]
    page = lay_out(stale(), result(), RecordedSteps(0, 30 * MS, steps.nodes, [*steps.steps, *more], steps.flights))
    assert len(page.data["rows"]) == ROWS_MAX
    assert page.earlier > 0
    assert page.data["states"]["n2"] == {"x": "1"}


def test_hostile_values_stay_values() -> None:
    page = render_steps(stale(), result(), sample())
    assert "<img" not in page
    assert len(re.findall(r"<script", page)) == 2
    block = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    assert "onerror" in json.loads(block[1])["rows"][1]["about"]


@pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_draws_it_and_steps_through(width: int, tmp_path: Path) -> None:
    playwright: Any = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    path = tmp_path / "steps.html"
    path.write_text(render_steps(stale(), result(), sample(quiet=3)))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800})
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        assert "This is the operation that cannot be placed." in page.inner_text("#state")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.click("#first")
        page.keyboard.press("ArrowDown")
        assert page.inner_text("#state h2") == "n1 gets a client's request"
        assert "stopped by a cut" in page.inner_text("#state")
        page.select_option("#only", "n2")
        page.click("#next")
        assert page.inner_text("#state h2") == "n2 gets a message of n1"
        assert "0 → 1" in page.inner_text("#state td:last-child")
        page.click("#next")
        page.click("#next")
        assert page.inner_text("#state h2") == "n2 ends: killed"
        assert "n2 (this one): not running" in page.inner_text("#state")
        assert page.locator("circle.event").count() == 6
        assert page.locator("path.flight.lost").count() == 1
        browser.close()
    assert said == []
