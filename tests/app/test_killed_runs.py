"""Histories left by runs that are killed (-9) at any moment, which can be read, and nothing else left.

Three moments here; the twenty of the soak are `long`.
"""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import namespaces, tools
from splitbrain.harness.histories import read

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")

GONE_SECONDS = 60.0
"""A deadline, generous for a busy machine."""
CHAIN = ("outside", "unshare", "init", "within")
"""Processes, each the parent of the next."""
FAULTS = "all,stop,enospc:how=fill,bitflip"


def processes_with(word: str) -> list[int]:
    """Processes that have a word in their command line, oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def networks() -> set[str]:
    """The network namespaces of all processes that may be looked at."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                found.add(str((entry / "ns" / "net").readlink()))
            except OSError:
                continue
    return found


def descent(pid: int) -> list[int]:
    """A process, its first child, that one's first child, and so on."""
    chain = [pid]
    while children := Path(f"/proc/{chain[-1]}/task/{chain[-1]}/children").read_text().split():
        chain.append(int(children[0]))
    return chain


def recorded(folder: Path) -> int:
    """The number of events in the history of a run."""
    return sum(file.read_bytes().count(b"\n") for file in (folder / "runs").glob("*/*/*/history.jsonl"))


def killed_after(events: int, victim: str, folder: Path) -> list[str]:
    """Begin a run, and kill the process outside of its namespaces, or the one within, when its history has so many
    events; the network namespaces it had."""
    scratch = folder / "scratch"
    scratch.mkdir()
    words = ["raft", "--env", "local", "--nemesis", FAULTS, "--time-limit", "600", "--out", str(folder / "runs")]
    said = folder / "said.txt"
    with said.open("w") as file:
        run = subprocess.Popen(
            [sys.executable, "-m", "splitbrain", "run", *words],
            stdout=file,
            stderr=file,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
    try:
        deadline = time.monotonic() + 120
        while not any((folder / "runs").glob("*/*/*/history.jsonl")) or recorded(folder) < events:
            assert run.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(0.02)
        ours = processes_with(str(folder))
        had = []
        for pid in ours:
            try:
                had.append(str(Path(f"/proc/{pid}/ns/net").readlink()))
            except OSError:
                continue
        os.kill(descent(run.pid)[CHAIN.index(victim)], signal.SIGKILL)
        run.wait(GONE_SECONDS)
    finally:
        run.kill()
        run.wait()
    return had


def check_one(events: int, victim: str, folder: Path) -> int:
    """Kill a run, look for what it left; how many events its history has."""
    here = str(Path("/proc/self/ns/net").readlink())
    had = set(killed_after(events, victim, folder)) - {here}
    deadline = time.monotonic() + GONE_SECONDS
    while (left := processes_with(str(folder))) or any((folder / "scratch").iterdir()) or had & networks():
        assert time.monotonic() < deadline, (left, list((folder / "scratch").iterdir()), had & networks())
        time.sleep(0.05)
    assert not [name for _, name in socket.if_nameindex() if re.match(r"sb\d", name)]
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
    # A run with containers, of somebody else, has its bridge and its table on the machine itself.
    if os.getuid() == 0 and not any(name.startswith("sbd") for _, name in socket.if_nameindex()):
        listed = subprocess.run([tools.path("nft"), "list", "tables"], capture_output=True, text=True, check=True)
        assert not re.search(r"splitbrain\d", listed.stdout)
    (history,) = (folder / "runs").glob("*/*/*/history.jsonl")
    return len(read(history))


def check_all(moments: int, events_max: int, folder: Path) -> None:
    """Kill runs at so many moments, the first of them before anything was recorded, the last when much was."""
    draw = random.Random(moments)
    at = [0, *(draw.randrange(events_max) for _ in range(moments - 2)), events_max]
    sizes = []
    for number, events in enumerate(at):
        inner = folder / str(number)
        inner.mkdir()
        sizes.append(check_one(events, ("outside", "within")[number % 2], inner))
    assert max(sizes) >= events_max


def test_a_killed_run_leaves_its_history_and_nothing_else(tmp_path):
    check_all(3, 500, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_twenty_killed_runs_leave_their_histories_and_nothing_else(tmp_path):
    check_all(20, 3000, tmp_path)
