"""Maintenance of simulated nodes: they are asked for it by a request that comes at once, from no client."""

from dataclasses import dataclass

from splitbrain.harness.deployment import AdminRequest
from splitbrain.harness.environments.sim.fault_site import FaultSite, Undo
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import MAINTENANCE_COUNTERS, Maintenance
from splitbrain.harness.program import Message

NOT_ASKED = "simulated nodes of this target cannot be asked for it"


@dataclass(eq=False)
class AdminChannel:
    """The way by which a node answers. done: how many have said that it was done."""

    asked: AdminRequest
    done: int = 0

    def answer(self, number: int, message: Message) -> None:
        """Take a node's answer."""
        self.done += self.asked.done(message)


def maintain(injection: Maintenance, site: FaultSite) -> Undo:
    """Ask nodes, as far as they run; the bite is how many have done it. UsageError for what they do not know."""
    asked = site.admin_requests.get(type(injection))
    if asked is None:
        raise UsageError(f"{NOT_ASKED}: {injection}")
    channel = AdminChannel(asked)
    for node in site.nodes(injection.nodes):
        if node.process is not None:
            node.process.request(channel, 0, asked.message)
    return lambda: {MAINTENANCE_COUNTERS[type(injection)]: channel.done}
