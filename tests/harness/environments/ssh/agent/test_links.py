"""Rules on a machine that has other things to do: ours alone, and never against the harness."""

import asyncio

import pytest

from splitbrain.harness.environments.linux import packets
from splitbrain.harness.environments.linux.tools import Shell
from splitbrain.harness.environments.ssh.agent.links import Control, HostPackets, HostPartitions
from splitbrain.harness.errors import UsageError

CONTROL = Control("198.18.0.201", 2222)
HERE, THERE = "198.18.0.11", "198.18.0.12"


class NotingShell:
    """A shell that does nothing but note what it was asked."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def __call__(self, argv: object, stdin: str = "") -> str:
        self.said.append(stdin)
        return ""


def test_the_harness_passes_before_anything_is_dropped_and_is_never_cut() -> None:
    shell = NotingShell()
    partitions = HostPartitions(shell, "splitbrain_1", "inet", "input", control=CONTROL)

    async def story() -> None:
        await partitions.setup()
        assert "drop" in shell.said[0]
        assert shell.said[1] == ("insert rule inet splitbrain_1 dropping ip saddr 198.18.0.201 tcp dport 2222 accept\n")
        await partitions.cut([(THERE, HERE)])
        with pytest.raises(UsageError, match="would cut its clients"):
            await partitions.cut([(THERE, HERE), (CONTROL.address, HERE)])
        assert len(shell.said) == 3

    asyncio.run(story())


@pytest.mark.parametrize("way", [packets.NFT, packets.IPTABLES])
def test_packets_of_other_nodes_alone_are_queued_in_rules_of_our_own(
    monkeypatch: pytest.MonkeyPatch, way: packets.Rules
) -> None:
    monkeypatch.setattr(packets, "rules", lambda: way)
    shell = NotingShell()
    places: dict[str, tuple[str, Shell]] = {HERE: ("", shell)}
    links = HostPackets(places, "", CONTROL.address, peers=[THERE], table="splitbrain_1", port=2222)

    async def story() -> None:
        await links._switch(on=True)
        links._of_clients.add(1)
        await links._switch(on=True)
        await links._switch(on=False)

    asyncio.run(story())
    on, clients, off = shell.said
    assert CONTROL.address in clients and "2222" in clients, "what comes from clients is queued, and orders pass"
    assert THERE in on and CONTROL.address not in on and "splitbrain_1" in on
    assert "-F INPUT" not in on + off, "what others have there stays"
    if way is packets.IPTABLES:
        assert "-A INPUT -j splitbrain_1" in on and "-D INPUT -j splitbrain_1" in off and "-X splitbrain_1" in off
    else:
        assert off == "add table inet splitbrain_1_packets\ndelete table inet splitbrain_1_packets\n"
