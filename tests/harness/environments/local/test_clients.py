"""The way between clients and nodes: cut in either direction, queued, slow; and links of little bandwidth."""

import asyncio
import time
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import packets
from splitbrain.harness.environments.local import Local
from splitbrain.harness.injection import CutClients, ImpairClients, Limp, RepeatRequests
from tests.harness.environments.local.inside import NAMES, ask, chatters, heard, needs_namespaces, run_inside

pytestmark = needs_namespaces


async def cut_off(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1, n2, _ = cluster.nodes

    both = await cluster.inject(CutClients(("n1",)))
    with pytest.raises(ConnectionError):
        await ask(n1, "time")
    before = len((await heard(n2)).get(n1.address, ()))
    async with asyncio.timeout(20):
        while len((await heard(n2)).get(n1.address, ())) <= before:
            await asyncio.sleep(0.02)
    bite = await both.heal()
    assert bite["requests_cut"] > 0 and bite["replies_cut"] == 0, "nothing came that could have been answered"
    await ask(n1, "time")

    replies = await cluster.inject(CutClients(("n1",), requests=False))
    with pytest.raises(OSError):
        await ask(n1, "time", 1.0)
    bite = await replies.heal()
    assert bite["replies_cut"] > 0 and "requests_cut" not in bite

    reader, writer = await asyncio.open_connection(n1.address, 7000)
    queued = await cluster.inject(CutClients(("n1",), queued=True))
    writer.write(b"time\n")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readline(), 0.5)
    other = await cluster.inject(CutClients(("n1",), queued=True))
    assert set(await other.heal()) == {"requests_cut", "replies_cut"}
    assert (await queued.heal())["requests_cut"] > 0
    assert await asyncio.wait_for(reader.readline(), 30), "the request arrives after the heal"
    writer.close()
    await cluster.inject(CutClients(("n2",)))
    await cluster.down()


async def slow(environment: Local, folder: Path) -> None:
    cluster = await environment.up(chatters(), NAMES, folder)
    n1, n2, _ = cluster.nodes
    delay = await cluster.inject(ImpairClients(("n1",), delay_ms=150))
    began = time.monotonic()
    await ask(n1, "time", 20)
    assert time.monotonic() - began > 0.3, "the connection's first packet, and the request"
    assert (await delay.heal())["requests_delayed"] > 0

    limp = await cluster.inject(Limp((("n1", "n2"),), rate_kbit=64))
    before = len((await heard(n2)).get(n1.address, ()))
    async with asyncio.timeout(20):
        while len((await heard(n2)).get(n1.address, ())) < before + 3:
            await asyncio.sleep(0.02)
    assert (await limp.heal())["messages_delayed"] > 0
    await cluster.down()


def test_clients_are_cut_off_from_nodes_and_nodes_are_not(tmp_path: Path) -> None:
    run_inside(cut_off, tmp_path)


@pytest.mark.skipif(packets.unqueueable() is not None, reason=packets.unqueueable() or "")
def test_requests_are_slow_and_links_limp(tmp_path: Path) -> None:
    run_inside(slow, tmp_path)


def test_what_tcp_hides_is_refused_before_anything_starts() -> None:
    refused = Local().unsupported(RepeatRequests, chatters())
    assert refused is not None and "--env local cannot do RepeatRequests" in refused.reason
