"""Rolling upgrade of simulated nodes: one after another is stopped in peace and started in the other version.

It stands still half-way, with versions mixed, until its heal takes the others along; nothing is taken back. A node that
another fault keeps down comes up in the other version when that fault lets it go.
"""

import asyncio
from collections.abc import Sequence

from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.node_down import restart
from splitbrain.harness.environments.sim.scheduler import MILLISECOND, SECOND, EventQueue
from splitbrain.harness.injection import Bite

DOWN_NS = 200 * MILLISECOND
"""The time that a node is down between its two versions."""
STEP_NS = SECOND
"""The time from one node to the next, in which it finds its way back into the cluster."""


class SimUpgrade:
    """A rolling upgrade in force. nodes: in the order in which they go, of which so many `ahead`."""

    def __init__(self, kernel: EventQueue, nodes: Sequence[SimNode], ahead: int) -> None:
        self._kernel, self._nodes = kernel, nodes
        self._upgraded = 0
        self._mixed_since: int | None = None
        self._mixed_ns = 0
        self._healing = False
        self._bite: Bite | None = None
        for number, node in enumerate(nodes[:ahead]):
            kernel.at(kernel.now + number * STEP_NS, self._go_ahead, (node,))

    async def heal(self) -> Bite:
        """Upgrade those that are left, and tell what was done. A second call does nothing and tells the same."""
        if self._bite is None:
            self._healing = True
            for node in self._nodes:
                if node.outdated:
                    self._upgrade(node)
                    await asyncio.sleep(STEP_NS / SECOND)
            self._bite = {"nodes_upgraded": self._upgraded, "mixed_ms": self._mixed_ns / MILLISECOND}
        return self._bite

    def _go_ahead(self, node: SimNode) -> None:
        if not self._healing and node.outdated:
            self._upgrade(node)

    def _upgrade(self, node: SimNode) -> None:
        """Stop a node, and let it come up in the other version a little later."""
        node.kills_in_force += 1
        if node.running:
            node.machine.disk.write_back()
            node.kill_now()
        node.upgrade()
        self._upgraded += 1
        self._mixed_ends()
        self._kernel.at(self._kernel.now + DOWN_NS, self._come_up, (node,))

    def _come_up(self, node: SimNode) -> None:
        node.kills_in_force -= 1
        restart([node])
        if self._mixed_since is None and any(other.outdated for other in self._nodes):
            self._mixed_since = self._kernel.now

    def _mixed_ends(self) -> None:
        """Count how long versions were mixed, once no node is left in the old one."""
        if self._mixed_since is not None and not any(other.outdated for other in self._nodes):
            self._mixed_ns = self._kernel.now - self._mixed_since
