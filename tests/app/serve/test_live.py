"""A run while it goes on."""

import asyncio
import json
from pathlib import Path

from splitbrain.serve import live


def line(seconds: float, process: object, kind: str, f: str, value: object = None) -> str:
    told = {"index": 0, "time": int(seconds * 1e9), "process": process, "type": kind, "f": f, "value": value}
    return json.dumps(told) + "\n"


def test_a_history_is_read_as_it_grows(tmp_path: Path) -> None:
    tail, file = live.HistoryTail(tmp_path), tmp_path / "history.jsonl"
    assert not tail.look()
    file.write_text(line(0.1, 0, "invoke", "write", 1) + line(0.5, 0, "ok", "write", 1) + '{"time": 7')
    assert tail.look() and not tail.look()
    assert tail.told()["operations"] == {"write": [1, 0, 0]}
    with file.open("a") as more:
        more.write('00000000, "process": 1, "type": "fail", "f": "cas"}\n')
        more.write(line(2.5, "nemesis", "info", "start-kill") + line(2.6, "nemesis", "info", "start-partition"))
        more.write(line(2.7, "nemesis", "info", "stop-kill") + line(3.0, 2, "info", "read") + "no JSON\n")
    assert tail.look()
    told = tail.told()
    assert told["operations"] == {"cas": [0, 1, 0], "read": [0, 0, 1], "write": [1, 0, 0]}
    assert told["faults"] == ["partition"]
    assert told["seconds"] == 3.0
    assert told["strip"] == [[0, 1, 1, 0], [1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 1]]


def test_the_strip_holds_the_last_seconds(tmp_path: Path) -> None:
    tail = live.HistoryTail(tmp_path)
    (tmp_path / "history.jsonl").write_text("".join(line(second, 0, "ok", "read") for second in range(500)))
    tail.look()
    strip = tail.told()["strip"]
    assert len(strip) == live.SHOWN_SECONDS and strip[0] == [500 - live.SHOWN_SECONDS, 1, 0, 0]


def test_a_run_that_is_done_ends_the_stream_with_its_verdict(tmp_path: Path) -> None:
    async def all_of() -> list[dict[str, object]]:
        return [json.loads(event.removeprefix("data: ")) async for event in live.events(tmp_path)]

    (tmp_path / "verdict.json").write_text('{"verdict": "invalid", "reason": "why"}')
    (only,) = asyncio.run(all_of())
    assert only["ended"] == {"verdict": "invalid", "reason": "why"}
    (tmp_path / "verdict.json").write_text("[")
    (only,) = asyncio.run(all_of())
    ended = only["ended"]
    assert isinstance(ended, dict) and ended["verdict"] == "unknown" and "not JSON" in ended["reason"]
