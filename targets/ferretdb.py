"""FerretDB as a system under test: MongoDB's protocol before SQLite; further nodes pass connections on to the first.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list,
increment a counter. An object is a document of JSON text, replaced if it has the text that was read; a counter is a
document that `$inc` changes. The set is of documents of their own; another one is kept as a list.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.targets.ferretdb_errors import ERRORS
from splitbrain.targets.forward import forwarded
from splitbrain.targets.mongo import MongoConnection
from splitbrain.targets.objects import NamedElements, name_of
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import GoProgram
from splitbrain.targets.servers.client import ANY
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath
from splitbrain.targets.values import unpacked

MODULE = "github.com/FerretDB/FerretDB"
TAGS = "ferretdb_no_postgresql,ferretdb_no_mysql,ferretdb_no_hana"
told = says_version(r"version: v(\d+\.\d+\.\d+)")
SOFTWARE = Software(
    name="FerretDB",
    sources=(
        OnPath("ferretdb", told),
        GoProgram(
            MODULE, r"1\.24\.2", tags=TAGS, version_file="build/version/version.txt", program=f"{MODULE}/cmd/ferretdb"
        ),
    ),
    described="1.24.2, which Go builds, or the release of the ferretdb on the PATH",
    told=told,
    preferred=("1.24.2",),
    advice=lambda version: "install Go 1.24 or newer, or name a server with ferretdb:binary=PATH",
)
PORT, OBJECTS, ELEMENTS = 27017, "objects", "elements"


class FerretClient(NamedElements):
    """One logical client. The version of an object is its text."""

    errors = ERRORS
    connection: Any

    async def open(self) -> None:
        self.connection = await MongoConnection.connect(self.address, self.server.port, self.server.access)

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of an object, twice."""
        documents = await self.connection.found(OBJECTS, name_of(operation))
        text = documents[0]["text"] if documents else None
        return text, text

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: the text that stands there."""
        name = {"_id": name_of(operation)}
        if version is None:
            done = await self.connection.inserted(OBJECTS, {**name, "text": text})
        else:
            there = name if version is ANY else {**name, "text": version}
            done = await self.connection.updated(OBJECTS, there, {"$set": {"text": text}})
        return Outcome.ok(operation.value) if done else None

    async def read(self, operation: Operation) -> Outcome:
        """Read an object, or the sum of a counter; without a key, the set."""
        if operation.key is None:
            return await super().read(operation)
        documents = await self.connection.found(OBJECTS, name_of(operation))
        if not documents:
            return Outcome.ok(None)
        return Outcome.ok(documents[0]["sum"] if "sum" in documents[0] else unpacked(documents[0]["text"]))

    async def increment(self, operation: Operation) -> Outcome:
        """Add to a counter, or create it; documents are not deleted, so the third try finds one."""
        name = {"_id": name_of(operation)}
        for _ in range(2):
            if await self.connection.updated(OBJECTS, name, {"$inc": {"sum": operation.value}}):
                return Outcome.ok(operation.value)
            if await self.connection.inserted(OBJECTS, {**name, "sum": operation.value}):
                return Outcome.ok(operation.value)
        return Outcome.fail(ErrorKind.CONFLICT, "the counter was there, and then it was not", operation.value)

    async def elements(self) -> Iterable[str]:
        """See `NamedElements`."""
        return [document["_id"] for document in await self.connection.found(ELEMENTS)]

    async def put_element(self, text: str) -> None:
        """See `NamedElements`."""
        await self.connection.inserted(ELEMENTS, {"_id": text})


class FerretDB(Server):
    """FerretDB with the given settings."""

    name = "ferretdb"
    summary = "FerretDB, MongoDB's protocol before SQLite: one real process, container, or one that exists"
    software, port, schemes, library = SOFTWARE, PORT, ("mongodb", "mongodbs"), "bson"
    operations, errors = shapes("read", "write", "cas", "add", "append", "increment"), ERRORS
    client_class, options = FerretClient, server_options(SOFTWARE)
    one_copy = one_server = True

    claims_source = "its documentation has no word on concurrent updates of a document"

    @property
    def claims(self) -> Sequence[str]:
        """Nothing: see `claims_source`."""
        return ()

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        return {"data/made": ""}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        data, quiet = f"{place.folder}/data/", ("--telemetry=disable", "--debug-addr=-", "--log-level=WARN")
        words = ("--handler=sqlite", f"--sqlite-url=file:{data}", f"--state-dir={data}", *quiet)
        return forwarded(place, PORT) or [program.path, f"--listen-addr={place.address}:{PORT}", *words]

    async def ready(self, place: Place) -> bool:
        async with aclosing(await MongoConnection.connect(place.address, PORT)):
            return True
