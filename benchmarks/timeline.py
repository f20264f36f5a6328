"""The page of a history of 100,000 operations in a browser: opening, zooming, moving, choosing and searching.

    python benchmarks/timeline.py                    # 100,000 operations of 30 clients under 6 faults
    python benchmarks/timeline.py --width 390 --keep DIR

Needs Playwright and Chromium. Exits with 1 if opening takes longer than 2 s, a step longer than 100 ms or a search
longer than 300 ms at the median, or something stands beyond the right edge of the screen.
"""

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FAULTS = ("partition", "kill", "pause", "clock", "packet", "disk")
BOUNDS = {"open, s": 2.0, "search, ms": 300.0}
STEP_MAX_MS = 100.0
STEPS = 20
RATE_S = 0.0005
"""Seconds between two invocations."""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Script that returns once what was asked for before is on the screen."""


def events(operations: int, clients: int, seed: int) -> Iterator[dict[str, Any]]:
    """A history of echoes, with faults of each kind that overlap."""
    draw = random.Random(seed)
    free = dict.fromkeys(range(clients), 0.0)
    process = list(range(clients))
    found: list[tuple[float, dict[str, Any]]] = []
    for number in range(operations):
        client = min(free, key=lambda one: free[one])
        begun = max(free[client], number * RATE_S)
        ended = begun + draw.expovariate(1 / 0.004)
        free[client] = ended
        end = draw.choices(("ok", "fail", "info"), (96, 3, 1))[0]
        about = {"process": process[client], "f": "echo", "value": number, "node": f"n{client % 5 + 1}"}
        found.append((begun, {**about, "type": "invoke"}))
        error = {} if end == "ok" else {"error": ["timeout" if end == "info" else "refused", "no answer"]}
        found.append((ended, {**about, "type": end, **error}))
        if end == "info":
            process[client] += clients
    last = operations * RATE_S
    for number, name in enumerate(FAULTS * 4):
        start = last * (number + 0.2) / (len(FAULTS) * 4)
        for moment, word in ((start, "start"), (start + last / 20, "stop")):
            about = {"process": "nemesis", "type": "info", "f": f"{word}-{name}", "value": f"n{number % 5 + 1}"}
            found.append((moment, about))
    for moment, event in sorted(found, key=lambda one: one[0]):
        yield {**event, "time": int(moment * 1e9)}


def make_page(folder: Path, operations: int, clients: int) -> Path:
    """The page of such a history, as `splitbrain check --report` writes it."""
    history = folder / "history.jsonl"
    with history.open("w") as file:
        file.writelines(json.dumps(event) + "\n" for event in events(operations, clients, 1))
    command = [sys.executable, "-m", "splitbrain", "check", str(history), "--model", "echo", "--report", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise SystemExit(f"{made.stdout}{made.stderr}")
    return next(folder.glob("*.html"))


def measure(page: Any, path: Path) -> dict[str, list[float]]:
    """Seconds to open the page, and milliseconds of each step until it is on the screen."""
    begun = time.perf_counter()
    page.goto(path.as_uri())
    page.wait_for_selector("#stage canvas")
    page.evaluate(FRAMES)
    found = {"open, s": [time.perf_counter() - begun]}
    page.click("[data-do=all]")
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    across, down = stage["x"] + stage["width"] * 0.6, stage["y"] + stage["height"] * 0.5
    page.mouse.click(across, down)

    def step(name: str, act: Any) -> None:
        before = time.perf_counter()
        act()
        page.evaluate(FRAMES)
        found.setdefault(name, []).append((time.perf_counter() - before) * 1000)

    for number in range(STEPS):
        step("zoom, ms", lambda: page.mouse.wheel(0, -40))
        step("choose, ms", lambda n=number: page.mouse.click(across - n, down))
    page.mouse.down()
    for number in range(STEPS):
        step("move, ms", lambda n=number: page.mouse.move(across - 6 * n, down))
    page.mouse.up()
    page.click("[data-do=all]")
    for number in range(STEPS):
        step("all, ms", lambda n=number: page.mouse.move(across - 6 * n, down))
    for words in ("n3", "type=info", "process=3", "value=500", "error=timeout n2"):
        page.fill("#search", words)
        step("search, ms", lambda: page.press("#search", "Enter"))
        print(f"  {words!r}: {page.inner_text('#matches')}")
    return found


def main() -> int:
    """Measure at each width; 1 if a bound is broken."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--width", type=int, action="append")
    parser.add_argument("--keep", type=Path, help="a folder for the page and its pictures")
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    path = make_page(folder, asked.operations, asked.clients)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    worst = 0
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width in asked.width or (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            print(f"{width} px")
            for name, figures in measure(page, path).items():
                middle, most = statistics.median(figures), max(figures)
                bad = middle > BOUNDS.get(name, STEP_MAX_MS)
                worst |= bad
                print(f"  {name}: median {middle:.3g}, most {most:.3g}{' TOO LONG' if bad else ''}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            worst |= wide > width
            print(f"  the page is {wide} px wide")
            if asked.keep:
                page.screenshot(path=asked.keep / f"timeline-{width}.png", full_page=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
