"""Common parts of own stores as targets: client, operations, error table, roles, audit. A store adds its options, its
claims and its program.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from splitbrain.harness.client import TRANSPORT, ErrorTable, Rule, Shapes
from splitbrain.harness.deployment import AdminRequest, Deployment, Simulated
from splitbrain.harness.injection import Maintenance
from splitbrain.harness.invariants import Invariant
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.client import Sessions, StoreClient, ask_role
from splitbrain.targets.stores.messages import EXPIRED, IN_DOUBT, NO_LEADER, PRECONDITION, UNAVAILABLE, UNSUPPORTED
from splitbrain.targets.stores.operators import StoreOperator
from splitbrain.targets.stores.processes import as_process, connected, tells_version

MILLISECOND = 1_000_000
"""In nanoseconds."""

OPERATIONS = shapes("read", "write", "cas", "add", "append", "increment")
TRANSACTIONAL = {**OPERATIONS, **shapes("txn")}
"""Those of a store of which every operation goes through one log, so that a transaction is one entry."""

ERRORS = ErrorTable(
    (
        Rule(PRECONDITION, ErrorKind.PRECONDITION, definite=True),
        Rule(NO_LEADER, ErrorKind.NO_LEADER, definite=True),
        Rule(UNAVAILABLE, ErrorKind.UNAVAILABLE, definite=True),
        Rule(UNSUPPORTED, ErrorKind.OTHER, definite=True),
        Rule(IN_DOUBT, ErrorKind.NO_LEADER, definite=False),
        Rule(EXPIRED, ErrorKind.OTHER, definite=False),
        *TRANSPORT,
    )
)


class StoreTarget(ABC):
    """An own store as a system under test, made once per run from its settings (one for every option)."""

    name: ClassVar[str]
    summary: ClassVar[str]
    options: ClassVar[Sequence[Option]]
    introspective: ClassVar[bool] = False
    """Whether its nodes answer requests for their "role" (`Request` tells how)."""

    elastic: ClassVar[bool] = False
    """Whether its nodes leave the cluster and join it while it serves, as `operators` asks them to; the program of one
    that joins is made with no members."""

    invariants: Sequence[Invariant] = ()
    """Invariants that are watched while a simulated run goes on, by the marks that its nodes make."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self.settings = settings
        self._sessions = Sessions()

    @property
    @abstractmethod
    def claims(self) -> Sequence[str]:
        """Promises of the store with these settings; nothing where it promises nothing."""

    @property
    @abstractmethod
    def program(self) -> ProgramFactory:
        """A maker of the program of one node, the same for every environment."""

    @property
    def deployments(self) -> Sequence[Deployment]:
        """Deployments of its nodes: in the simulator, or as processes."""
        kind, newer = type(self), self.newer
        ours = kind.__module__.startswith("splitbrain.")
        name = self.name if ours else f"{kind.__module__}:{kind.__qualname__}"
        asked = self.admin_requests
        process = as_process(name, self.settings, introspective=self.introspective, admin_requests=asked)
        if self.elastic:
            process = replace(process, membership=StoreOperator(connected))
        simulated = Simulated(self.program, asked, StoreOperator if self.elastic else None)
        if newer is None:
            return simulated, process
        upgraded = as_process(name, newer.settings, introspective=self.introspective, admin_requests=asked)
        return (
            replace(simulated, upgraded=newer.program),
            replace(process, upgraded=upgraded, tells_version=tells_version),
        )

    @property
    def newer(self) -> "StoreTarget | None":
        """The store in the version to which `--nemesis upgrade` takes its nodes; None if it has no other."""
        return None

    @property
    def admin_requests(self) -> Mapping[type[Maintenance], AdminRequest]:
        """Requests by which an operator asks a node for maintenance."""
        return {}

    @property
    def operations(self) -> Shapes:
        """Registers, sets, lists and counters under independent keys; a key that was never written holds None."""
        return OPERATIONS

    @property
    def errors(self) -> ErrorTable:
        """The error table of stores."""
        return ERRORS

    def client(self, node: Node) -> StoreClient:
        """A new client pinned to a node, with a session of its own."""
        return StoreClient(node, self._sessions, retries=self._retries(), tokens=self.tokens)

    @property
    def tokens(self) -> bool:
        """Whether its nodes understand tokens: what a session has seen."""
        return False

    def _retries(self) -> bool:
        """Whether the next client retries."""
        return False

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """Roles that nodes believe to have; a node that does not answer within a second is left out."""
        if not self.introspective:
            return {}
        answers = await asyncio.gather(*(ask_role(node, seconds=1.0) for node in nodes))
        return {node.name: role for node, role in zip(nodes, answers, strict=True) if role is not None}

    def _word(self, option: str) -> str:
        return str(self.settings[option])

    def _nanoseconds(self, option_ms: str) -> int:
        return round(float(self.settings[option_ms] or 0) * MILLISECOND)
