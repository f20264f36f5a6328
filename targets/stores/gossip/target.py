"""Options of gossip, its claim, and its invariant.

Both detectors claim membership: in the end, no node that is up is left out for good. How soon, and how often a node
that is up is suspected meanwhile, is what the thresholds decide; `benchmarks/detectors.py` measures it.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.client import Shapes
from splitbrain.harness.errors import UsageError
from splitbrain.harness.invariants import Invariant, Watch
from splitbrain.harness.marks import START, MarkEvent
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.client import StoreClient
from splitbrain.targets.stores.gossip.audit import audited
from splitbrain.targets.stores.gossip.node import CORRECT, GossipNode, GossipSettings
from splitbrain.targets.stores.planted import BUG, PlantedStore


def the_silent_are_left_out(timeout: int) -> Invariant:
    """No name, told by a node, of another one of which it has heard nothing new for the timeout, by its own clock. The
    mark `heard` has a node and the time, `told` the time and the nodes that are named; times are nanoseconds."""

    def watch() -> Watch:
        heard: dict[str, dict[str, int]] = {}
        began: dict[str, int] = {}

        def see(event: MarkEvent) -> str | None:
            if event.name == START:
                heard[event.node] = {}
                began.pop(event.node, None)
                return None
            known = heard.setdefault(event.node, {})
            if event.name == "heard":
                known[event.values[0]] = event.values[1]
                began.setdefault(event.node, event.values[1])
                return None
            now, named = event.values
            first = began.setdefault(event.node, now)
            late = {name: now - known.get(name, first) for name in named if name != event.node}
            name = max(late, key=lambda one: late[one], default="")
            if not name or late[name] < timeout:
                return None
            return f"{event.node} names {name}, of which it has heard nothing new for {late[name] / 1e9:.3f} s"

        return see

    return Invariant("the silent are left out", (START, "heard", "told"), watch)


class GossipMembership(PlantedStore):
    """The target `gossip`."""

    name = "gossip"
    summary = "membership by gossiped heartbeats, with a fixed timeout or phi (Van Renesse 1998; Hayashibara 2004)"
    options = (
        Option(
            "detector", "timeout", "whether a silence is too long after a fixed time, or by phi", ("timeout", "phi")
        ),
        Option("gossip_ms", 100, "how often a node tells another one, milliseconds", least=1),
        Option("timeout_ms", 1500, "the silence after which a node is suspected, milliseconds", least=1),
        Option("phi", 8.0, "the phi from which on a node is suspected", least=0.1, most=300),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:GOSSIP"
    default_workload = "members"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._node = GossipSettings(
            detector=self._word("detector"),
            period=self._nanoseconds("gossip_ms"),
            timeout=self._nanoseconds("timeout_ms"),
            phi=float(settings["phi"] or 0),
        )
        if self._node.timeout < 2 * self._node.period:
            raise UsageError("gossip: timeout_ms is at least twice gossip_ms")

    @property
    def invariants(self) -> Sequence[Invariant]:  # type: ignore[override]
        """The rule, with a fixed timeout, that the silent are left out."""
        return (the_silent_are_left_out(self._node.timeout),) if self._node.detector == "timeout" else ()

    @property
    def claims(self) -> Sequence[str]:
        """Membership: nobody is left out for good."""
        return ("membership",)

    @property
    def operations(self) -> Shapes:
        """The question for members."""
        return shapes("members")

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node."""
        return StoreClient(node, self._sessions, compares=False)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `splitbrain.harness.target.Audited`."""
        return await audited(nodes)

    @property
    def program(self) -> ProgramFactory:
        """A maker of GossipNodes."""
        return self.program_of((GossipNode, CORRECT), settings=self._node)
