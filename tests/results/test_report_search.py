"""The page of a history of another tool, in a browser without a window: search, faults, times."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FAULT = "kill-of-the-leader-and-its-disk"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a history in which the second read saw what was never written, and a kill never ended."""
    begun = {"process": "nemesis", "type": "info", "f": f"start-{FAULT}", "value": "n1", "time": 0}
    events: list[dict[str, Any]] = [begun]
    for number, (f, value, ended) in enumerate(
        [("write", 1, "ok"), ("read", 1, "ok"), ("write", 2, "info"), ("write", 3, "fail"), ("read", 9, "ok")]
    ):
        event: dict[str, Any] = {"process": number, "f": f, "node": f"n{number % 2 + 1}"}
        time = 1_000_000 + 20_000 * number
        begin = {"type": "invoke", "value": value if f == "write" else None, "time": time}
        end = {"type": ended, "value": value, "time": time + 10_000}
        error = {} if ended == "ok" else {"error": ["timeout" if ended == "info" else "refused", "no"]}
        events += [event | begin, event | end | error]
    folder = tmp_path_factory.mktemp("pages")
    path = folder / "history.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    command = [sys.executable, "-m", "splitbrain", "check", str(path), "--model", "register"]
    made = subprocess.run([*command, "--report", str(folder / "pages")], capture_output=True, text=True, check=False)
    assert made.returncode == 1, made.stderr
    return next((folder / "pages").iterdir())


def test_a_fault_that_never_ended_is_not_said_to_have_done_nothing(page_file: Path) -> None:
    page = page_file.read_text()
    assert "never bit" not in page and "what it did is not recorded" in page


def test_times_of_a_witness_have_as_many_digits_as_tell_them_apart(page_file: Path) -> None:
    page = page_file.read_text()
    assert ">0.001080 s<" in page and "0.001080 s to 0.001090 s" not in page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright: Any = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")
@pytest.mark.parametrize(
    ("words", "found", "first"),
    [
        ("write", 3, "write 1"), ("write n1", 2, "write 1"), ("process=3", 1, "write 3"),
        ("node=n2 read", 1, "read → 1"), ("value=9", 1, "read → 9"), ("type=info", 1, "write 2"),
        ("error=refused", 1, "write 3"), ("nothing", 0, ""),
    ],
)  # fmt: skip
def test_operations_are_found_by_what_they_are(
    browser: Any, page_file: Path, words: str, found: int, first: str
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(page_file.as_uri())
    page.click("[data-do=all]")
    page.fill("#search", words)
    page.press("#search", "Enter")
    assert page.inner_text("#matches") == f"{found} found"
    if first:
        assert page.inner_text("#detail b") == first
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_name_of_a_fault_is_whole(browser: Any, page_file: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.add_init_script(
        "window.drawn = []; const pen = CanvasRenderingContext2D.prototype, draw = pen.fillText;"
        "pen.fillText = function (words, ...at) { drawn.push(words); draw.call(this, words, ...at); }"
    )
    page.goto(page_file.as_uri())
    assert FAULT in page.evaluate("drawn")
    cut = "[...document.querySelectorAll('.strip .y span')].filter(s => s.scrollWidth > s.clientWidth).length"
    assert page.evaluate(cut) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")
def test_the_table_of_a_witness_does_not_scroll_sideways(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(page_file.as_uri())
    wider = "[...document.querySelectorAll('.wide:has(.operations)')].map(w => w.scrollWidth - w.clientWidth)"
    assert page.evaluate(wider) == [0]
    label = "getComputedStyle(document.querySelector('.operations td.n'), '::before').content"
    assert page.evaluate(label) == '"invoked "'
    page.close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")
@pytest.mark.parametrize(("width", "adds"), [(390, 3), (390, 12), (1280, 12)])
def test_the_picture_of_a_witness_fits_the_screen(browser: Any, tmp_path: Path, width: int, adds: int) -> None:
    path = tmp_path / "history.jsonl"
    events: list[dict[str, Any]] = [{"process": 99, "type": "invoke", "f": "add", "value": 5}]
    for process, (f, value) in enumerate([*(("add", 2**number) for number in range(adds)), ("read", 5)]):
        events += [{"process": process, "type": kind, "f": f, "value": value} for kind in ("invoke", "ok")]
    events += [{"process": 98, "type": kind, "f": "read", "value": 1} for kind in ("invoke", "ok")]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    command = [sys.executable, "-m", "splitbrain", "check", str(path), "--model", "pn-counter"]
    made = subprocess.run([*command, "--report", str(tmp_path)], capture_output=True, text=True, check=False)
    assert made.returncode == 1, made.stderr
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(next(tmp_path.glob("*.html")).as_uri())
    assert page.evaluate("document.querySelectorAll('.lanes .when').length") > 2 * adds
    wider = "[...document.querySelectorAll('figure:has(.lanes)')].map(f => f.scrollWidth - f.clientWidth)"
    assert page.evaluate(wider) == [0]
    page.close()


SPY = (
    "window.bars = []; window.frames_of = []; const pen = CanvasRenderingContext2D.prototype;"
    "const fill = pen.fillRect, stroke = pen.strokeRect;"
    "pen.fillRect = function (...at) { bars.push(this.fillStyle); fill.apply(this, at); };"
    "pen.strokeRect = function (...at) { frames_of.push(at); stroke.apply(this, at); };"
)


@pytest.fixture(scope="module")
def dense_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 5,000 operations of one client one after the other, of which one failed."""
    folder = tmp_path_factory.mktemp("dense")
    path = folder / "history.jsonl"
    with path.open("w") as file:
        for number in range(5000):
            event = {"process": 0, "f": "echo", "value": number, "time": 2000 * number}
            end = {"type": "fail", "error": ["refused", "no"]} if number == 2500 else {"type": "ok"}
            file.write(json.dumps({**event, "type": "invoke"}) + "\n")
            file.write(json.dumps({**event, **end, "time": 2000 * number + 1000}) + "\n")
    command = [sys.executable, "-m", "splitbrain", "check", str(path), "--model", "echo", "--report", str(folder)]
    subprocess.run(command, capture_output=True, check=True)
    return next(folder.glob("*.html"))


@pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")
def test_bars_too_narrow_for_frames_are_drawn_together_and_rare_ends_are_seen(browser: Any, dense_page: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="light")
    page.add_init_script(SPY)
    page.goto(dense_page.as_uri())
    drawn = page.evaluate("bars.length = 0, new Promise(r => { document.querySelector('[data-do=all]').click();"
                          "requestAnimationFrame(() => requestAnimationFrame(() => r(bars))); })")  # fmt: skip
    assert len(drawn) < 50 and drawn.count("#8d959d") == 1
    assert drawn.index("#8d959d") > drawn.index("#2f7396")
    page.close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: install chromium")
def test_what_was_found_stays_in_sight_when_one_zooms(browser: Any, dense_page: Path) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.add_init_script(SPY)
    page.goto(dense_page.as_uri())
    page.click("[data-do=all]")
    page.fill("#search", "value=400")
    page.press("#search", "Enter")
    for _ in range(6):
        page.click("[data-do=in]")
    left, _, wide, _ = page.evaluate(
        "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(frames_of.at(-1)))))"
    )
    assert 64 < left < 390 and wide > 4
    page.close()
