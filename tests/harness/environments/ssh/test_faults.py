"""Injections into nodes on machines of their own: each kind bites, spares the harness, and ends with its heal."""

import asyncio
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.ssh.agent.host_state import table
from splitbrain.harness.environments.ssh.cluster import HostsCluster
from splitbrain.harness.environments.ssh.node import RemoteNode
from splitbrain.harness.injection import (
    Compact,
    Cut,
    CutClients,
    FailDisk,
    FillDisk,
    FlipBits,
    Flush,
    Impair,
    ImpairClients,
    Kill,
    Pause,
    Repair,
    SkewClock,
    SlowDisk,
    Stop,
    TruncateFile,
    links_between,
)

from ..local.inside import ask, heard
from .hosted import chatters, played
from .machines import Machines, needs_machines

pytestmark = needs_machines

BOTH_WAYS = links_between(["n1"], ["n2", "n3"])
SECONDS = 0.4


async def grown(cluster: HostsCluster) -> dict[tuple[str, str], int]:
    """Link → how many datagrams came over it just now."""
    before = [await heard(node) for node in cluster.nodes]  # type: ignore[arg-type]
    await asyncio.sleep(SECONDS)
    after = [await heard(node) for node in cluster.nodes]  # type: ignore[arg-type]
    return {
        (source.name, target.name): len(late.get(source.address, ())) - len(early.get(source.address, ()))
        for target, early, late in zip(cluster.nodes, before, after, strict=True)
        for source in cluster.nodes
        if source is not target
    }


async def told(node: RemoteNode, word: str) -> object:
    return await ask(node, word)  # type: ignore[arg-type]


async def ready(cluster: HostsCluster) -> None:
    deadline = asyncio.get_running_loop().time() + 20
    await asyncio.gather(*(node.wait_ready(deadline) for node in cluster.nodes))


async def wall_ms(node: RemoteNode) -> float:
    """The deviation of a node's wall clock from ours."""
    import time

    answer = await told(node, "time")
    assert isinstance(answer, dict)
    return (answer["wall"] - time.time_ns()) / 1e6


def test_cuts_are_one_way_overlap_and_spare_the_harness(five: Machines, tmp_path: Path) -> None:
    async def cuts(cluster: HostsCluster) -> None:
        assert min((await grown(cluster)).values()) > 5
        both = await cluster.inject(Cut(BOTH_WAYS))
        one_way = await cluster.inject(Cut((("n1", "n2"),)))
        seen = await grown(cluster)
        assert {link for link, count in seen.items() if not count} == set(BOTH_WAYS)
        assert (await both.heal())["messages_dropped"] > 20
        seen = await grown(cluster)
        assert {link for link, count in seen.items() if not count} == {("n1", "n2")}, "the other cut still holds"
        assert (await one_way.heal())["messages_dropped"] > 20, "it counts also what both caught"
        assert min((await grown(cluster)).values()) > 5
        # Even a cut of everything that comes from here, which no fault can ask for, leaves the orders through.
        node, machine = cluster.nodes[0], five.all[0]
        third = await cluster.inject(Cut((("n2", "n1"),)))
        rules = table(node.agent.run)
        element = f"{{ {node.agent.about['control']} . {machine.address} }}"
        machine.do("nft", "add", "element", "inet", rules, "cut2", element)
        with pytest.raises(OSError):
            await told(node, "time")
        assert (await third.heal())["messages_dropped"] > 0
        await told(node, "time")

    played(cuts, five, tmp_path)
    said = (tmp_path / "environment.txt").read_text()
    assert f"n1 on {five.all[0].address}: Linux" in said and "chatter.py from" in said
    assert "serving" in (tmp_path / "n2.log").read_text()
    assert (tmp_path / "resources.jsonl").read_text().count('"node": "n1"') >= 1


def test_bad_links(five: Machines, tmp_path: Path) -> None:
    async def packets(cluster: HostsCluster) -> None:
        loss = await cluster.inject(Impair((("n1", "n2"), ("n3", "n2")), loss=1.0))
        seen = await grown(cluster)
        assert seen["n1", "n2"] == seen["n3", "n2"] == 0 and min(seen["n2", "n1"], seen["n1", "n3"]) > 5
        delay = await cluster.inject(Impair(BOTH_WAYS, delay_ms=20))
        assert (await loss.heal())["messages_dropped"] > 20
        await asyncio.sleep(SECONDS)
        assert (await delay.heal())["messages_delayed"] > 20
        assert min((await grown(cluster)).values()) > 5

    machine = five.all[1]
    machine.do("iptables-nft", "-t", "mangle", "-A", "INPUT", "-s", "203.0.113.1", "-j", "ACCEPT")
    try:
        played(packets, five, tmp_path)
        assert "203.0.113.1" in machine.do("iptables-nft", "-t", "mangle", "-S"), "what others have there stays"
    finally:
        machine.do("iptables-nft", "-t", "mangle", "-F", "INPUT")
    assert "packets by NFQUEUE" in (tmp_path / "environment.txt").read_text()


def test_clients_are_cut_off_and_late_and_orders_pass(five: Machines, tmp_path: Path) -> None:
    async def clients(cluster: HostsCluster) -> None:
        n1, n2, _ = cluster.nodes
        for injection in (CutClients(("n1",)), CutClients(("n1",), requests=False), CutClients(("n1",), queued=True)):
            cut = await cluster.inject(injection)
            with pytest.raises(OSError):
                await ask(n1, "time", 1.0)  # type: ignore[arg-type]
            await told(n2, "time")
            assert (await n1.log_lines())[0], "orders pass"
            assert sum((await cut.heal()).values()) > 0
            await told(n1, "time")
        late = await cluster.inject(ImpairClients(("n1",), delay_ms=50))
        await told(n1, "time")
        assert (await late.heal())["requests_delayed"] > 0

    played(clients, five, tmp_path)


def test_nodes_go_down_stand_still_and_die(five: Machines, tmp_path: Path) -> None:
    async def downs(cluster: HostsCluster) -> None:
        n1, n2, n3 = cluster.nodes
        kill = await cluster.inject(Kill(("n1", "n2")))
        assert not n1.running and not n2.running and n3.running
        again = await cluster.inject(Kill(("n1",)))
        assert (await kill.heal())["processes_killed"] == 2
        assert n2.running and not n1.running, "n1 is held by another kill"
        assert (await again.heal())["processes_killed"] == 0
        await ready(cluster)
        pause = await cluster.inject(Pause(("n3",)))
        with pytest.raises(TimeoutError):
            await ask(n3, "time", 0.5)  # type: ignore[arg-type]
        assert n3.running and (await pause.heal())["paused_ms"] > 400
        await told(n3, "time")
        stop = await cluster.inject(Stop(("n3",)))
        assert not n3.running and (await stop.heal())["processes_stopped"] == 1
        await ready(cluster)
        assert cluster.deaths() == [], "nobody died by himself"
        with pytest.raises(ConnectionResetError):
            await told(n2, "die")
        async with asyncio.timeout(10):
            while n2.running:
                await asyncio.sleep(0.02)
        (death,) = cluster.deaths()
        assert death.text == "n2 exited with code 3 by itself; its log ends with: told to die"
        await (await cluster.inject(Pause(("n2",)))).heal()
        assert n2.running, "a heal starts it again"
        assert await (await cluster.inject(Compact(("n1", "n2")))).heal() == {"compactions": 2} and len(asked) == 2
        assert await (await cluster.inject(Flush(("n1",)))).heal() == {"flushes": 1}
        assert await (await cluster.inject(Repair(("n1",)))).heal() == {"repairs": 0}, "its command failed"

    asked: list[str] = []

    async def compact(place: Place) -> None:
        asked.append(place.name)

    admin_commands = {Flush: lambda place: ["mkdir", str(place.folder / "flushed")], Repair: lambda place: ["false"]}
    played(downs, five, tmp_path, chatters(admin_calls={Compact: compact}, admin_commands=admin_commands))
    assert (tmp_path / "n1.log").read_text().count("--- splitbrain: starting") == 2


def test_clocks_and_disks(five: Machines, tmp_path: Path) -> None:
    async def clocks_and_disks(cluster: HostsCluster) -> None:
        n1, n2, _ = cluster.nodes
        skew = await cluster.inject(SkewClock("n1", offset_ms=3_600_000))
        assert await wall_ms(n1) == pytest.approx(3_600_000, abs=2000)
        assert abs(await wall_ms(n2)) < 2000
        await (await cluster.inject(Kill(("n1",)))).heal()
        await ready(cluster)
        assert await wall_ms(n1) == pytest.approx(3_600_000, abs=2000), "set again after a restart"
        assert (await skew.heal())["skew_ms"] == pytest.approx(3_600_000, abs=500)
        assert abs(await wall_ms(n1)) < 2000
        slow = await cluster.inject(SlowDisk(("n1", "n2"), delay_ms=100))
        assert float(str(await told(n1, "sync"))) > 0.09
        assert (await slow.heal())["syncs_delayed"] >= 1
        await told(n2, "sync")
        broken = await cluster.inject(FailDisk(("n2",), "EIO"))
        assert "Input/output" in str(await told(n2, "sync"))
        assert (await broken.heal())["calls_failed"] > 0
        full = await cluster.inject(FillDisk(("n2",), room_kb=64))
        await ready(cluster)
        assert set(await full.heal()) == {"disks_filled"}
        await ready(cluster)
        flips = await cluster.inject(FlipBits(("n1",), 3, 1))
        assert (await flips.heal())["bits_flipped"] >= 0
        cut = await cluster.inject(TruncateFile(("n1",), 100, 1))
        assert (await cut.heal())["bytes_cut"] > 0, "it had written a file"

    played(clocks_and_disks, five, tmp_path)


def test_a_node_that_never_comes_up_says_why(five: Machines, tmp_path: Path) -> None:
    from splitbrain.harness.errors import InfrastructureError

    async def never(cluster: HostsCluster) -> None:
        raise AssertionError("it did not come up")

    for changes, said in (
        ({"argv": lambda place: ["/no/such/program"]}, "n1: /no/such/program: No such file or directory"),
        ({"argv": lambda place: ["sh", "-c", "echo wrong option; exit 2"]}, "wrong option"),
        ({"argv": lambda place: ["sleep", "60"], "ready_seconds": 0.5}, "was not ready within 0.5 s"),
    ):
        with pytest.raises(InfrastructureError) as caught:
            played(never, five, tmp_path, chatters(**changes))
        assert said in str(caught.value) and five.all[0].address in str(caught.value)
        assert [machine.leftovers() for machine in five.all] == [""] * 5
