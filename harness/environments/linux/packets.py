"""Slow and unreliable links: by the kernel's own netem where it has that, else packet by packet by a
reader to which rules in each node's namespace hand what other nodes send.

netem cannot tell how many packets it reordered, doubled or changed, so for these the reader (`nfqueue.py`), which
counts what it does, is preferred where both are there. It starts with the first impairment that is its own; the rules
are there only while it has one. Pitfall: if the reader died, the rules would let everything through (`bypass`), so its
answers are waited for.
"""

import asyncio
import functools
import itertools
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from splitbrain.harness.environments.linux import namespaces, netem, nfqueue, tools
from splitbrain.harness.environments.linux.tools import Shell
from splitbrain.harness.errors import InfrastructureError

ANSWER_SECONDS = 10.0
FIGURES = ("delay_ms", "jitter_ms", "loss", "duplicate", "reorder", "corrupt", "rate_kbit")
"""Names of what can be asked for, as fields of `injection.Impair`."""
COUNTED = ("delayed", "dropped", "duplicated", "reordered", "corrupted")


@dataclass(frozen=True)
class Rules:
    """Rules that hand packets to the queue: by nft where the kernel has that, else by iptables."""

    name: str
    on: Callable[[str, str], tuple[list[str], str]]
    """(network, address of the harness, whose packets pass; empty: no such address) → command and its input. What was
    there before is replaced."""
    off: tuple[list[str], str]


def _nft(network: str, harness: str) -> tuple[list[str], str]:
    spared = f" ip saddr != {harness}" if harness else ""
    return (
        ["nft", "-f", "-"],
        f"""add table inet splitbrain
delete table inet splitbrain
add table inet splitbrain
add chain inet splitbrain incoming {{ type filter hook input priority 0; }}
add rule inet splitbrain incoming iif != lo ip saddr {network}{spared} queue num {nfqueue.QUEUE} bypass
""",
    )


def _iptables(network: str, harness: str) -> tuple[list[str], str]:
    spared = f"-A INPUT -s {harness} -j ACCEPT\n" if harness else ""
    return (
        ["iptables-nft-restore", "--noflush"],
        f"""*mangle
-F INPUT
-A INPUT -i lo -j ACCEPT
{spared}-A INPUT -s {network} -j NFQUEUE --queue-num {nfqueue.QUEUE} --queue-bypass
COMMIT
""",
    )


NFT = Rules("NFQUEUE by nft", _nft, (["nft", "-f", "-"], "add table inet splitbrain\ndelete table inet splitbrain\n"))
IPTABLES = Rules(
    "NFQUEUE by iptables", _iptables, (["iptables-nft-restore", "--noflush"], "*mangle\n-F INPUT\nCOMMIT\n")
)


@functools.cache
def rules() -> Rules | None:
    """The way that works on this machine, found by trying in a network of its own; None if none does."""
    prefix = namespaces.throwaway()
    if not prefix:
        return None  # Never to be tried on the machine's own network.
    for way in (NFT, IPTABLES):
        argv, text = way.on("198.18.0.0/24", "198.18.0.1")
        tool = tools.find(argv[0])
        if tool is not None:
            command = [*prefix, tool, *argv[1:]]
            if subprocess.run(command, input=text.encode(), capture_output=True, check=False).returncode == 0:
                return way
    return None


def queue_name() -> str:
    """The name of the way by which packets are handed to the reader here."""
    way = rules()
    return way.name if way else "nothing"


def unable() -> str | None:
    """The reason that links cannot be made slow and unreliable here, else None."""
    return None if netem.available() else unqueueable()


def unqueueable() -> str | None:
    """The reason that packets cannot be touched one by one here, else None."""
    if rules() is not None:
        return None
    if not namespaces.throwaway():
        return namespaces.unavailable() or "no network of its own can be made here"
    absent = tools.missing("nft", "iptables-nft")
    return (
        absent or "this kernel cannot hand packets to a program (NFQUEUE: nfnetlink_queue with nft_queue or xt_NFQUEUE)"
    )


def _by_netem(figures: Mapping[str, float]) -> bool:
    return netem.available() and (netem.countable(figures) or rules() is None)


@dataclass
class Packets:
    """The impaired links of one switch.

    places: node address → (file of its network namespace, shell in it). network, harness: the switch's addresses.
    """

    places: dict[str, tuple[str, Shell]]
    network: str
    harness: str
    _process: asyncio.subprocess.Process | None = None
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _active: int = 0
    _of_clients: set[int] = field(default_factory=set)
    """The numbers of those that touch what comes from clients."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _netem: netem.Netem = field(init=False)

    def __post_init__(self) -> None:
        self._netem = netem.Netem({address: shell for address, (_, shell) in self.places.items()})

    async def impair(self, links: Sequence[tuple[str, str]], **figures: float) -> "ImpairedLinks":
        """Impair links (from address, to address); figures: of `FIGURES`. InfrastructureError if it cannot be done
        here."""
        if _by_netem(figures):
            return ImpairedLinks(self._netem.heal, await self._netem.impair(links, figures))
        return await self.queue(links, figures)

    def means(self, figures: Mapping[str, float]) -> str:
        """The means by which this is done here, in words."""
        return "netem" if _by_netem(figures) else queue_name()

    async def impair_clients(self, nodes: Sequence[str], **figures: float) -> "ImpairedLinks":
        """Handle likewise what comes from clients to nodes with these addresses."""
        return await self.queue([(self.harness, node) for node in nodes], figures)

    async def queue(self, links: Sequence[tuple[str, str]], figures: Mapping[str, float]) -> "ImpairedLinks":
        """Impair links by the reader, see `impair`."""
        number = next(self._numbers)
        clients = any(source == self.harness for source, _ in links)
        async with self._turn:
            if self._process is None:
                await self._start()
            await self._order({"add": {"id": number, "links": [list(link) for link in links], **figures}})
            if clients:
                self._of_clients.add(number)
            if not self._active or self._of_clients == {number}:
                await self._switch(on=True)
            self._active += 1
        return ImpairedLinks(self.heal, number)

    async def heal(self, number: int) -> Mapping[str, int]:
        """Take an impairment back; what it did, by the words of `COUNTED`."""
        async with self._turn:
            self._active -= 1
            self._of_clients.discard(number)
            if not self._active:
                await self._switch(on=False)
            return await self._order({"remove": number})

    async def move(self, address: str, file: str, shell: Shell) -> None:
        """Follow a node to the other network namespace in which it lives from now on, as a container does after each
        start."""
        async with self._turn:
            self.places[address] = file, shell
            if self._process is not None:
                await self._order({"port": [address, file]})
            if self._active:
                await self._switch(on=True, shells=[shell])
        await self._netem.move(address, shell)

    async def close(self) -> None:
        """End the reader; packets that it holds are let through. Safe to call twice."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            await process.wait()

    async def _start(self) -> None:
        words = [f"{address}={file}" for address, (file, _) in self.places.items()]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            nfqueue.__file__,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await self._answer(self._process)

    async def _order(self, order: Mapping[str, object]) -> Mapping[str, int]:
        process = self._process
        if process is None or process.stdin is None:
            raise InfrastructureError("the packet reader is not running")
        process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self._answer(process)

    async def _answer(self, process: asyncio.subprocess.Process) -> Mapping[str, int]:
        assert process.stdout is not None and process.stderr is not None
        line = await asyncio.wait_for(process.stdout.readline(), ANSWER_SECONDS)
        if not line:
            said = (await process.stderr.read()).decode(errors="replace").strip()
            raise InfrastructureError(f"the packet reader ended: {said[-500:]}")
        answer: Mapping[str, int] = json.loads(line)
        return answer

    async def _switch(self, *, on: bool, shells: Sequence[Shell] = ()) -> None:
        way = rules()
        if way is None:
            raise InfrastructureError(unable() or "packets cannot be touched here")
        argv, text = way.on(self.network, "" if self._of_clients else self.harness) if on else way.off
        everywhere = [shell for _, shell in self.places.values()]
        await asyncio.gather(*(shell(argv, text) for shell in shells or everywhere))


@dataclass
class ImpairedLinks:
    """Links that are impaired until this is healed."""

    undo: Callable[[int], Awaitable[Mapping[str, int]]]
    number: int

    async def heal(self) -> Mapping[str, int]:
        """Undo exactly this; what it did, by the words of `COUNTED`."""
        return await self.undo(self.number)
