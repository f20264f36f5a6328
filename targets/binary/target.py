"""The target `binary`: processes of a server that a file describes."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import ClassVar

from splitbrain.harness.announce import Say
from splitbrain.harness.client import ErrorTable, Shapes
from splitbrain.harness.deployment import Deployment, Place, Process
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.binary.client import SUCCESS, BinaryClient
from splitbrain.targets.binary.description import Description, read
from splitbrain.targets.binary.template import fill, of_place
from splitbrain.targets.operations import SHAPES
from splitbrain.targets.servers.errors import code, table
from splitbrain.targets.servers.http import HttpConnection, translated
from splitbrain.targets.servers.server import require
from splitbrain.targets.servers.tcp import TcpConnection, resp_asked

ASK_SECONDS = 1.0


class Binary:
    """A server of your own; see the package. Without a file it has no nodes, and says so when it is run."""

    name: ClassVar[str] = "binary"
    summary: ClassVar[str] = "a server of your own, described by a file: binary:FILE.toml"
    options: ClassVar[Sequence[Option]] = (Option("file", "", "the description, in TOML; `file=` may be left out"),)
    positional: ClassVar[str] = "file"
    """The option that a word without `=` sets."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """UsageError if the description makes no sense."""
        self.settings = settings
        self.file = Path(str(settings["file"]))
        self.here = self.file.resolve().parent
        self._description = read(self.file) if settings["file"] else None
        entries = self._description.errors if self._description else {}
        rows = (
            code(int(word) if word.isdecimal() else word, e.kind, definite=e.definite) for word, e in entries.items()
        )
        self.errors: ErrorTable = table(*rows)

    @property
    def description(self) -> Description:
        """The content of the file. UsageError if none was named."""
        if self._description is None:
            raise UsageError("target binary needs the file that describes the server: binary:FILE.toml")
        return self._description

    @property
    def claims(self) -> Sequence[str]:
        """The claims of the file."""
        return self._description.claims if self._description else ()

    @property
    def operations(self) -> Shapes:
        """The operations of the file."""
        return {name: SHAPES[name] for name in self.description.operations}

    @property
    def deployments(self) -> Sequence[Deployment]:
        """Processes."""
        if self._description is None:
            return ()
        described = self._description

        def argv(place: Place) -> list[str]:
            values = of_place(place, described.port, self.here)
            return [fill(word, values) for word in described.command]

        def files(place: Place) -> Mapping[str, str | bytes]:
            values = of_place(place, described.port, self.here)
            return {name: fill(contents, values) for name, contents in described.files.items()}

        return (
            Process(
                argv=argv,
                ready=self.ready,
                port=described.port,
                files=files,
                variables=dict(described.variables),
                ready_seconds=described.ready_seconds,
                recovery_seconds=described.recovery_seconds,
            ),
        )

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `harness.target.Provided`: the program must be there, and what speaks HTTP."""
        program = fill(self.description.command[0], {"here": str(self.here), "python": "python"})
        if "/" in program and not Path(program).exists():
            raise InfrastructureError(
                f"{self.file}: there is no program {program}; {{here}} is the folder of this file"
            )
        if self.description.uses_http:
            require(self.name, "httpx2", "etcd")

    def notices(self) -> Sequence[str]:
        """No notices, as nothing is known of it."""
        return ()

    async def ready(self, place: Place) -> bool:
        """Whether a node serves, asked as the file says."""
        described = self.description
        async with asyncio.timeout(ASK_SECONDS):
            if described.ready.http:
                async with aclosing(HttpConnection(f"http://{place.address}:{described.port}")) as connection:
                    with translated():
                        return (await connection.http.get(described.ready.http)).status_code in SUCCESS
            if described.ready.resp:
                await resp_asked(place.address, described.port, *described.ready.resp)
            else:
                await (await TcpConnection.connect(place.address, described.port)).aclose()
            return True

    def client(self, node: Node) -> BinaryClient:
        """A new client pinned to a node."""
        return BinaryClient(node, self.description)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """No roles, as none are known."""
        return {}
