"""Target: a system under test. Its options and claims, how its nodes come to be, and how a client speaks to it."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

from splitbrain.harness.announce import Say
from splitbrain.harness.client import Client, ErrorTable, Shapes
from splitbrain.harness.deployment import Deployment
from splitbrain.harness.logs import Pattern
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Verdict


class Target(Protocol):
    """A system under test, made once per run from its options: `SomeTarget(settings)`."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """One line for `splitbrain list`."""
    options: ClassVar[Sequence[Option]]

    settings: Mapping[str, Setting]
    """The value of every option."""

    @property
    def claims(self) -> Sequence[str]:
        """Promises with these settings ("linearizable", "CP"); a run confirms or refutes it."""

    @property
    def deployments(self) -> Sequence[Deployment]:
        """Ways in which its nodes come to be, one an environment; the first is the default."""

    @property
    def operations(self) -> Shapes:
        """The operations it supports, by name, each with its shape and whether it can change anything."""

    @property
    def errors(self) -> ErrorTable:
        """The meaning of each of its errors."""

    def client(self, node: Node) -> Client:
        """A new client pinned to a node, not yet open."""

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """Node name → role ("leader", "primary", "follower"), asked over the ordinary client path; a node that does
        not answer within a second is left out. Several may claim the same role."""


@runtime_checkable
class Provided(Protocol):
    """A target that needs something from elsewhere: a server to be fetched or built."""

    def provide(self, deployment: Deployment, say: Say) -> None:
        """Have here what nodes of this deployment need: a step of its own, after planning and before the environment
        is entered, as there may be no network inside. Nothing else of a target fetches or builds. `say` is told of each
        step that takes long. InfrastructureError names what is missing."""

    def notices(self) -> Sequence[str]:
        """Notes for the user on what will run, such as its version: a sentence each."""


@runtime_checkable
class Sourced(Protocol):
    """A target that tells where its claims stand, and what is said there."""

    @property
    def claims_source(self) -> str:
        """One sentence: the page or book, and what it says."""


@runtime_checkable
class Preferring(Protocol):
    """A target whose claims are about some of its operations: the first workload that fits would judge others."""

    @property
    def default_workload(self) -> str:
        """The name of the workload that a run without one takes."""


@runtime_checkable
class Expecting(Protocol):
    """A target whose nodes have to be told beforehand what they will be asked for."""

    def expect(self, operations: Collection[str]) -> None:
        """Take note of the operations of the run's workload. Called while it is planned, before its deployments are
        looked at. UsageError if something is missing for them."""


@runtime_checkable
class Demanding(Protocol):
    """A target some of whose options cannot be had with few nodes."""

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """An option with its value, as typed → how many nodes it needs. Fewer nodes of our own are refused while a run
        is planned; those of endpoints may not be all that there are."""


@runtime_checkable
class OneCopy(Protocol):
    """A target one of whose nodes holds everything, so that there is nothing to split."""

    one_copy: bool


@runtime_checkable
class OneServer(Protocol):
    """A target of whose nodes only the first is a server: the others pass connections on to it."""

    one_server: bool


@runtime_checkable
class SharedStorage(Protocol):
    """A target whose nodes keep everything in one place that all of them reach, so that no split separates them."""

    shared_storage: bool


@runtime_checkable
class Leaderless(Protocol):
    """A target none of whose nodes leads, so that it makes no difference on which side of a split a node is."""

    leaderless: bool


@runtime_checkable
class Settling(Protocol):
    """A target whose nodes need time after a fault: to start, or to hand over what they kept for each other."""

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Return when every node serves, and has handed over what it kept for others. Called after faults are healed,
        before the final operations, which begin all the same when its time is up."""


@runtime_checkable
class Audited(Protocol):
    """A target whose nodes can be asked, after the final operations, whether they agree."""

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """`invalid` if its nodes contradict each other or say that they are corrupt, `unknown` if they could not be
        asked. It becomes part of the run's verdict."""


@runtime_checkable
class Logged(Protocol):
    """A target with patterns for its log files."""

    @property
    def log_patterns(self) -> Sequence[Pattern]:
        """The patterns, looked for after the run."""
