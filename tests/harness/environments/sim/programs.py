"""Tiny programs for the simulator's tests, and a way to run a cluster of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from splitbrain.harness.deployment import Simulated
from splitbrain.harness.environments.sim import Sim, SimCluster, SimOptions
from splitbrain.harness.program import Append, Effects, Now, Reply, Send, SetTimer, Sync
from splitbrain.harness.random_stream import RandomStream

NODES = ("n1", "n2", "n3")


class Quiet:
    """A node that does nothing; the others begin with it."""

    message_type = Any
    request_type = Any
    reply_type = Any

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream) -> None:
        self.name = name
        self.nodes = nodes
        self.random = random

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        return ()

    def on_message(self, now: Now, sender: str, message: Any) -> Effects:
        return ()

    def on_timer(self, now: Now, name: str) -> Effects:
        return ()

    def on_request(self, now: Now, request: int, message: Any) -> Effects:
        return ()

    def on_durable(self, now: Now, token: int) -> Effects:
        return ()

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        return ()


class Echo(Quiet):
    """A program that answers each request with itself."""

    def on_request(self, now: Now, request: int, message: Any) -> Effects:
        return [Reply(request, message)]


class FileWriter(Quiet):
    """A program that appends each request to a file, answers when it is durable; answers `errno` if the disk fails, and
    `read` with what it found at its start."""

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream) -> None:
        super().__init__(name, nodes, random)
        self.found: Mapping[str, bytes] = {}

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        self.found = disk
        return ()

    def on_request(self, now: Now, request: int, message: Any) -> Effects:
        if message == "read":
            return [Reply(request, dict(self.found))]
        return [Append("log", message), Sync(request)]

    def on_durable(self, now: Now, token: int) -> Effects:
        return [Reply(token, "durable")]

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        return [Reply(token, errno)]


class Sender(Quiet):
    """A program by which n1 sends the numbers from 0 to n2, one every millisecond of its clock; `heard` collects (time,
    number)."""

    heard: list[tuple[int, int]]
    sent: int

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        self.sent = 0
        self.heard = []
        return [SetTimer("send", 1_000_000)] if self.name == "n1" else ()

    def on_timer(self, now: Now, name: str) -> Effects:
        self.sent += 1
        return [Send("n2", self.sent - 1), SetTimer("send", 1_000_000)]

    def on_message(self, now: Now, sender: str, message: int) -> Effects:
        self.heard.append((now.monotonic, message))
        return ()

    @property
    def numbers(self) -> list[int]:
        """The numbers that were heard, in order."""
        return [number for _, number in self.heard]


class SimStage:
    """A cluster being tested. programs: the newest incarnation of each node."""

    def __init__(self, sim: Sim, cluster: SimCluster, programs: dict[str, Any]) -> None:
        self.sim = sim
        self.cluster = cluster
        self.programs = programs
        self.n1, self.n2, self.n3 = cluster.nodes


def play(
    program: Callable[[str, Sequence[str], RandomStream], Any],
    scene: Callable[[SimStage], Awaitable[Any]],
    seed: int = 1,
    options: SimOptions | None = None,
    folder: Path | None = None,
) -> Any:
    """Run a scene with three nodes of a program."""
    sim = Sim(seed, options)
    programs: dict[str, Any] = {}

    def make(name: str, nodes: Sequence[str], random: RandomStream) -> Any:
        programs[name] = program(name, nodes, random)
        return programs[name]

    async def main() -> Any:
        cluster = await sim.up(Simulated(make), NODES, folder)
        try:
            return await scene(SimStage(sim, cluster, programs))
        finally:
            await cluster.down()

    return sim.run(main)
