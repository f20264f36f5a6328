"""The words for tc, and what is made of its answers, against a shell that writes down."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from splitbrain.harness.environments.linux import netem, packets
from splitbrain.harness.environments.linux.netem import Netem, words

A, B, C = "198.18.0.11", "198.18.0.12", "198.18.0.13"


class Tc:
    """The shell of one node's namespace."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counts: dict[int, tuple[int, int]] = {}
        """Number of a class → (packets passed, packets dropped)."""

    async def __call__(self, argv: Sequence[str], stdin: str = "") -> str:
        if argv[1:4] == ["-s", "-j", "qdisc"]:
            root = {"kind": "htb", "handle": "1:", "root": True, "packets": 99, "drops": 9}
            leaves = [
                {"kind": "netem", "parent": f"1:{number:x}", "packets": passed, "drops": dropped}
                for number, (passed, dropped) in self.counts.items()
            ]
            return json.dumps([root, *leaves])
        self.said += [line for line in stdin.splitlines() if line] if "-batch" in argv else [" ".join(argv[1:])]
        return ""

    def new(self) -> list[str]:
        said, self.said = self.said, []
        return said


def test_harms_become_words_of_tc() -> None:
    assert words([{"delay_ms": 100.0, "jitter_ms": 50.0}]) == "netem limit 100000 delay 100ms 50ms rate 100gbit"
    assert words([{"loss": 0.2}]) == "netem limit 100000 loss 20%"
    assert words([{"loss": 0.5}, {"loss": 0.5, "delay_ms": 10.0}]) == "netem limit 100000 delay 10ms 0ms loss 75%"
    assert words([{"rate_kbit": 64.0}, {"rate_kbit": 8.0}]) == "netem limit 100000 rate 8kbit"
    assert words([{"reorder": 0.25}]) == "netem limit 100000 delay 10ms 0ms reorder 25%"
    assert words([{"duplicate": 0.3, "corrupt": 0.01}]) == "netem limit 100000 duplicate 30% corrupt 1%"


def test_a_link_gets_a_class_and_loses_it_with_the_last_harm() -> None:
    async def main() -> None:
        tc = {address: Tc() for address in (A, B, C)}
        links = Netem(dict(tc))
        slow = await links.impair([(A, B), (A, C)], {"delay_ms": 100.0})
        assert tc[A].new() == [
            "qdisc add dev eth0 root handle 1: htb default 0",
            "class add dev eth0 parent 1: classid 1:1 htb rate 100gbit",
            "qdisc add dev eth0 parent 1:1 handle 2: netem limit 100000 delay 100ms 0ms",
            f"filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst {B}/32 flowid 1:1",
            "class add dev eth0 parent 1: classid 1:2 htb rate 100gbit",
            "qdisc add dev eth0 parent 1:2 handle 3: netem limit 100000 delay 100ms 0ms",
            f"filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst {C}/32 flowid 1:2",
        ]
        assert not tc[B].said
        tc[A].counts = {1: (10, 0), 2: (5, 0)}
        lossy = await links.impair([(A, B)], {"loss": 0.5})
        assert "qdisc change dev eth0 parent 1:1 handle 2: netem limit 100000 delay 100ms 0ms loss 50%" in tc[A].new()
        tc[A].counts = {1: (30, 8), 2: (6, 0)}
        assert (await links.heal(lossy))["dropped"] == 8
        assert "qdisc change dev eth0 parent 1:1 handle 2: netem limit 100000 delay 100ms 0ms" in tc[A].new()
        tc[A].counts = {1: (31, 8), 2: (6, 0)}
        did = await links.heal(slow)
        assert (did["delayed"], did["dropped"]) == (37, 0)
        assert tc[A].new() == ["qdisc del dev eth0 root"]
        doubled = await links.impair([(A, B)], {"duplicate": 0.5})
        tc[A], old = Tc(), tc[A]
        await links.move(A, tc[A])
        assert [line.split()[0] for line in tc[A].new()] == ["qdisc", "class", "qdisc", "filter"]
        tc[A].counts = {1: (10, 0)}
        assert (await links.heal(doubled))["duplicated"] == 5
        assert tc[A].new() == ["qdisc del dev eth0 root"] and len(old.new()) == 4

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kernel", "queue", "impairment", "means"),
    [
        (True, True, {"delay_ms": 5.0}, "netem"),
        (True, True, {"duplicate": 0.5}, "NFQUEUE by nft"),
        (True, False, {"duplicate": 0.5}, "netem"),
        (False, True, {"delay_ms": 5.0}, "NFQUEUE by nft"),
    ],
)
def test_the_means_are_chosen_by_what_there_is_and_what_can_be_counted(
    monkeypatch: pytest.MonkeyPatch, kernel: bool, queue: bool, impairment: dict[str, float], means: str
) -> None:
    monkeypatch.setattr(netem, "available", lambda: kernel)
    monkeypatch.setattr(packets, "rules", lambda: packets.NFT if queue else None)
    assert packets.Packets({}, "", "").means(impairment) == means
    assert packets.unable() is None
