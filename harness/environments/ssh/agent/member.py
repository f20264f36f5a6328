"""What is a host's node, and what can be done to it? An ordinary process, hurt by what hurts processes on any machine.

The cluster here has one node of its own; of the others it knows the addresses. So each host does its share of an
injection: to its own node, and to links that end here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol, get_args

from splitbrain.harness.cleanup import CleanUp
from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.linux.packets import rules
from splitbrain.harness.environments.linux.tools import LocalShell, Shell
from splitbrain.harness.environments.real.cluster import RealCluster
from splitbrain.harness.environments.real.harm import ActiveImpairment
from splitbrain.harness.environments.real.member import HostedMember
from splitbrain.harness.environments.real.node import Ending, RealNode
from splitbrain.harness.environments.real.process_node import LaunchedNode
from splitbrain.harness.environments.ssh.agent import host_state
from splitbrain.harness.environments.ssh.agent.links import Control, HostPackets, HostPartitions
from splitbrain.harness.injection import ActiveInjection, Bite, Cut, Impair, Injection, Link, Maintenance

OUR_OWN = ("PYTHONPATH",)


class Notify(Protocol):
    """Says something to the harness that it did not ask for."""

    def __call__(self, **event: Any) -> None: ...


class HostNode(LaunchedNode):
    """The node of this host."""

    def __init__(
        self, place: Place, deployment: Process, run: str, notify: Notify, log: Path, now: Callable[[], int]
    ) -> None:
        super().__init__(place, deployment, log, now)
        self._run = run
        self._notify = notify
        self._told = 0
        """How many of its deaths the harness knows of."""

    def found(self) -> list[int]:
        return host_state.members(self._run, session=self.main_pid() or 0)

    def variables(self) -> Mapping[str, str]:
        ours = [name for name in OUR_OWN if name not in self.deployment.variables]
        given = {name: value for name, value in super().variables().items() if name not in ours}
        return {**given, host_state.MARK: self._run}

    def begun(self) -> None:
        super().begun()
        self._notify(running=True)

    def over(self, ending: Ending) -> None:
        super().over(ending)
        self._notify(running=False)
        self.tell_deaths()

    def tell_deaths(self) -> None:
        """Have the harness know of those that it does not know of yet."""
        untold, self._told = self.deaths[self._told :], len(self.deaths)
        for death in untold:
            self._notify(death=death.text, lines=death.lines, crashed=death.crashed)


class Untouched:
    """A share that is nothing: the links end elsewhere."""

    async def heal(self) -> Bite:
        return {}


class HostCluster(RealCluster):
    """The part of a cluster that is on this host."""

    def __init__(
        self, place: Place, deployment: Process, run: str, folder: Path, control: Control, notify: Notify,
        now: Callable[[], int],
    ) -> None:  # fmt: skip
        logs = folder / "logs"
        logs.mkdir()
        self.node = HostNode(place, deployment, run, notify, logs / f"{place.name}.log", now)
        self._address = place.address
        self._addresses = dict(place.members)
        peers = [address for address in self._addresses.values() if address != place.address]
        table = host_state.table(run)
        partitions = HostPartitions(LocalShell(), table, "inet", "input", control=control)
        here: dict[str, tuple[str, Shell]] = {place.address: ("/proc/self/ns/net", LocalShell())}
        packets = HostPackets(here, "", control.address, peers=peers, table=table)
        super().__init__(deployment, [self.node], partitions, packets, logs, folder, now)
        self._notify = notify
        self._uploads: Mapping[str, str] = {}
        self._cuttable = False

    def note(self, text: str) -> None:
        self._notify(note=text)

    async def ready_for(self, uploads: Mapping[str, str], harms: Collection[type[Injection]]) -> None:
        """Have everything ready for the node's start. uploads: names in its folder → files of this host."""
        self._uploads = uploads
        await self.prepare(harms)
        if Cut in harms:
            await self._partitions.setup()
            self._cuttable = True

    async def remake(self, place: Place, deployment: Process, uploads: Mapping[str, str], *, empty: bool) -> None:
        """See `harness.reconfiguring.member.Member`."""
        self._deployment = self.node.deployment = deployment
        self._uploads = uploads
        await HostedMember(self.node, self._write_files).remake(place, empty=empty)
        self._link()

    def _write_files(self, node: RealNode) -> None:
        super()._write_files(node)
        self._link()

    def _link(self) -> None:
        for name, file in self._uploads.items():
            link = self.node.place.folder / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(file)

    async def inject_with_command(self, injection: Injection, admin_command: Sequence[str]) -> ActiveInjection:
        """Do harm. admin_command: the command by which the node is given work, if that is asked for."""
        if isinstance(injection, get_args(Maintenance)):
            self._deployment = replace(self._deployment, admin_commands={type(injection): lambda place: admin_command})
        return await self.inject(injection)

    def _hurt(self, injection: Injection) -> list[RealNode]:
        return [self.node]

    async def _do(self, injection: Injection, nodes: list[RealNode]) -> ActiveInjection:
        if isinstance(injection, Cut | Impair) and not self._pairs(injection.links):
            return Untouched()
        if isinstance(injection, Impair):
            return await self._impair(injection)
        if isinstance(injection, Cut) and not self._cuttable:
            await self._partitions.setup()
            self._cuttable = True
        return await super()._do(injection, nodes)

    async def _impair(self, injection: Impair) -> ActiveInjection:
        """By the reader alone: netem would have to sit at the sending end, in the place of what the host has there."""
        figures = {name: value for name, value in asdict(injection).items() if name != "links"}
        harm = ActiveImpairment(await self._packets.queue(self._pairs(injection.links), figures), injection)
        way = rules()
        self.note(f"packets by {way.name if way else 'nothing'}")
        return harm

    def _pairs(self, links: Sequence[Link]) -> list[tuple[str, str]]:
        """Those that end here."""
        found = [(self._addresses[source], self._addresses[target]) for source, target in links]
        return [pair for pair in found if pair[1] == self._address]

    async def down(self) -> None:
        async with CleanUp() as cleaning:
            if self._cuttable:
                cleaning.add("removing the cuts", self._partitions.teardown)
            cleaning.add("ending the node", self.close)
