"""Leftovers of runs, of which there are none however they end: no process, no interface, no rule, no folder."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import tools
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real.unsupported import unsupported
from splitbrain.harness.injection import Cut, Impair, Injection, Kill, Pause, SkewClock, SlowDisk

from .inside import NAMES, chatters, command_inside, needs_namespaces, variables

pytestmark = needs_namespaces

SWEEP = "from splitbrain.harness.environments.real.orphans import *; print(len(sweep([ScratchFolders()])))"
GONE_SECONDS = 60.0
"""A deadline, generous for a busy machine."""
CHAIN = ("outside", "unshare", "init", "run")
"""Processes, each the parent of the next."""


async def busy(environment: Local, folder: Path) -> None:
    """A cluster with every fault that can be injected here, until something ends it."""
    cluster = await environment.up(chatters(), NAMES, folder)
    print("up", flush=True)
    injections: list[Injection] = [
        Cut((("n1", "n2"),)),
        Impair((("n2", "n3"),), delay_ms=50),
        SkewClock("n1", offset_ms=60_000),
        SlowDisk(("n2",), 10),
        Pause(("n3",)),
        Kill(("n1",)),
    ]
    try:
        while True:
            injected = [
                await cluster.inject(injection)
                for injection in injections
                if unsupported(type(injection), chatters()) is None
            ]
            print("injected", flush=True)
            await asyncio.sleep(0.1)
            for injection in reversed(injected):
                await injection.heal()
    finally:
        await cluster.down()
        print("down", flush=True)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    return folder


def begin(folder: Path, scratch: Path, user: bool) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command_inside(busy, folder, user),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**variables(), "TMPDIR": str(scratch)},
    )


def processes_with(word: str) -> list[int]:
    """Processes that have a word in their command line, this one excepted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def wait_for(word: str, run: "subprocess.Popen[str]") -> None:
    """Read what a run says until it says this."""
    assert run.stdout is not None
    while word not in (line := run.stdout.readline()):
        assert line, run.communicate()[1]


def descent(run: "subprocess.Popen[str]", word: str, count: int) -> list[int]:
    """A process, its child that has a word in its command line, that one's, and so on: so many, waited for."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        chain = [run.pid]
        while children := [pid for pid in _children(chain[-1]) if _has_begun(pid, chain[-1], word)]:
            chain.append(children[0])
        if len(chain) >= count:
            return chain
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def _has_begun(pid: int, parent: int, word: str) -> bool:
    """Whether a child runs a command of its own with a word in it. Until it does it shows its parent's, word
    included, and may yet become one that is only tried out, which nobody would miss: so it is one look that tells."""
    try:
        shown = Path(f"/proc/{pid}/cmdline").read_bytes()
        return word.encode() in shown and shown != Path(f"/proc/{parent}/cmdline").read_bytes()
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def check_nothing_left(folder: Path, scratch: Path) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while (left := processes_with(str(folder))) or any(scratch.iterdir()):
        assert time.monotonic() < deadline, (left, list(scratch.iterdir()))
        time.sleep(0.02)
    assert not [name for _, name in socket.if_nameindex() if re.match(r"sb\d", name)]
    # A run with containers, of somebody else, has its bridge and its table on the machine itself.
    if os.getuid() == 0 and not any(name.startswith("sbd") for _, name in socket.if_nameindex()):
        listed = subprocess.run([tools.path("nft"), "list", "tables"], capture_output=True, text=True, check=True)
        assert not re.search(r"splitbrain\d", listed.stdout)
    mounts = Path("/proc/self/mountinfo").read_text()
    assert str(scratch) not in mounts


@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary-user"])
def test_killing_any_part_of_a_run_leaves_nothing(tmp_path: Path, scratch: Path, user: bool) -> None:
    for victim, early in (("outside", True), ("outside", False), ("unshare", True), ("init", False), ("run", False)):
        run = begin(tmp_path, scratch, user)
        try:
            if early:
                chain = descent(run, f"busy\0{tmp_path}", 2)
            else:
                wait_for("injected", run)
                chain = descent(run, f"busy\0{tmp_path}", len(CHAIN))
            os.kill(chain[CHAIN.index(victim)], signal.SIGKILL)
            run.communicate(timeout=GONE_SECONDS)
            assert run.returncode != 0
            check_nothing_left(tmp_path, scratch)
        finally:
            run.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_in_order(tmp_path: Path, scratch: Path, number: signal.Signals) -> None:
    run = begin(tmp_path, scratch, user=False)
    wait_for("injected", run)
    run.send_signal(number)
    out, err = run.communicate(timeout=GONE_SECONDS)
    assert "down" in out, err
    assert run.returncode == 130
    assert "KeyboardInterrupt" in err
    check_nothing_left(tmp_path, scratch)


def test_what_nobody_could_remove_is_swept_by_the_next_run(tmp_path: Path, scratch: Path) -> None:
    run = begin(tmp_path, scratch, user=False)
    wait_for("injected", run)
    # All at once, so that none is left to clean up.
    victims = processes_with(str(tmp_path))
    for pid in victims:
        os.kill(pid, signal.SIGSTOP)
    run.kill()
    for pid in victims[::-1]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    run.communicate(timeout=GONE_SECONDS)
    (left,) = scratch.iterdir()
    os.utime(left, (0, 0))
    old = subprocess.run(
        [
            sys.executable,
            "-c",
            "from splitbrain.harness.environments.real.orphans import *; print(len(sweep([ScratchFolders()])))",
        ],
        env={**variables(), "TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert old.stdout == "1\n"
    check_nothing_left(tmp_path, scratch)
    shutil.rmtree(scratch)
