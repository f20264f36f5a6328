"""Delta Lake and Iceberg as systems under test: nodes are processes that commit to tables in a folder they share.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list.
Nodes know of each other by the folder alone, so there is nothing to partition.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from splitbrain.harness.announce import Say
from splitbrain.harness.deployment import Deployment, Place, Process
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.embedded.client import EmbeddedSession
from splitbrain.targets.embedded.lakes import ANYTHING, NOTHING
from splitbrain.targets.operations import shapes
from splitbrain.targets.pointless import NOTHING_BETWEEN
from splitbrain.targets.servers.client import ANY, ServerClient, VersionedObjects
from splitbrain.targets.servers.errors import code, table
from splitbrain.targets.servers.server import require
from splitbrain.targets.values import in_order, packed, unpacked

PORT = 7410
READY_SECONDS = 60.0
RETRIES = Option("retries", 0, "how often the library tries again by itself what it could not commit")
ERRORS = table(
    # docs.delta.io, "Concurrency control", and iceberg.apache.org/docs/latest/reliability: a commit that comes too late
    # has changed nothing. The libraries' errors that say so are told from others in `lakes`.
    code("LakeConflict", ErrorKind.CONFLICT, definite=True),
)


class LakeClient(VersionedObjects, ServerClient):
    """One logical client. The version of an object is its text."""

    errors = ERRORS
    connection: Any

    async def open(self) -> None:
        self.connection = await EmbeddedSession.connect(self.address, PORT)
        await self.connection.rows("found", "")

    async def close(self) -> None:
        session, self.connection = self.connection, None
        if session is not None:
            session.close()

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of an object, twice."""
        rows = await self.connection.rows("found", _name(operation))
        return (rows[0][0], rows[0][0]) if rows else (None, NOTHING)

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: the text that stands there."""
        old = ANYTHING if version is ANY else version or NOTHING
        done = await self.connection.change("replace", _name(operation), old, text)
        return Outcome.ok(operation.value) if done else None

    async def read(self, operation: Operation) -> Outcome:
        if operation.key is None:
            return Outcome.ok(in_order(row[0] for row in await self.connection.rows("elements")))
        text, _ = await self.found(operation)
        return Outcome.ok(None if text is None else unpacked(text))

    async def add(self, operation: Operation) -> Outcome:
        """Add to the set without a key, which is a table; another one is kept as a list."""
        if operation.key is not None:
            return await self.append(operation)
        await self.connection.change("add", packed(operation.value))
        return Outcome.ok(operation.value)


class LakeTarget:
    """A table format with a server of ours around it; see `harness.target.Target`."""

    name: ClassVar[str]
    summary: ClassVar[str]
    options: ClassVar[Sequence[Option]] = (RETRIES,)
    libraries: ClassVar[Sequence[str]]
    claims_source: ClassVar[str]
    operations = shapes("read", "write", "cas", "add", "append")
    errors = ERRORS
    endpoints = ()
    leaderless = shared_storage = True

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self.settings = settings

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("linearizable",)

    @property
    def deployments(self) -> Sequence[Deployment]:
        """One process a node; the tables lie beside the nodes' folders."""
        served: dict[str, Any] = {"port": PORT, "ready_seconds": READY_SECONDS, "pointless": NOTHING_BETWEEN}
        return (Process(argv=self.command, ready=self.ready, **served),)

    def command(self, place: Place) -> Sequence[str]:
        """The command of a node."""
        settings = json.dumps({"retries": self.settings["retries"]})
        shared = place.folder.parent / "shared"
        return [
            sys.executable,
            "-m",
            f"{__package__}.server",
            self.name,
            str(shared),
            place.address,
            str(PORT),
            settings,
        ]

    async def ready(self, place: Place) -> bool:
        """Whether a node answers."""
        session = await EmbeddedSession.connect(place.address, PORT)
        try:
            return not await session.rows("found", "")
        finally:
            session.close()

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `harness.target.Provided`."""
        for library in self.libraries:
            require(self.name, library)

    def notices(self) -> Sequence[str]:
        """See `harness.target.Provided`."""
        return ()

    def client(self, node: Node) -> LakeClient:
        """A new client, not yet open."""
        return LakeClient(node.address, self)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """None: all are alike."""
        return {}


class DeltaLakeTarget(LakeTarget):
    """Delta Lake, by the library deltalake."""

    name, libraries = "deltalake", ("deltalake", "pyarrow")
    summary = "Delta Lake, tables in a folder that all nodes share, with a server of ours around the library"
    claims_source = 'docs.delta.io, "Concurrency control": commits are in one order, and readers see the latest one'


class IcebergTarget(LakeTarget):
    """Iceberg, by the library pyiceberg."""

    name, libraries = "iceberg", ("pyiceberg", "pyarrow", "sqlalchemy")
    summary = "Iceberg, tables in a folder that all nodes share, with a server of ours around the library"
    claims_source = 'iceberg.apache.org/spec, "Overview": commits are in one order, and readers see the latest one'


def _name(operation: Operation) -> str:
    return f"k{operation.key}"
