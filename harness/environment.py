"""Environment: where nodes live and how faults are injected; `sim`, `local`, `docker`, `ssh` and `external` are some.

Workloads, faults and checkers never learn which one a test runs in.

Pitfall: inside a test the only clock is `now()`, and the only way to wait is `asyncio.sleep` and its kin; in the
simulator both are virtual.
"""

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from splitbrain.harness.announce import Say
from splitbrain.harness.deployment import Deployment
from splitbrain.harness.injection import ActiveInjection, Injection, Unsupported
from splitbrain.harness.node import Node

T = TypeVar("T")

Launch = Callable[[Sequence[str], bytes, Callable[[bytes], None]], int]
"""Function that runs a command in another process: its words, what it reads on standard input, and what takes each line
of its standard output. Its exit code, 128 + n for a death by signal n."""


@dataclass(frozen=True)
class Death:
    """A node that died by itself, without a fault that kills.

    time: nanoseconds since the start of the run. text: what happened, in one sentence that names the node.
    lines: the last lines of its log. crashed: of an exception in its own code, or of a signal that nobody of ours sent;
    false of a process that ended itself, as one whose disk fails may do on purpose.
    how: what happened without name and time, where deaths of one kind can be told together.
    """

    node: str
    time: int
    text: str
    lines: tuple[str, ...] = ()
    crashed: bool = False
    how: str = ""


class Cluster(Protocol):
    """Nodes that are up."""

    @property
    def nodes(self) -> Sequence[Node]:
        """All members, in order."""

    async def inject(self, injection: Injection) -> ActiveInjection:
        """Inject a fault; it lasts until healed. InfrastructureError if it could not be done."""

    def deaths(self) -> Sequence[Death]:
        """The nodes that died by themselves so far, in order of time."""

    async def down(self) -> None:
        """End everything this cluster started: processes, rules, containers, faults not healed. Safe to call twice."""


class Environment(Protocol):
    """A place for clusters. Made for one run, from its seed."""

    name: str
    """ "sim", "local", …"""
    deterministic: bool
    """Whether the seed fixes every byte of the history."""

    def unsupported(self, injection: type[Injection], deployment: Deployment) -> Unsupported | None:
        """None if this kind of injection can be done here to nodes that come to be like this, else why not. Asked
        before anything starts."""

    def enter(self) -> Launch | None:
        """Get ready for a run: called once, before `run`. An environment whose runs have to be carried out in another
        process (in namespaces of its own) says how to start one; None means: go on in this process."""

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine to its end on this environment's event loop. Ctrl-C cancels it and is raised afterwards."""

    def now(self) -> int:
        """Nanoseconds since the start of the run, monotonic."""

    async def up(
        self,
        deployment: Deployment,
        names: Sequence[str],
        folder: Path | None,
        injections: Collection[type[Injection]] = (),
    ) -> Cluster:
        """Start a cluster and wait until it is ready. folder: where node logs go. injections: the kinds that the nodes
        have to be prepared for; those that take no preparation need not be named.
        InfrastructureError, with the last log lines, if it does not come up in time. When this fails or is cancelled,
        nothing is left behind."""


@runtime_checkable
class Providing(Protocol):
    """An environment whose nodes need something that may take long to get, such as an image."""

    def provide(self, deployment: Deployment, say: Say) -> None:
        """Have it here. Called after planning and before `enter`, so that Ctrl-C ends it at once; `say` is told of
        each step that takes long. InfrastructureError names what is missing."""


@runtime_checkable
class Counting(Protocol):
    """A cluster that counts what rarely happens to messages between its nodes."""

    def coverage(self) -> Mapping[str, int]:
        """Counts of what happened, by name."""
