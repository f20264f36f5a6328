"""A Raft cluster on the workbench, with the few moves that the tests of the protocol need."""

from functools import partial
from typing import Any

from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.raft import RaftNode, RaftSettings

from ..bench import Flight, StoreBench

FIVE = ("s1", "s2", "s3", "s4", "s5")
THREE = ("s1", "s2", "s3")


class RaftBench(StoreBench):
    """A Bench of Raft servers."""

    def __init__(self, names: tuple[str, ...] = THREE, seed: int = 0, node: type[RaftNode] = RaftNode, **options: Any):
        self.settings = RaftSettings(**options)
        super().__init__(partial(node, settings=self.settings), names, seed)
        self._requests = 0
        self.writes: dict[int, Any] = {}
        """Handle → what was written."""

    def server(self, name: str) -> Any:
        """The state of a running server."""
        return self.program(name).server

    def terms(self, name: str) -> list[int]:
        """The terms of a server's entries."""
        log = self.server(name).log
        return [log.entry(i).term for i in range(1, log.last + 1)]

    def leaders(self) -> list[str]:
        """Running servers that believe to lead."""
        return [name for name in self.up() if self.server(name).role == "leader"]

    def elect(self, name: str, *voters: str) -> None:
        """Make a server leader with the votes of some others; its first entry is then under way to all. Long enough
        passes before for everybody to have forgotten the last leader."""
        group = (name, *voters)
        for _ in range(200):
            self.drop(lambda flight: not (flight.sender in group and flight.to in group))
            busy = [member for member in group if self.beds[member].syncs]
            if busy:
                self.sync(busy[0])
            elif self.flights:
                self.deliver()
            else:
                self.wait(400)
                self.fire(name, "election")
            if self.server(name).role == "leader":
                return
        raise AssertionError(f"{name} was not elected")

    def hand(self, to: str, sender: str, message: Any) -> None:
        """Deliver a message that was never sent."""
        self.flights.append(Flight(sender, to, message))
        self.deliver(len(self.flights) - 1)

    def heartbeat(self, leader: str, *followers: str) -> None:
        """One broadcast of a leader, which only these hear, and everything that follows from it among them."""
        self.flights.clear()
        self.fire(leader, "heartbeat")
        self.settle((leader, *followers))

    def write(self, name: str, value: Any, key: str = "x") -> int:
        """Have a client ask a server to write; the handle of its reply."""
        self._requests += 1
        handle = self.request(name, Request("write", key, value, "client", self._requests))
        self.writes[handle] = value
        return handle

    def fresh(self) -> int:
        """A value that was never written."""
        return self._requests

    def read(self, name: str, key: str = "x") -> int:
        """Have a client ask a server to read; the handle of its reply."""
        self._requests += 1
        return self.request(name, Request("read", key, None, f"reader{self._requests}", 1))
