"""Slow and lossy links by netem, on what each node sends, one class per receiver.

It costs nothing per packet in this process, and keeps its times to the microsecond. Pitfall: netem counts what passed
and what it dropped, never what it doubled, changed or let overtake, so these are told as the share asked for of what
passed; jitter alone would let packets overtake each other, unless a rate is given; and what it still holds when the
last impairment of a node's links is healed is lost.
"""

import asyncio
import functools
import itertools
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.environments.linux import namespaces, tools
from splitbrain.harness.environments.linux.tools import Shell

DEVICE = "eth0"
UNLIMITED = "100gbit"
QUEUE_PACKETS = 100_000

Figures = Mapping[str, float]
"""The fields of `injection.Impair` without its links, by name."""


@functools.cache
def available() -> bool:
    """Whether this kernel has netem, found by trying in a network of its own."""
    prefix = namespaces.throwaway()
    tool = tools.find("tc")
    if not prefix or tool is None:
        return False
    command = (*prefix, tool, "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def countable(figures: Figures) -> bool:
    """Whether netem can count all that these figures do."""
    return not (figures.get("duplicate") or figures.get("reorder") or figures.get("corrupt"))


def words(all_figures: Sequence[Figures]) -> str:
    """Several impairments of one link as netem wants them: delays add up, chances combine, the lowest rate counts."""
    said = []
    delay, jitter = _sum(all_figures, "delay_ms"), _sum(all_figures, "jitter_ms")
    reorder = _chance(all_figures, "reorder")
    if delay or jitter or reorder:
        # netem lets packets overtake only those that it delays.
        said.append(f"delay {max(delay, 10.0 if reorder else 0.0):g}ms {jitter:g}ms")
    for name, option in (("loss", "loss"), ("duplicate", "duplicate"), ("corrupt", "corrupt")):
        share = _chance(all_figures, name)
        if share:
            said.append(f"{option} {share * 100:g}%")
    if reorder:
        said.append(f"reorder {reorder * 100:g}%")
    rates = [rate for figures in all_figures if (rate := figures.get("rate_kbit", 0.0))]
    if rates:
        said.append(f"rate {min(rates):g}kbit")
    elif jitter and not reorder:
        # With a rate, however high, the kernel puts each packet behind the last one.
        said.append(f"rate {UNLIMITED}")
    return " ".join([f"netem limit {QUEUE_PACKETS}", *said])


def _sum(all_figures: Sequence[Figures], name: str) -> float:
    return sum(figures.get(name, 0.0) for figures in all_figures)


def _chance(all_figures: Sequence[Figures], name: str) -> float:
    """The probability that at least one of several does it."""
    never = 1.0
    for figures in all_figures:
        never *= 1.0 - figures.get(name, 0.0)
    return 1.0 - never


@dataclass
class _Impairment:
    figures: Figures
    links: frozenset[tuple[str, str]]
    passed: int = 0
    dropped: int = 0

    def did(self) -> Mapping[str, int]:
        """Counts of packets, by the words of `packets.COUNTED`."""
        figures = self.figures
        slow = figures.get("delay_ms") or figures.get("jitter_ms") or figures.get("rate_kbit")
        return {
            "delayed": self.passed if slow else 0,
            "dropped": self.dropped,
            "duplicated": round(self.passed * figures.get("duplicate", 0.0)),
            "reordered": round(self.passed * figures.get("reorder", 0.0)),
            "corrupted": round(self.passed * figures.get("corrupt", 0.0)),
        }


@dataclass
class Netem:
    """The impaired links of one switch. shells: node address → shell in its namespace."""

    shells: dict[str, Shell]
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _active: dict[int, _Impairment] = field(default_factory=dict)
    _classes: dict[str, list[str]] = field(default_factory=dict)
    """Sender → the receivers that have a class, by its number less one."""
    _seen: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Link → (passed, dropped) when last looked at."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def impair(self, links: Iterable[tuple[str, str]], figures: Figures) -> int:
        """Impair links (from address, to address); the number by which to heal it."""
        number, impairment = next(self._numbers), _Impairment(figures, frozenset(links))
        async with self._turn:
            senders = sorted({sender for sender, _ in impairment.links})
            await asyncio.gather(*(self._count(sender) for sender in senders))
            self._active[number] = impairment
            await asyncio.gather(*(self._set(sender) for sender in senders))
        return number

    async def heal(self, number: int) -> Mapping[str, int]:
        """Undo exactly that; what it did."""
        async with self._turn:
            impairment = self._active[number]
            senders = sorted({sender for sender, _ in impairment.links})
            await asyncio.gather(*(self._count(sender) for sender in senders))
            del self._active[number]
            await asyncio.gather(*(self._set(sender) for sender in senders))
        return impairment.did()

    async def move(self, address: str, shell: Shell) -> None:
        """Move the bad links of a node to another namespace in which it lives from now on, where nothing is impaired
        yet."""
        async with self._turn:
            self.shells[address] = shell
            self._forget(address)
            await self._set(address)

    def _forget(self, sender: str) -> bool:
        """Whether the node had classes."""
        self._seen = {link: counts for link, counts in self._seen.items() if link[0] != sender}
        return self._classes.pop(sender, None) is not None

    async def _set(self, sender: str) -> None:
        """Make the kernel do what is asked for now on a node's links."""
        all_figures: dict[str, list[Figures]] = {receiver: [] for receiver in self._classes.get(sender, ())}
        for impairment in self._active.values():
            for source, receiver in sorted(impairment.links):
                if source == sender:
                    all_figures.setdefault(receiver, []).append(impairment.figures)
        shell = self.shells[sender]
        if not any(all_figures.values()):
            if self._forget(sender):
                await shell(["tc", "qdisc", "del", "dev", DEVICE, "root"])
            return
        lines = [] if sender in self._classes else [f"qdisc add dev {DEVICE} root handle 1: htb default 0"]
        classes = self._classes.setdefault(sender, [])
        for receiver, asked in all_figures.items():
            lines += _lines(classes, receiver, asked)
        await shell(["tc", "-batch", "-"], "\n".join(lines) + "\n")

    async def _count(self, sender: str) -> None:
        """Add what happened since the last look to the impairments in force."""
        if sender not in self._classes:
            return
        listed = json.loads(await self.shells[sender](["tc", "-s", "-j", "qdisc", "show", "dev", DEVICE]))
        for qdisc in listed:
            if qdisc.get("kind") != "netem":
                continue
            receiver = self._classes[sender][int(qdisc["parent"].split(":")[1], 16) - 1]
            link, now = (sender, receiver), (int(qdisc["packets"]), int(qdisc["drops"]))
            passed, dropped = self._seen.get(link, (0, 0))
            self._seen[link] = now
            for impairment in self._active.values():
                if link in impairment.links:
                    impairment.passed += now[0] - passed
                    impairment.dropped += now[1] - dropped if impairment.figures.get("loss") else 0


def _lines(classes: list[str], receiver: str, all_figures: Sequence[Figures]) -> list[str]:
    """Commands of tc for one link: a class for it if it has none, and what is to happen there."""
    if receiver in classes:
        number = classes.index(receiver) + 1
        return [f"qdisc change dev {DEVICE} parent 1:{number:x} handle {number + 1:x}: {words(all_figures)}"]
    classes.append(receiver)
    number = len(classes)
    return [
        f"class add dev {DEVICE} parent 1: classid 1:{number:x} htb rate {UNLIMITED}",
        f"qdisc add dev {DEVICE} parent 1:{number:x} handle {number + 1:x}: {words(all_figures)}",
        f"filter add dev {DEVICE} parent 1: protocol ip prio 1 u32 match ip dst {receiver}/32 flowid 1:{number:x}",
    ]
