"""Processes on a private network: start, cut, kill, pause, die, and end. As root and as an ordinary user."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.environments.local import Local
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import Cut, Kill, Pause, links_between
from splitbrain.harness.logs import crashed

from .inside import NAMES, ask, chatters, heard, needs_namespaces, run_inside, until_heard

pytestmark = needs_namespaces


async def cuts(environment: Local, folder: Path) -> None:
    began = time.monotonic()
    cluster = await environment.up(chatters(), NAMES, folder)
    print(f"up {time.monotonic() - began:.3f}")
    n1, n2, n3 = cluster.nodes
    began = time.monotonic()
    both = await cluster.inject(Cut(links_between(["n1"], ["n2", "n3"])))
    print(f"cut {time.monotonic() - began:.4f}")
    one_way = await cluster.inject(Cut((("n1", "n2"),)))
    before = [await heard(node) for node in cluster.nodes]
    await until_heard(n2, n3.address, 60)
    await until_heard(n3, n2.address, 60)
    after = [await heard(node) for node in cluster.nodes]
    assert grown(before, after, 1, n1.address) == grown(before, after, 0, n2.address) == 0
    began = time.monotonic()
    bite = await both.heal()
    print(f"heal {time.monotonic() - began:.4f}")
    assert bite["messages_dropped"] > 100
    before = [await heard(node) for node in cluster.nodes]
    await until_heard(n1, n2.address, 10)  # it is one-way
    await until_heard(n3, n1.address, 45)
    after = [await heard(node) for node in cluster.nodes]
    assert grown(before, after, 1, n1.address) == 0, "the other cut still holds"
    assert (await one_way.heal())["messages_dropped"] > 40, "it counts also what both cuts caught"
    await until_heard(n2, n1.address, 5)
    began = time.monotonic()
    await cluster.down()
    await cluster.down()
    print(f"down {time.monotonic() - began:.3f}")
    assert cluster.deaths() == []


def grown(before: list[dict[str, list[int]]], after: list[dict[str, list[int]]], at: int, sender: str) -> int:
    return len(after[at].get(sender, ())) - len(before[at].get(sender, ()))


async def kills_and_pauses(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1, n2, n3 = cluster.nodes
    kill = await cluster.inject(Kill(("n1", "n2")))
    assert not n1.running and not n2.running and n3.running
    try:
        await ask(n1, "time")
        raise AssertionError("a killed node answered")
    except ConnectionRefusedError:
        pass
    again = await cluster.inject(Kill(("n1",)))
    assert (await kill.heal())["processes_killed"] == 2
    assert n2.running and not n1.running, "n1 is held by another kill"
    assert (await again.heal())["processes_killed"] == 0
    assert n1.running
    for node in (n1, n2):
        await node.wait_ready(asyncio.get_running_loop().time() + 10)

    pause = await cluster.inject(Pause(("n3",)))
    assert n3.running
    try:
        await ask(n3, "time", 0.3)
        raise AssertionError("a paused node answered")
    except TimeoutError:
        pass
    assert (await pause.heal())["paused_ms"] >= 300
    await n3.wait_ready(asyncio.get_running_loop().time() + 10)
    await n3.stop()
    assert not n3.running
    assert cluster.deaths() == [], "nobody died by himself"
    await cluster.down()


async def deaths(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1 = cluster.nodes[0]
    with contextlib.suppress(ConnectionResetError):
        await ask(n1, "die")
    while n1.running:
        await asyncio.sleep(0.01)
    (death,) = cluster.deaths()
    assert death.text == "n1 exited with code 3 by itself; its log ends with: told to die", death
    cut = await cluster.inject(Cut((("n1", "n2"),)))
    await cut.heal()
    assert n1.running, "whoever died is restarted at the heal"
    assert not death.crashed, "it ended of its own will"
    pid = n1.main_pid()
    assert pid is not None
    os.kill(pid, signal.SIGSEGV)
    async with asyncio.timeout(20):
        while len(cluster.deaths()) < 2:
            await asyncio.sleep(0.01)
    crash = cluster.deaths()[1]
    assert crash.crashed and crash.text == "n1 was killed by SIGSEGV by itself"
    verdict = crashed(cluster.deaths())
    assert verdict is not None and verdict.reason == crash.text
    await n1.start()
    await cluster.down()

    cluster = await environment.up(chatters(respawn=True), NAMES, folder)
    n1 = cluster.nodes[0]
    with contextlib.suppress(ConnectionResetError):
        await ask(n1, "die")
    while not cluster.deaths() or not n1.running:
        await asyncio.sleep(0.01)
    await cluster.down()


async def never_ready(environment: Local, folder: Path) -> None:
    broken = replace(chatters(), argv=lambda place: ["sh", "-c", "echo no such database; exit 5"])
    try:
        await environment.up(broken, NAMES, folder)
        raise AssertionError("it came up")
    except InfrastructureError as error:
        assert "no such database" in str(error), error
    slow = replace(chatters(), argv=lambda place: ["sleep", "100"], ready_seconds=0.3)
    try:
        await environment.up(slow, NAMES, folder)
        raise AssertionError("it came up")
    except InfrastructureError as error:
        assert "was not ready within 0.3 s (asked last: [Errno 111]" in str(error), error
    assert not [name for name in socket.if_nameindex() if name[1].startswith("sb")]


@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary-user"])
def test_cuts_are_directed_counted_and_healed_one_by_one(tmp_path: Path, user: bool) -> None:
    print(run_inside(cuts, tmp_path, user))
    assert (tmp_path / "n1.log").read_text().endswith("serving\n")
    assert (tmp_path / "resources.jsonl").read_text().count("n2") >= 1


@pytest.mark.parametrize("user", [False, True], ids=["root", "ordinary-user"])
def test_kill_and_pause_last_until_the_last_heal(tmp_path: Path, user: bool) -> None:
    run_inside(kills_and_pauses, tmp_path, user)


def test_a_death_is_noticed_recorded_and_mended(tmp_path: Path) -> None:
    run_inside(deaths, tmp_path)


def test_a_cluster_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    run_inside(never_ready, tmp_path)
