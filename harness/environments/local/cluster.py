"""LocalCluster: processes on a switch; everything they started is ended by `down`."""

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from splitbrain.harness.deployment import Place, Process
from splitbrain.harness.environments.linux.client_cuts import ClientCuts
from splitbrain.harness.environments.linux.packets import Packets
from splitbrain.harness.environments.linux.partitions import Partitions
from splitbrain.harness.environments.linux.switch import Switch
from splitbrain.harness.environments.linux.tools import LocalShell, Shell
from splitbrain.harness.environments.local.node import NamespaceNode
from splitbrain.harness.environments.real.pid_cluster import PidCluster
from splitbrain.harness.injection import Injection


class LocalCluster(PidCluster[NamespaceNode]):
    """See `harness.environment.Cluster`."""

    def __init__(
        self, deployment: Process, switch: Switch, folder: Path, scratch: Path, now: Callable[[], int]
    ) -> None:
        places: dict[str, tuple[str, Shell]] = {
            address: (switch.namespaces[name].path, LocalShell(switch.prefix(name)))
            for name, address in switch.addresses.items()
        }
        nodes = [
            NamespaceNode(
                Place(name, address, scratch / name, switch.addresses),
                deployment,
                switch.namespaces[name],
                folder / f"{name}.log",
                now,
            )
            for name, address in switch.addresses.items()
        ]
        partitions = Partitions(LocalShell(), f"splitbrain{switch.number}")
        packets = Packets(places, switch.network, switch.address)
        clients = ClientCuts(LocalShell(), f"splitbrain{switch.number}_clients", switch.address)
        super().__init__(deployment, nodes, partitions, packets, clients, folder, scratch, now)
        self.switch = switch

    async def up(self, injections: Collection[type[Injection]] = ()) -> None:
        await self._partitions.setup()
        await super().up(injections)

    async def down(self) -> None:
        await self.close()
        await self._partitions.teardown()
        await self._clients.teardown()
        await self.switch.remove()
        shutil.rmtree(self._scratch, ignore_errors=True)
