"""The part of a cluster that is on this host: one node, a process as of `--env local`.

Of the other nodes it knows the addresses. So each host does its share of an injection: to its own node, and to links
that end here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, get_args

from splitbrain.harness.cleanup import CleanUp
from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.linux.client_cuts import ClientCuts
from splitbrain.harness.environments.linux.tools import LocalShell, Shell
from splitbrain.harness.environments.real.pid_cluster import PidCluster
from splitbrain.harness.environments.real.pid_node import Ending
from splitbrain.harness.environments.real.process_node import ProcessNode
from splitbrain.harness.environments.ssh.agent import host_state
from splitbrain.harness.environments.ssh.agent.links import Control, HostPackets, HostPartitions
from splitbrain.harness.injection import ActiveInjection, Cut, Injection, Link, Maintenance

OUR_OWN = ("PYTHONPATH",)


class Notify(Protocol):
    """A notice to the harness, which did not ask for it."""

    def __call__(self, **event: Any) -> None: ...


class HostNode(ProcessNode):
    """The node of this host."""

    def __init__(
        self, place: Place, deployment: Process, run: str, notify: Notify, log: Path, now: Callable[[], int]
    ) -> None:
        super().__init__(place, deployment, log, now)
        self._run = run
        self._notify = notify
        self._told = 0
        """The number of its deaths that the harness knows of."""
        self.uploads: Mapping[str, str] = {}
        """Names in its folder → files of this host."""

    def write_files(self) -> None:
        super().write_files()
        self.link_uploads()

    def link_uploads(self) -> None:
        """Link the uploaded files into its folder."""
        for name, file in self.uploads.items():
            link = self.place.folder / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(file)

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


class HostCluster(PidCluster[HostNode]):
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
        packets = HostPackets(here, "", control.address, peers=peers, table=table, port=control.port)
        clients = ClientCuts(LocalShell(), f"{table}_clients", control.address, "input", "output", control.port)
        super().__init__(deployment, [self.node], partitions, packets, clients, logs, folder, now)
        self._notify = notify

    def note(self, text: str) -> None:
        self._notify(note=text)

    async def ready_for(self, uploads: Mapping[str, str], injections: Collection[type[Injection]]) -> None:
        """Have everything ready for the node's start. uploads: names in its folder → files of this host."""
        self.node.uploads = uploads
        await self.prepare(injections)
        if Cut in injections:
            await self._partitions.setup()

    async def remake(self, place: Place, deployment: Process, uploads: Mapping[str, str], *, empty: bool) -> None:
        """See `harness.reconfiguring.member.Member`."""
        self._site.deployment = self.node.deployment = deployment
        self.node.uploads = uploads
        await self.node.remake(place, empty=empty)
        self.node.link_uploads()

    async def inject_with_command(self, injection: Injection, admin_command: Sequence[str]) -> ActiveInjection:
        """Inject. admin_command: the command by which the node is given work, if that is asked for."""
        if isinstance(injection, get_args(Maintenance)):
            commands = {type(injection): lambda place: admin_command}
            self._site.deployment = replace(self._site.deployment, admin_commands=commands)
        return await self.inject(injection)

    def _named(self, names: Sequence[str]) -> list[HostNode]:
        """The node of this host, as the harness asks this host for its share alone."""
        return [self.node]

    def _pairs(self, links: Sequence[Link]) -> list[tuple[str, str]]:
        """The links that end here."""
        found = [(self._addresses[source], self._addresses[target]) for source, target in links]
        return [pair for pair in found if pair[1] == self._address]

    async def down(self) -> None:
        async with CleanUp() as cleaning:
            cleaning.add("removing the cuts", self._partitions.teardown)
            cleaning.add("removing the cuts of clients", self._clients.teardown)
            cleaning.add("ending the node", self.close)
