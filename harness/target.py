"""What is a system under test? Its options and claims, how its nodes come to be, and how a client speaks to it."""

from collections.abc import Mapping, Sequence
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
        """What its author says of it with these settings ("linearizable", "CP"): a run confirms or refutes it."""

    @property
    def deployments(self) -> Sequence[Deployment]:
        """How its nodes come to be; the first is the default."""

    @property
    def operations(self) -> Shapes:
        """The operations it supports, by name; of each also whether it can change anything."""

    @property
    def errors(self) -> ErrorTable:
        """What each of its errors means."""

    def client(self, node: Node) -> Client:
        """A new client pinned to a node, not yet open."""

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """Node name → role ("leader", "primary", "follower"), asked over the ordinary client path; a node that does
        not answer within a second is left out. Several may claim the same role: then they do believe it."""


@runtime_checkable
class Provided(Protocol):
    """A target that needs something from elsewhere: a server to be fetched or built."""

    def provide(self, deployment: Deployment, say: Say) -> None:
        """Have here what nodes of this deployment need: a step of its own, after planning and before the environment
        is entered, as there may be no network inside. Nothing else of a target fetches or builds. `say` is told of each
        step that takes long. InfrastructureError names what is missing."""

    def notices(self) -> Sequence[str]:
        """What the user should know of what will run, such as its version: a sentence each."""


@runtime_checkable
class Settling(Protocol):
    """A target whose nodes take their time after a fault: they start slowly, or owe each other something."""

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Return when every node serves, and has handed over what it kept for others. Called after faults are healed,
        before the final operations, which begin all the same when its time is up."""


@runtime_checkable
class Audited(Protocol):
    """A target that can be asked, when all is healed and done, what no client sees."""

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """`invalid` if its nodes contradict each other or say that they are corrupt, `unknown` if they could not be
        asked. It becomes part of the run's verdict."""


@runtime_checkable
class Logged(Protocol):
    """A target that knows what its logs say when it is ill."""

    @property
    def log_patterns(self) -> Sequence[Pattern]:
        """What to look for."""
