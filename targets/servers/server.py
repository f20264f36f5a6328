"""The description of one server, from which all its deployments are derived: processes, containers, hosts, a cluster
that exists, and the same nodes after an upgrade.

A subclass names its software, port, options, operations and errors, and says how a node is configured, called and asked
whether it is ready. `targets/consul` is the example to copy.
"""

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from splitbrain.harness.announce import Say, on_stderr
from splitbrain.harness.client import Client, ErrorTable, Shapes
from splitbrain.harness.deployment import BuiltImage, Container, Deployment, External, Host, Membership, Place, Process
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.injection import Maintenance
from splitbrain.harness.logs import CRASHES, Pattern
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.servers.access import Access, access, access_options, endpoints
from splitbrain.targets.servers.agreement import roles
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.image import jar_folder, java_image, program_image
from splitbrain.targets.servers.jvm import PACKAGE, found_java
from splitbrain.targets.servers.software import Software

BESIDE_HEAP_MB = 640
"""Memory of a Java server beside its heap: direct buffers, compiled code, threads, mapped files."""
SERVED = (
    *("port", "files", "ready_seconds", "recovery_seconds"),
    *("relative_waits", "read_clock", "admin_calls", "membership", "pointless"),
)
"""Attributes that a deployment takes from the server as they are, see `harness.deployment.Served`."""


class ServerProgram(NamedTuple):
    """The program of a node. path: of the server, its folder, or Java. classpath: for Java, of the server's jars."""

    path: str
    classpath: str = ""


def require(target: str, library: str, extra: str = "") -> None:
    """InfrastructureError, which says what to install, if a library of a target is not there."""
    if library and importlib.util.find_spec(library) is None:
        raise InfrastructureError(f"target {target} needs {library}: pip install 'splitbrain[{extra or target}]'")


def server_options(software: Software, *own: Option) -> Sequence[Option]:
    """The options that every server has, and its own."""
    return (
        Option("version", "", f"which release: {software.described}; by default the one that is here"),
        Option("binary", "", "the path of a server to use: a program, or the folder that holds it"),
        Option("upgrade_to", "", "the release that --nemesis upgrade takes the nodes to"),
        Option("image", "", f"for containers: an image that holds {software.name}, instead of one built here"),
        *own,
        *access_options(software.owner),
    )


class Server(ABC):
    """A real server as a target; see `harness.target`, whose other protocols (`settle`, `audit`) it may have."""

    name: ClassVar[str]
    summary: ClassVar[str]
    options: ClassVar[Sequence[Option]]
    software: Software
    port: int
    """The port that clients connect to."""
    errors: ErrorTable
    operations: Shapes
    client_class: Callable[[str, Any], Client]
    """Its clients, from an address and the server; or `client` is overridden."""
    schemes: Sequence[str]
    """Of URLs of endpoints: plain, and with TLS."""
    java: ClassVar[bool] = False
    """Whether it is jars, and not a program."""
    java_package: ClassVar[str] = PACKAGE
    """The package of Java in its containers."""
    library: ClassVar[str] = ""
    """The module that its client needs, from an extra of the server's name."""
    folder: ClassVar[bool] = False
    """Whether it is a folder of programs and their files."""
    tools: ClassVar[Sequence[str]] = ()
    """Programs of the system that its command needs, such as sh."""
    official: ClassVar[str] = ""
    """The name of its official image, without a tag."""
    ready_seconds: ClassVar[float] = 30.0
    """See `harness.deployment.Served`, as the following."""
    recovery_seconds: ClassVar[float] = 2.0
    relative_waits: ClassVar[bool] = False
    pointless: ClassVar[Mapping[type, str]] = {}
    membership: ClassVar[Membership | None] = None
    read_clock: Callable[[Place], Awaitable[int]] | None = None
    admin_calls: ClassVar[Mapping[type[Maintenance], Callable[[Place], Awaitable[None]]]] = {}
    log_patterns: ClassVar[Sequence[Pattern]] = CRASHES

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """UsageError if an option makes no sense."""
        self.settings = settings
        self.endpoints = endpoints(self.name, settings, self.schemes)
        self.access: Access = access(self.name, settings, self.schemes[1])
        self.image, self.binary, self.upgrade_to = (self.word(name) for name in ("image", "binary", "upgrade_to"))
        if self.image and self.word("version"):
            raise UsageError(f"{self.name}: option version has no meaning with option image, which brings its own")
        unknown = self.endpoints or self.image
        self._programs: dict[str, Path] = {}
        self.version = "" if unknown else self.software.resolve(self.word("version"), self.binary)
        self.settings = {**settings, "version": self.version}
        self.folder_inside = f"/opt/{self.software.owner}" if self.folder else ""
        if self.upgrade_to:
            if self.endpoints:
                raise UsageError(f"{self.name}: option upgrade_to is for nodes of our own, not for endpoints")
            self.check_upgrade()

    @property
    def claims(self) -> Sequence[str]:
        """Nothing, unless the server says more."""
        return ()

    @abstractmethod
    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        """The command line of a node."""

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        """Files for a node's folder, laid there before it starts for the first time."""
        return {}

    @abstractmethod
    async def ready(self, place: Place) -> bool:
        """Whether a node serves; False, a ServerError or an OSError: not yet."""

    async def serves(self, place: Place) -> bool:
        """Whether a node is ready; an OSError, with its words, for one that answers an error."""
        try:
            return await self.ready(place)
        except ServerError as error:
            raise OSError(f"it answered: {error}") from error

    async def node_version(self, place: Place) -> str:
        """The version of a node; for upgrades."""
        raise InfrastructureError(f"{self.name} is not asked for its version")

    async def role(self, node: Node) -> str | None:
        """The role that a node says it has ("leader", "follower"); None where all are alike."""
        return None

    def client(self, node: Node) -> Client:
        """A new client pinned to a node, not yet open."""
        return self.client_class(node.address, self)

    def check_upgrade(self) -> None:
        """UsageError unless it can be upgraded so."""
        self.software.check(self.upgrade_to, "upgrade_to")

    def admin_commands(self, program: Callable[[], ServerProgram]) -> Mapping[type[Maintenance], Any]:
        """See `harness.deployment.Served`. program: as for `command`."""
        return {}

    @property
    def deployments(self) -> Sequence[Deployment]:
        """Processes or containers of our own, programs on machines of yours, or the endpoints that were given."""
        if self.endpoints:
            return (External(self.endpoints),)
        made = self._deployed(self.version)
        if self.upgrade_to:
            later: Sequence[Any] = self._deployed(self.upgrade_to)
            made = [replace(one, upgraded=other) for one, other in zip(made, later, strict=True)]
        return [one for one in made if isinstance(one, Container)] if self.image else made

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `harness.target.Provided`: find, fetch or build the server; look for its client's library and Java."""
        self.check_library()
        pulled = isinstance(deployment, Container) and (self.image or self.official)
        if not (pulled or isinstance(deployment, External)):
            self.program(self.version, say)
        if self.java and isinstance(deployment, Process):
            self.java_program()

    def check_library(self) -> None:
        """InfrastructureError if the client's library is not there."""
        require(self.name, self.library)

    def notices(self) -> Sequence[str]:
        """See `harness.target.Provided`: which version runs."""
        if self.endpoints:
            return ()
        later = f", to be upgraded to {self.upgrade_to}" if self.upgrade_to else ""
        return (f"{self.software.name} {f'of the image {self.image}' if self.image else self.version}{later}",)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """Roles that nodes say they have, by name."""
        return await roles(nodes, self.role)

    def program(self, version: str, say: Say = on_stderr) -> Path:
        """The server in a version, with that of an upgrade: obtained once a run, not at each start of a node."""
        for one in filter(None, (version, self.upgrade_to)):
            if one not in self._programs:
                self._programs[one] = self.obtain(one, say)
        return self._programs[version]

    def obtain(self, version: str, say: Say) -> Path:
        """The server in a version, fetched or built if need be; reads all its files."""
        return self.software.obtain(version, self.binary if version == self.version else "", say)

    def java_program(self) -> str:
        """Java, of the release that the server runs on."""
        return found_java(self.software.name)

    def word(self, option: str) -> str:
        """The value of an option as text."""
        return str(self.settings[option])

    def number(self, option: str) -> int:
        """The value of an option as a number."""
        return int(self.settings[option] or 0)

    def _deployed(self, version: str) -> list[Process | Container | Host]:
        where = partial(self.program, version)
        common: dict[str, Any] = {name: getattr(self, name) for name in SERVED}
        common |= {"ready": self.serves, "tells_version": self.node_version}
        jars, name = f"{jar_folder(self.software)}/*", self.software.owner
        inside = ServerProgram("java", jars) if self.java else ServerProgram(self.folder_inside or name)

        def here() -> ServerProgram:
            return ServerProgram(self.java_program(), f"{where()}/*") if self.java else ServerProgram(str(where()))

        process = Process(
            argv=lambda place: self.command(place, here(), version), admin_commands=self.admin_commands(here), **common
        )
        container = Container(
            image=self.image or self._built(version, where),
            command=lambda place: self.command(place, inside, version),
            admin_commands=self.admin_commands(lambda: inside),
            memory_mb=self.number("heap_mb") + BESIDE_HEAP_MB if self.java else 0,
            **common,
        )
        if self.java or self.folder:  # a hundred files are not copied to hosts
            return [process, container]
        host = Host(
            argv=lambda place: self.command(place, ServerProgram(str(place.folder / name)), version),
            uploads=lambda: {name: where()},
            **common,
        )
        return [process, container, host]

    def _built(self, version: str, where: Callable[[], Path]) -> BuiltImage:
        if not self.java:
            return program_image(self.software, version, where, self.tools, self.folder_inside)
        official = self.official and f"{self.official}:{version}"
        return java_image(self.software, version, where, official, self.java_package)
