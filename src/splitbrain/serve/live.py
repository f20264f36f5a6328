"""A run while it goes on: its history read as it grows, and summed up once a second.

Pitfall: when a run is done its history is compressed and the growing file is gone; the verdict comes a moment later.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import RunFolder

LOOK_SECONDS = 1.0
SHOWN_SECONDS = 120
"""The length of the strip of the last seconds."""
STILL_LOOKS_MAX = 600
"""Looks without anything new after which the stream ends: the run was cut short."""
CHUNK_BYTES = 8 << 20
ENDS = ("ok", "fail", "info")


class _Line(msgspec.Struct):
    """The part of an event that is read."""

    time: int
    process: int | str
    type: str
    f: str | None = None


@dataclass
class HistoryTail:
    """The sum of a history so far. counts: (operation, how it ended) → how many. seconds: second → how many ended in
    each way. faults: those in force, oldest first."""

    folder: Path
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: dict[int, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    last: int = 0
    _read: int = 0

    def look(self) -> bool:
        """Read what is new; whether anything was."""
        try:
            with (self.folder / "history.jsonl").open("rb") as file:
                file.seek(self._read)
                new = file.read(CHUNK_BYTES)
        except FileNotFoundError:
            return False
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for text in whole.splitlines():
            try:
                self._note(msgspec.json.decode(text, type=_Line))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # `check` says what is wrong with a line; here it is only not counted
        return bool(whole)

    def told(self) -> dict[str, Any]:
        """The sum, for the page."""
        latest = self.last // 1_000_000_000
        names = sorted({name for name, _ in self.counts})
        return {
            "seconds": self.last / 1e9,
            "operations": {name: [self.counts[name, end] for end in ENDS] for name in names},
            "faults": self.faults,
            "strip": [
                [second, *(self.seconds.get(second, Counter())[end] for end in ENDS)]
                for second in range(max(0, latest - SHOWN_SECONDS + 1), latest + 1)
            ],
        }

    def _note(self, event: _Line) -> None:
        self.last = max(self.last, event.time)
        name = event.f or ""
        if event.process == "nemesis":
            begins, fault = name.startswith("start-"), name.partition("-")[2]
            if begins:
                self.faults.append(fault)
            elif name.startswith("stop-") and fault in self.faults:
                self.faults.remove(fault)
        elif event.type in ENDS:
            self.counts[name, event.type] += 1
            second = event.time // 1_000_000_000
            self.seconds.setdefault(second, Counter())[event.type] += 1


async def events(folder: Path) -> AsyncIterator[str]:
    """Server-sent events of a run: its sum once a second, and the verdict at the end."""
    tail, still = HistoryTail(folder), 0
    while still < STILL_LOOKS_MAX:
        new = await asyncio.to_thread(tail.look)
        ended = await asyncio.to_thread(_verdict, folder)
        still = 0 if new else still + 1
        yield _event({**tail.told(), "still_seconds": round(still * LOOK_SECONDS), "ended": ended})
        if ended is not None:
            return
        await asyncio.sleep(0.0 if new and _more(tail) else LOOK_SECONDS)


def _more(tail: HistoryTail) -> bool:
    """Whether a whole chunk more waits to be read."""
    try:
        return (tail.folder / "history.jsonl").stat().st_size - tail._read > CHUNK_BYTES // 2
    except OSError:
        return False


def _verdict(folder: Path) -> dict[str, str] | None:
    """The verdict of a run that is done, else None."""
    if not (folder / "verdict.json").is_file():
        return None
    try:
        told = RunFolder(folder).verdict()
    except UsageError as error:
        return {"verdict": "unknown", "reason": str(error)}
    return {"verdict": str(told.get("verdict", "unknown")), "reason": str(told.get("reason", ""))}


def _event(told: dict[str, Any]) -> str:
    return f"data: {json.dumps(told)}\n\n"
