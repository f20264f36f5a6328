"""Power switch of a simulated cluster: nodes switch each other off and on again, outside the network.

So no fault of the network reaches it. An order that was given is carried out, even if the node that gave it is dead by
then: two nodes that take each other for dead may both go down.
"""

from collections.abc import Callable

from splitbrain.harness.environments.sim.scheduler import MILLISECOND, EventQueue

SWITCH_NS = 50 * MILLISECOND
"""Time from an order to its end."""


class PowerSwitch:
    """The switch of one cluster, on which every node hangs."""

    def __init__(self, kernel: EventQueue) -> None:
        self._kernel = kernel
        self._nodes: dict[str, Callable[[], object]] = {}

    def attach(self, name: str, power_cycle: Callable[[], object]) -> None:
        """Attach a node. power_cycle: switches it off and on again."""
        self._nodes[name] = power_cycle

    def cycle(self, name: str, done: Callable[[], object]) -> None:
        """Switch a node off and on again, and call `done` once it is off. LookupError for a node that is not there."""
        if name not in self._nodes:
            raise LookupError(f"it switched off {name!r}, which is no member of the cluster")
        self._kernel.at(self._kernel.now + SWITCH_NS, self._carry_out, (name, done))

    def _carry_out(self, name: str, done: Callable[[], object]) -> None:
        self._nodes[name]()
        done()
