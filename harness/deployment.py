"""Deployments: what a target offers to a kind of environment; each says how one node comes to be.

An environment takes deployments of its own kind and no other; a target offers one or several, and `--env` defaults
to the first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from splitbrain.harness.injection import Maintenance

if TYPE_CHECKING:
    from splitbrain.harness.node import Channel
    from splitbrain.harness.program import ProgramFactory


@dataclass(frozen=True)
class AdminRequest:
    """A request for maintenance, as a client's to a node. done: whether an answer says that it was done."""

    message: Any
    done: Callable[[Any], bool]


@dataclass(frozen=True)
class Place:
    """The place of a node of a cluster, handed to deployments of real processes."""

    name: str
    address: str
    folder: Path
    """The node's own folder: what it writes here survives a kill."""
    members: Mapping[str, str]
    """name → address of all members, this one included."""
    joins: Mapping[str, str] = field(default_factory=dict)
    """Likewise, of the cluster that exists already when this one comes to it; empty: it is there from the beginning."""

    @property
    def number(self) -> int:
        """The place among the members, from 0."""
        return list(self.members).index(self.name)


class Ready(Protocol):
    """A question to a node whether it is ready to serve."""

    async def __call__(self, place: Place) -> bool:
        """True when it is; False, or any OSError, means not yet."""


class Membership(Protocol):
    """Steps by which nodes leave a cluster and join it. Each is asked of one node that is not the one in question. Any
    error means: perhaps not done; then it is asked again, perhaps of another node, and that must change nothing."""

    async def voters(self, through: Place) -> Collection[str]:
        """The names of the nodes that have a vote, as all have decided so far."""

    async def remove(self, through: Place, node: Place) -> None:
        """Remove a node. When it returns, the node is no member; nor was it perhaps before."""

    async def admit(self, through: Place, node: Place) -> Mapping[str, str]:
        """Admit a node. When it returns, the node is a member without a vote, that may be started: the members it
        joins, itself included (`Place.joins`)."""

    async def promote(self, through: Place, node: Place) -> None:
        """Promote a node. When it returns, it has a vote. An error also while it lags behind."""


Connect = Callable[[Place], Awaitable["Channel"]]
"""Function that opens a channel to a node, as a client's."""


@dataclass(frozen=True)
class Simulated:
    """Nodes that are event-driven programs of our own, in one process under virtual time."""

    environment: ClassVar[str] = "sim"
    program: ProgramFactory
    admin_requests: Mapping[type[Maintenance], AdminRequest] = field(default_factory=dict)
    """Requests by which a node is asked for each kind of maintenance that it knows."""
    membership: Callable[[Connect], Membership] | None = None
    """Maker of the steps by which its nodes leave and join, where they can. Then the program of a newcomer is made with
    no members: it learns of them from those that it joins."""
    upgraded: ProgramFactory | None = None
    """The program in another version, on the same disk, where one was asked for."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """The needs of nodes of every real kind, whether processes or containers; the base of those.

    ready: asked until it says yes, for at most `ready_seconds`. port: where clients connect. files: what to put in a
    node's folder first. variables: environment variables of its processes. recovery_seconds: about how long a node
    takes from its start until all serve again; storms are paced by it.
    """

    environment: ClassVar[str]
    ready: Ready
    port: int
    files: Callable[[Place], Mapping[str, str | bytes]] = field(default=lambda place: {})
    variables: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 30.0
    recovery_seconds: float = 2.0
    read_clock: Callable[[Place], Awaitable[int]] | None = None
    """Function that asks a node its wall clock (ns since 1970), where it can be asked: so a skew is measured, not only
    set."""
    relative_waits: bool = False
    """Whether it waits for so long, never until an absolute time: only then the rate of its monotonic clock can be
    changed without waits that never end. True of Go and of asyncio, not of the JVM."""
    pointless: Mapping[type, str] = field(default_factory=dict)
    """Injections that nothing of these nodes can meet, each with the reason: they are refused before a run."""
    respawn: bool = False
    """Whether a node that ended by itself is started again at once, as a supervisor would."""
    admin_calls: Mapping[type[Maintenance], Callable[[Place], Awaitable[None]]] = field(default_factory=dict)
    """Calls of a node for each kind of maintenance; any error means that it was not done."""
    admin_commands: Mapping[type[Maintenance], Callable[[Place], Sequence[str]]] = field(default_factory=dict)
    """Commands for the same, run beside a node, in its network and with its files."""
    membership: Membership | None = None
    """The steps by which its nodes leave and join, where they can while it serves."""
    upgraded: Self | None = None
    """The deployment of its nodes in another version, on the same data, where one was asked for."""
    tells_version: Callable[[Place], Awaitable[str]] | None = None
    """Function that asks a node which version it is; needed for `upgraded`."""
    switched_off: Callable[[Place], bool] | None = None
    """Whether it was another node that ended this one, just now: no death, and it is started again."""
    reply_type: Any = None
    """For own stores, the type of a reply: then `Node.connect` opens a channel to `port`."""


@dataclass(frozen=True, kw_only=True)
class Process(Served):
    """Nodes that are ordinary processes.

    argv: the command of a node. Variables are added to the harness's own. The signal of a graceful stop is always
    SIGTERM.
    """

    environment: ClassVar[str] = "local"
    argv: Callable[[Place], Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Host(Served):
    """Nodes that are processes on machines of their own, which exist already.

    argv: the command of a node; its words are for the machine that it runs on. uploads: files of this machine that are
    copied there, asked for when the first node starts: name in a node's folder → file. They can be run.
    """

    environment: ClassVar[str] = "ssh"
    argv: Callable[[Place], Sequence[str]]
    uploads: Callable[[], Mapping[str, Path]] = field(default=dict)


@dataclass(frozen=True)
class BuiltImage:
    """A container image that is made on this machine, when it is first needed.

    name: as Docker is to call it ("splitbrain/etcd:3.5.1"). contents: tells what is in it, down to checksums; it is
    made anew when that changes. fill: lays its files out in an empty folder, the image's root; says on standard error
    what takes long. Either may raise InfrastructureError, naming what is to be installed. official: the name of an
    image that does as well, if there is one: it is taken if it is here, or, where none was built yet, can be pulled.
    """

    name: str
    contents: Callable[[], str]
    fill: Callable[[Path], None]
    official: str = ""


@dataclass(frozen=True, kw_only=True)
class Container(Served):
    """Nodes that are containers, each with an address of its own.

    image: one that is built here, or the name of one that is here or is pulled. command: what runs in it. A node's
    folder has the same path inside as outside. files: those with an absolute name are put at that place inside.
    volumes: further paths inside that survive a kill → folders within the node's folder. memory_mb: how much memory a
    container may use before it is killed; 0: as much as there is.
    """

    environment: ClassVar[str] = "docker"
    image: str | BuiltImage
    command: Callable[[Place], Sequence[str]]
    volumes: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int = 0


Body = Mapping[str, Any]
"""A message of nodes that speak JSON on standard input and output: an object with a `type`."""
Service = Callable[[str, Body], Body]
"""Function that answers a request of a node: (the node, the request) to the reply."""


async def _answered_in_messages(place: Place) -> bool:
    raise NotImplementedError("a node that speaks on standard output is ready when it has answered what it is asked")


@dataclass(frozen=True, kw_only=True)
class Piped(Served):
    """Nodes that are processes and exchange messages as lines of standard input and output.

    A line is a JSON object `{"src": …, "dest": …, "body": {"type": …}}`, as in Maelstrom's protocol; requests carry a
    `msg_id`, and replies the same number as `in_reply_to`.

    argv: the command of a node. opening: requests that a node is sent each time it starts; it is ready when it has
    answered all of them. services: makes what nodes can ask by name beside each other, from a seed and a clock in
    nanoseconds. objection: what is wrong with a reply to a request, empty if nothing: (request, reply). cwd: where the
    nodes run. Nodes have no address, port or folder.
    """

    environment: ClassVar[str] = "stdio"
    ready: Ready = _answered_in_messages
    port: int = 0
    ready_seconds: float = 10.0
    argv: Callable[[Place], Sequence[str]]
    opening: Callable[[Place], Sequence[Body]] = field(default=lambda place: ())
    services: Callable[[int, Callable[[], int]], Mapping[str, Service]] = field(default=lambda seed, now: {})
    objection: Callable[[Body, Body], str] = field(default=lambda request, reply: "")
    cwd: Path = field(default_factory=Path.cwd)


@dataclass(frozen=True)
class External:
    """Nodes that exist already and are not ours: they are spoken to, and nothing is injected.

    endpoints: the URLs of the nodes, in order.
    """

    environment: ClassVar[str] = "external"
    endpoints: tuple[str, ...]


Deployment = Simulated | Process | Host | Container | Piped | External
