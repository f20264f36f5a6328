"""HBase as a system under test: one node with master, region server and ZooKeeper; further ones pass connections on.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is a cell of JSON text, replaced if it equals what was read (checkAndPut). The set is a row with a cell for each
element; another one is kept as a list. Clients speak HTTP to the REST gateway, a second process of the node.

Pitfall: the gateway answers 404 to a read that failed for good, as if nothing were there (RowResultGenerator). So each
row has a mark, which every read asks for too: where a row has none, nothing is told of its other cells.
"""

import shlex
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option
from splitbrain.targets.forward import forwarded
from splitbrain.targets.hbase_errors import ERRORS
from splitbrain.targets.objects import ComparedTexts, NamedElements
from splitbrain.targets.operations import shapes
from splitbrain.targets.servers.agreement import settled
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.http import HttpConnection
from splitbrain.targets.servers.jvm import heap_option, java_command, module_flags
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven

REST_PORT = 8080
VERSION = "2.6.1"
PINNED = {VERSION: "sha256:cd7d2059f5d6122796fe6ac49fd482e56c007c375fe35e208efcd67dafc34177"}
SOFTWARE = Software(
    name="HBase",
    sources=(Maven("org.apache.hbase:hbase-rest", "about 140 files, 100 MB", version=VERSION, pinned=PINNED),),
    described=VERSION,
    told=lambda jars: jar_version("hbase-server", jars),
    preferred=(VERSION,),
    releases=VERSION.replace(".", r"\."),
)
FIRST_JAR = "javax.servlet-api-3.1.0.jar"
"""Before the others: they hold an older one of the same classes, which the gateway does not run with."""
DURABILITIES = {"sync": "SYNC_WAL", "async": "ASYNC_WAL"}
LOGGING = """log4j.rootLogger=ERROR,out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c{2} %m%n
"""
OPENED = {"java.base": "java.lang java.nio sun.nio.ch jdk.internal.misc"}
EXPORTED = {"java.base": "jdk.internal.misc"}
MASTER, GATEWAY = "org.apache.hadoop.hbase.master.HMaster", "org.apache.hadoop.hbase.rest.RESTServer"
GATEWAY_HEAP_MB = 96
TABLE, FAMILY, OBJECTS, SET, MARK = "splitbrain", "f", "objects", "set", "mark"
"""The table, its family of columns, its two rows, and the mark of a row."""
JSON = {"Accept": "application/json"}
NOT_MODIFIED, NOT_FOUND = 304, 404


class GatewayConnection(HttpConnection):
    """Connections to one gateway."""

    port = REST_PORT

    def failure(self, status: int, body: Any, content: bytes) -> Exception:
        """The error, without the places in Java that the gateway tells."""
        return ServerError(f"HTTP {status}: {' '.join(content[:150].decode(errors='replace').split())}", status)

    async def cells(self, row: str, *columns: str) -> Mapping[str, str]:
        """The texts of a row, or of these columns, by column. ServerError if it has no mark, or they are not told."""
        some = "/" + ",".join(_column(one) for one in (MARK, *columns)) if columns else ""
        told = (await self.respond("GET", f"/{TABLE}/{row}{some}", headers=JSON)).json()
        cells = {cell["column"]: cell["$"] for one in told["Row"] for cell in one["Cell"]}
        texts = {bytes.fromhex(_plain(name).partition(":")[2]).decode(): _plain(text) for name, text in cells.items()}
        if MARK not in texts:
            raise ServerError(f"the row {row} has lost its mark", NOT_FOUND)
        return texts

    async def put(self, row: str, column: str, text: str, *old: str) -> bool:
        """Put the text of a cell, and say whether it was done. old: what must stand there; "" for nothing."""
        cells = [{"column": _coded(_column(column)), "$": _coded(one)} for one in (text, *old)]
        body, check = {"Row": [{"key": _coded(row), "Cell": cells}]}, "?check=put" if old else ""
        answer = await self.respond("PUT", f"/{TABLE}/{row}{check}", but=(NOT_MODIFIED,), json=body)
        return answer.status_code != NOT_MODIFIED

    async def make(self, durability: str) -> None:
        """Make the table, if it is not there, and the marks of its rows."""
        path = f"/{TABLE}/schema"
        if (await self.respond("GET", path, but=(NOT_FOUND,), headers=JSON)).status_code == NOT_FOUND:
            schema = {"name": TABLE, "ColumnSchema": [{"name": FAMILY}], "DURABILITY": DURABILITIES[durability]}
            await self.respond("PUT", path, but=(NOT_MODIFIED,), json=schema)
        for row in (OBJECTS, SET):
            await self.put(row, MARK, "1")


def _column(text: str) -> str:
    return f"{FAMILY}:{text.encode().hex()}"


def _site(words: Mapping[str, object]) -> str:
    found = "".join(f"<property><name>{name}</name><value>{word}</value></property>\n" for name, word in words.items())
    return f"<configuration>\n{found}</configuration>\n"


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _plain(coded: str) -> str:
    return b64decode(coded).decode()


class HBaseClient(NamedElements, ComparedTexts):
    """One logical client."""

    errors = ERRORS
    connection: Any

    @property
    def tries_again(self) -> bool:
        """Whether the gateway may: ours does not (hbase.client.retries.number), one that exists does."""
        return bool(self.server.endpoints)

    async def open(self) -> None:
        self.connection = GatewayConnection(self.address, self.server.access)
        await self.connection.respond("GET", f"/{TABLE}/{OBJECTS}/{_column(MARK)}", but=(NOT_FOUND,), headers=JSON)

    async def setup(self) -> None:
        """Make the table."""
        await self.connection.make(self.server.word("durability"))

    async def get(self, name: str) -> str | None:
        text: str | None = (await self.connection.cells(OBJECTS, name)).get(name)
        return text

    async def put(self, name: str, text: str) -> None:
        await self.connection.put(OBJECTS, name, text)

    async def create(self, name: str, text: str) -> bool:
        return bool(await self.connection.put(OBJECTS, name, text, ""))

    async def exchange(self, name: str, old: str, new: str) -> bool:
        return bool(await self.connection.put(OBJECTS, name, new, old))

    async def elements(self) -> Iterable[str]:
        """See `NamedElements`: the columns of the set's row."""
        return [text for text in await self.connection.cells(SET) if text != MARK]

    async def put_element(self, text: str) -> None:
        """See `NamedElements`."""
        await self.connection.put(SET, text, "1")

    async def teardown(self) -> None:
        if self.server.endpoints:
            await self.connection.respond("DELETE", f"/{TABLE}/schema", but=(NOT_FOUND,))


class HBase(Server):
    """HBase with the given settings."""

    name, summary = "hbase", "HBase on a file system of its node: one real process, container, or one that exists"
    software, port, schemes, java, library = SOFTWARE, REST_PORT, ("http", "https"), True, "httpx2"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, HBaseClient
    one_copy = one_server = True
    ready_seconds, recovery_seconds = 180.0, 20.0
    options = server_options(
        SOFTWARE,
        Option("durability", "sync", "of the table: sync: a change waits until it is in the log; async: it does not",
            tuple(DURABILITIES)),
        heap_option(192, "a node's server"),
    )  # fmt: skip

    claims_source = (
        "hbase.apache.org/acid-semantics.html: what was acknowledged of a row is seen from then on, and not lost; "
        '"Durability": ASYNC_WAL does not wait for the log'
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("linearizable",) if self.word("durability") == "sync" else ()

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        words = {
            "hbase.rootdir": f"file://{place.folder}/data/hbase",
            "hbase.tmp.dir": f"{place.folder}/data/tmp",
            "hbase.zookeeper.property.dataDir": f"{place.folder}/data/zookeeper",
            "hbase.zookeeper.quorum": "127.0.0.1",
            "hbase.unsafe.stream.capability.enforce": "false",
            "hbase.master.hostname": "localhost",
            "hbase.regionserver.hostname": "localhost",
            "hbase.master.info.port": "-1",
            "hbase.regionserver.info.port": "-1",
            "hbase.rest.info.port": "-1",
            "hbase.rest.host": place.address,
            "hbase.rest.port": REST_PORT,
            "hbase.rpc.timeout": "10000",
            "hbase.master.start.timeout.localHBaseCluster": "300000",
            "hbase.master.wait.on.regionservers.maxtostart": "1",
        }
        return {
            "conf/log4j.properties": LOGGING,
            "conf/hbase-site.xml": _site(words),
            # The server's own client must try again: a master whose client does not gives up after a crash.
            "gateway/hbase-site.xml": _site({**words, "hbase.client.retries.number": 0}),
        }

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        def java(heap: int, main: str, own: str = "") -> str:
            flags, properties = module_flags(OPENED, EXPORTED), {"java.net.preferIPv4Stack": "true"}
            jars = f"{own}{place.folder}/conf:{program.classpath.removesuffix('*')}{FIRST_JAR}:{program.classpath}"
            argv = java_command(program.path, jars, place.folder, heap, properties, main, "start", flags=flags)
            return shlex.join(argv)

        gateway = java(GATEWAY_HEAP_MB, GATEWAY, f"{place.folder}/gateway:")
        both = f"{gateway} &\nexec {java(self.number('heap_mb'), MASTER)}"
        return forwarded(place, REST_PORT) or ["sh", "-c", both]

    async def ready(self, place: Place) -> bool:
        return await self._serving(place.address, place.address == next(iter(place.members.values())))

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Wait until the node has recovered what its log holds; marks that it lost are made again."""
        await settled(nodes, lambda node: self._serving(node.address, node is nodes[0]))

    async def _serving(self, address: str, first: bool) -> bool:
        """Whether a node serves the table, which the first one makes."""
        async with aclosing(GatewayConnection(address, self.access)) as connection:
            if first:
                await connection.make(self.word("durability"))
            return bool(await connection.cells(OBJECTS, MARK))
