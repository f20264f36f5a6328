"""Injections carried out in the simulator, by a table of their kinds: each takes effect at once, and returns what
undoes it and tells the bite.

Injections overlap freely: each counts its own bite and heals only itself. So a node stays down while any kill of it is
in force, and stopped while any pause is.

Pitfall: a pause stops the process, not the node; one that is killed and started again runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from splitbrain.harness.environments.sim.fault_site import FaultSite, Undo
from splitbrain.harness.environments.sim.host_faults import HOST_FAULTS
from splitbrain.harness.environments.sim.link_faults import LINK_FAULTS
from splitbrain.harness.environments.sim.maintenance import maintain
from splitbrain.harness.environments.sim.node import SimNode
from splitbrain.harness.environments.sim.rolling_upgrade import SimUpgrade
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import ActiveInjection, Bite, Injection, Maintenance, Upgrade

CARRIED_OUT: Mapping[type, Callable[[Any, FaultSite], Undo]] = {
    **LINK_FAULTS,
    **HOST_FAULTS,
    **dict.fromkeys(get_args(Maintenance), maintain),
}
"""Every kind of injection that the simulator knows. A new one is a function and a row in a table."""


@dataclass
class SimInjection:
    """An injection in force. A second `heal` undoes nothing and tells the same bite."""

    undo: Undo
    bite: Bite | None = None

    async def heal(self) -> Bite:
        """Undo exactly this, and tell what it did."""
        if self.bite is None:
            self.bite = self.undo()
        return self.bite


class FaultInjector:
    """The injector of one cluster."""

    def __init__(self, site: FaultSite) -> None:
        self._site = site
        self._under_way: list[SimInjection] = []
        """Injections that may not be healed yet, but for reconfigurations."""

    def inject(self, injection: Injection) -> ActiveInjection:
        """Inject. UsageError for a node that is not there, and for values that make no sense here."""
        if isinstance(injection, Upgrade):
            return SimUpgrade(self._site.kernel, self._site.nodes(injection.nodes), injection.ahead)
        carry_out = CARRIED_OUT.get(type(injection))
        if carry_out is None:
            raise UsageError(f"simulated nodes cannot be asked for it: {injection}")
        active = SimInjection(carry_out(injection, self._site))
        self._under_way = [*(one for one in self._under_way if one.bite is None), active]
        return active

    def calm(self) -> bool:
        """Whether nothing but reconfigurations is under way."""
        return all(one.bite is not None for one in self._under_way)

    def named(self, names: Sequence[str]) -> Sequence[SimNode]:
        """The nodes of these names. UsageError for one that is not there."""
        return self._site.nodes(names)
