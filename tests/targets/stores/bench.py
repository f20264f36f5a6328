"""A cluster of programs on a workbench: every message, timer, sync and crash happens by hand, in any order.

Nothing moves by itself, so a test can put the cluster into exactly the state that a figure of a paper shows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.program import (
    Append,
    CancelTimer,
    Effects,
    Log,
    Now,
    PowerCycle,
    Program,
    ProgramFactory,
    Replace,
    Reply,
    Send,
    SetTimer,
    Sync,
    Truncate,
)
from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.messages import Request, Response

MS = 1_000_000


@dataclass
class Flight:
    """A message on its way."""

    sender: str
    to: str
    message: Any


@dataclass
class Bed:
    """A node and its disk. syncs: tokens under way, with the number of writes that each covers."""

    name: str
    program: Program | None = None
    durable: dict[str, bytearray] = field(default_factory=dict)
    unsynced: list[Append | Replace | Truncate] = field(default_factory=list)
    syncs: list[tuple[int, int]] = field(default_factory=list)
    timers: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    starts: int = 0


class StoreBench:
    """The workbench. Time is the same for all nodes, in nanoseconds, and moves only when a timer fires or by `wait`."""

    def __init__(self, factory: ProgramFactory, names: tuple[str, ...], seed: int = 0) -> None:
        self.factory = factory
        self.names = names
        self.newcomers: list[str] = []
        """Nodes that were made anew, and joined later than the others."""
        self.seed = seed
        self.now = 0
        self.beds = {name: Bed(name) for name in names}
        self.flights: list[Flight] = []
        self.replies: dict[int, Response] = {}
        self.switching: list[tuple[str, str]] = []
        """Orders to switch a node off that are under way: who gave them, and whom they hit."""
        self._handles = 0
        for name in names:
            self.start(name)

    def program(self, name: str) -> Any:
        """The running program of a node."""
        program = self.beds[name].program
        assert program is not None
        return program

    def up(self) -> list[str]:
        """The nodes that run."""
        return [name for name, bed in self.beds.items() if bed.program is not None]

    def start(self, name: str) -> None:
        """Start a node from what is on its disk."""
        bed = self.beds[name]
        bed.starts += 1
        names = () if name in self.newcomers else self.names
        bed.program = self.factory(name, names, RandomStream(self.seed, name, bed.starts))
        disk = {file: bytes(data) for file, data in bed.durable.items()}
        self._carry_out(bed, bed.program.on_start(self._time(), disk))

    def crash(self, name: str, keep: int = 0, torn: int = 0) -> None:
        """End a node. keep: so many of its unsynced writes survive. torn: so many bytes of the next append do too."""
        bed = self.beds[name]
        for write in bed.unsynced[:keep]:
            apply_write(bed.durable, write)
        if keep < len(bed.unsynced):
            cut = bed.unsynced[keep]
            if isinstance(cut, Append):
                apply_write(bed.durable, Append(cut.file, cut.data[:torn]))
        bed.program = None
        bed.unsynced, bed.syncs, bed.timers = [], [], {}

    def make_anew(self, name: str) -> None:
        """Empty a node's disk, and start it as one that joins."""
        self.crash(name)
        self.beds[name].durable.clear()
        self.newcomers.append(name)
        self.start(name)

    def power_cycle(self) -> None:
        """Carry out the oldest order to switch a node off; it stays down."""
        ordering, name = self.switching.pop(0)
        self.crash(name)
        bed = self.beds[ordering]
        if bed.program is not None:
            self._carry_out(bed, self.program(ordering).on_power_cycled(self._time(), name))

    def wait(self, ms: float) -> None:
        """Let time pass; nothing happens."""
        self.now += round(ms * MS)

    def fire(self, name: str, timer: str) -> None:
        """Let time pass until a timer is due, and fire it."""
        bed = self.beds[name]
        self.now = max(self.now, bed.timers.pop(timer))
        self._carry_out(bed, self.program(name).on_timer(self._time(), timer))

    def deliver(self, position: int = 0, *, keep: bool = False) -> None:
        """Deliver a message under way; keep: and leave a copy of it under way."""
        flight = self.flights[position] if keep else self.flights.pop(position)
        bed = self.beds[flight.to]
        if bed.program is not None:
            self._carry_out(bed, bed.program.on_message(self._time(), flight.sender, flight.message))

    def drop(self, which: Callable[[Flight], bool]) -> None:
        """Lose messages under way."""
        self.flights = [flight for flight in self.flights if not which(flight)]

    def sync(self, name: str) -> None:
        """End the oldest sync of a node."""
        bed = self.beds[name]
        token, count = bed.syncs.pop(0)
        for write in bed.unsynced[:count]:
            apply_write(bed.durable, write)
        del bed.unsynced[:count]
        bed.syncs = [(other, covered - count) for other, covered in bed.syncs]
        self._carry_out(bed, self.program(name).on_durable(self._time(), token))

    def request(self, name: str, request: Request) -> int:
        """Have a client ask a node; the handle under which the reply will stand in `replies`."""
        self._handles += 1
        handle = self._handles
        self._carry_out(self.beds[name], self.program(name).on_request(self._time(), handle, request))
        return handle

    def settle(
        self, among: tuple[str, ...] | None = None, limit: int = 2000, *, without: tuple[type, ...] = ()
    ) -> list[Flight]:
        """Deliver and sync everything, oldest first, until nothing is under way; only among some nodes if named: what
        is sent to others, or from them, is lost. without: kinds of messages that are not delivered; these."""
        group, held = self.names if among is None else among, list[Flight]()
        for _ in range(limit):
            self.drop(lambda flight: flight.to not in group or flight.sender not in group)
            held += [flight for flight in self.flights if isinstance(flight.message, without)]
            self.drop(lambda flight: isinstance(flight.message, without))
            waiting = [name for name in group if self.beds[name].program is not None and self.beds[name].syncs]
            if waiting:
                self.sync(waiting[0])
            elif self.flights:
                self.deliver()
            else:
                return held
        raise AssertionError("the cluster does not come to rest")

    def _time(self) -> Now:
        return Now(self.now, 0)

    def _carry_out(self, bed: Bed, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Send(to, message):
                    self.flights.append(Flight(bed.name, to, message))
                case SetTimer(name, after):
                    bed.timers[name] = self.now + after
                case CancelTimer(name):
                    bed.timers.pop(name, None)
                case Reply(request, message):
                    assert request not in self.replies, "answered twice"
                    self.replies[request] = message
                case Append() | Replace() | Truncate():
                    bed.unsynced.append(effect)
                case Sync(token):
                    bed.syncs.append((token, len(bed.unsynced)))
                case PowerCycle(node):
                    self.switching.append((bed.name, node))
                case Log(text):
                    bed.log.append(text)


def apply_write(files: dict[str, bytearray], write: Append | Replace | Truncate) -> None:
    """Carry out a write on a disk's contents."""
    match write:
        case Append(file, data):
            files.setdefault(file, bytearray()).extend(data)
        case Replace(file, data):
            files[file] = bytearray(data)
        case Truncate(file, length):
            del files.setdefault(file, bytearray())[length:]
