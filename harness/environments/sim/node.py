"""Member of a simulated cluster: a machine that outlives its processes, and at most one process at a time.

Pitfall: messages under way when a node dies may reach its next incarnation; on real networks, where every process
has connections of its own, that is rare, but a program must not rely on it.
"""

from pathlib import Path

from splitbrain.harness.environment import Death
from splitbrain.harness.environments.sim.channel import SimChannel
from splitbrain.harness.environments.sim.network import NetworkOptions
from splitbrain.harness.environments.sim.process import BusyProcess, SimHost, SimProcess
from splitbrain.harness.environments.sim.scheduler import SECOND
from splitbrain.harness.marks import EMPTIED
from splitbrain.harness.program import Message, ProgramFactory
from splitbrain.harness.random_stream import RandomStream

RESPAWN_NS = SECOND
"""Time after which a process that ended itself or was switched off is started again, unless its disk still fails: its
heal does it then."""


class SimNode:
    """One member. deaths: where the node's deaths by itself are noted. upgraded: maker of its program in another
    version."""

    def __init__(
        self,
        machine: SimHost,
        make: ProgramFactory,
        network: NetworkOptions,
        deaths: list[Death],
        upgraded: ProgramFactory | None = None,
    ) -> None:
        self.machine = machine
        self.process: SimProcess | None = None
        self.joins = False
        """Whether it joins a cluster that is there already."""
        self.kills_in_force = 0
        """Injections that keep it down; the heal of one does not undo another."""
        self._make = make
        self._upgraded = upgraded
        self._network = network
        self._deaths = deaths
        self._incarnations = 0
        self._channels = 0
        self._closed = False
        self._exits: set[str] = set()
        """Reasons for which it ended itself so far: each reason is noted once, as a server that refuses its disk tries
        again and again."""

    @property
    def name(self) -> str:
        """ "n1", "n2", …"""
        return self.machine.name

    @property
    def address(self) -> str:
        """The name of the node: there is no other address in the simulator."""
        return self.machine.name

    @property
    def running(self) -> bool:
        """Whether it has a process; a stopped one counts."""
        return self.process is not None

    async def connect(self) -> SimChannel:
        """A channel to it, after a round trip. ConnectionRefusedError if no process is running by then."""
        self._channels += 1
        machine = self.machine
        latency = self._network.latency(RandomStream(machine.seed, "channel", self.name, self._channels)).draw
        channel = SimChannel(machine.kernel, latency, self.name, lambda: self.process, machine.clients)
        await channel.open()
        return channel

    async def start(self) -> None:
        """Start it, if it is not running."""
        self.start_now()

    async def kill(self) -> None:
        """End it at once; what was not synced may be lost."""
        self.kill_now()

    def logs(self) -> Path | None:
        """The file of its log lines, if there is a folder for it."""
        return self.machine.log.path

    def receive(self, sender: str, message: Message) -> None:
        """Hand a message that arrives to the process; nobody takes it if there is none."""
        process = self.process
        if process is not None:
            process.receive(sender, message)

    def start_now(self) -> None:
        """Start it once more, see `start`."""
        if self.process is not None or self._closed:
            return
        self._incarnations += 1
        random = RandomStream(self.machine.seed, "node", self.name, self._incarnations)
        kind = BusyProcess if self.machine.service_ns else SimProcess
        self.process = kind(self.machine, self._note_death)
        members = () if self.joins else self.machine.members
        self.process.start(lambda: self._make(self.name, members, random))

    def kill_now(self) -> bool:
        """Kill it, see `kill`; whether there was anything to kill."""
        if self.process is None:
            return False
        self.process.kill()
        return True

    def power_cycle(self) -> None:
        """Switch it off and on again: what was not synced is lost, and it starts unless a fault keeps it down."""
        self.machine.log.write("the power was switched off and on again")
        self.machine.disk.lose_power()
        if self.kill_now():
            self.machine.kernel.at(self.machine.kernel.now + RESPAWN_NS, self._respawn)

    @property
    def outdated(self) -> bool:
        """Whether there is another version, in which its next process will not be."""
        return self._upgraded is not None

    def upgrade(self) -> None:
        """Take the other version from its next start on."""
        if self._upgraded is not None:
            self._make, self._upgraded = self._upgraded, None

    def empty(self) -> None:
        """Empty its disk, while it is down."""
        self.machine.disk.empty()
        self.machine.marks.publish(self.name, self.machine.kernel.now, EMPTIED, ())

    def close(self) -> None:
        """End it for good."""
        self._closed = True
        self.kill_now()
        self.machine.log.close()

    def _respawn(self) -> None:
        if not self.kills_in_force:
            self.start_now()

    def _note_death(self, process: SimProcess, why: str | None) -> None:
        self.process = None
        if process.left and not self.machine.disk.broken:
            self.machine.kernel.at(process.death + RESPAWN_NS, self._respawn)
        if why is None or (process.left and why in self._exits):
            return
        how = "ended itself" if process.left else "died by itself"
        if process.left:
            self._exits.add(why)
        text = f"{self.name} {how} at {process.death / SECOND:.9f} s: {why}"
        self._deaths.append(
            Death(self.name, process.death, text, tuple(self.machine.log.tail), not process.left, f"{how}: {why}")
        )
