"""ZooKeeper as a system under test: an ensemble of Java servers.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. A
value is the JSON text of a znode; a set is a znode without text whose children are its elements. `revision` is a zxid.
"""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.harness.options import Option
from splitbrain.targets import zookeeper_protocol as zk
from splitbrain.targets.servers.client import ServerClient, reading, shapes
from splitbrain.targets.servers.jvm import LOGBACK, java_command
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven
from splitbrain.targets.servers.tcp import told
from splitbrain.targets.servers.values import in_order, packed, unpacked

METRICS, SNAPPY = "io.dropwizard.metrics:metrics-core:4.1.12.1", "org.xerial.snappy:snappy-java:1.1.10.5"
LOGGING = "ch.qos.logback:logback-classic:1.3.15"
PINNED = {"3.9.5": "sha256:0097210b5e47dc44b0adf6078c332317ec67df8e95db44db76e150654706aa2d"}
JARS = Maven(
    "org.apache.zookeeper:zookeeper", "3.9.5", "about 25 files, 14 MB", (METRICS, SNAPPY, LOGGING), pinned=PINNED
)
SOFTWARE = Software(
    name="ZooKeeper",
    sources=(JARS,),
    described="a release from 3.5.5 on, such as 3.9.5",
    told=lambda jars: jar_version("zookeeper", jars),
    releases=r"3\.([5-9]|\d\d)\.\d+",
)
CONFIGURATION = """dataDir={data}\nclientPort=2181\nclientPortAddress={here}\ntickTime={tick_ms}\ninitLimit=10
syncLimit=4\nadmin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\nmaxSessionTimeout={session_ms}
{servers}\n"""
MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
APPEND_TRIES = 8


class ZooKeeper(Server):
    """ZooKeeper with the given settings."""

    name, summary = "zookeeper", "ZooKeeper, a replicated tree of small files: real processes, containers, or a cluster"
    software, port, schemes, java = SOFTWARE, 2181, ("zookeeper", "zookeepers"), True
    operations, errors = shapes("read", "write", "cas", "add", "append"), zk.ERRORS
    options = server_options(
        SOFTWARE,
        Option("reads", "sync", "a server answers from what it has, or first catches up (sync)", ("local", "sync")),
        Option("tick_ms", 500, "the unit of its timeouts: a follower that lags four of them is left out"),
        Option("heap_mb", 128, "the Java heap of a node, at most"),
    )

    @property
    def claims(self) -> Sequence[str]:
        """Updates are linearizable; a read is of the server asked, unless that first catches up with its leader."""
        return ("linearizable", "CP") if self.word("reads") == "sync" else ("sequential",)

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        servers = [f"server.{i + 1}={address}:2888:3888" for i, address in enumerate(place.members.values())]
        words = {**self.settings, "data": place.folder / "data", "here": place.address, "session_ms": zk.SESSION_MS}
        configuration = CONFIGURATION.format(**words, servers="\n".join(servers))
        return {
            "zoo.cfg": configuration,
            "data/myid": str(list(place.members).index(place.name) + 1),
            "logback.xml": LOGBACK,
        }

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        properties = {"logback.configurationFile": place.folder / "logback.xml", "java.io.tmpdir": place.folder}
        return java_command(*program, self.number("heap_mb"), properties, MAIN, f"{place.folder}/zoo.cfg")

    async def ready(self, place: Place) -> bool:
        """Whether a node serves: it follows or leads."""
        return b"Mode: " in await told(place.address, self.port, b"srvr", 1.0)

    async def role(self, node: Node) -> str:
        said = await told(node.address, self.port, b"srvr", 1.0, self.access)
        return said.decode().partition("Mode: ")[2].partition("\n")[0] or "candidate"

    def client(self, node: Node) -> "ZooKeeperClient":
        return ZooKeeperClient(node.address, self)


class ZooKeeperClient(ServerClient):
    """One logical client, of the server at an address."""

    async def open(self) -> None:
        self.connection = await zk.ZooKeeperSession.connect(self.address, self.server.port, self.server.access)
        await self.connection.begin(self.server.access)

    async def setup(self) -> None:
        await self.connection.asked(zk.create(zk.ROOT, ""), zk.NODE_EXISTS)

    async def read(self, operation: Operation) -> Outcome:
        """A register's value, a list, a set's elements in order."""
        path = zk.path_of(operation.key)
        first = [zk.sync(path)] if self.server.word("reads") == "sync" else []
        *synced, found, below = await self.connection.replies(*first, zk.get(path), zk.children(path))
        [reply.checked() for reply in synced]
        if found.error == zk.NO_NODE:
            return Outcome.ok(() if operation.key is None else None, 0)
        value = zk.znode(found.checked().body)
        if value.text:
            return Outcome.ok(unpacked(value.text), value.mzxid)
        return Outcome.ok(in_order(map(unquote, zk.names(below.checked().body))))

    async def write(self, operation: Operation) -> Outcome:
        """Set a value, or create it."""
        reply = await self.connection.put_or_create(zk.path_of(operation.key), packed(operation.value))
        return Outcome.ok(operation.value, reply.zxid)

    async def cas(self, operation: Operation) -> Outcome:
        """Set the new value if the old one stands there; None as the old one: if nothing does."""
        old, new = operation.value
        before = await self.connection.found(zk.path_of(operation.key))
        if (before and before.text) != (None if old is None else packed(old)):
            return Outcome.fail(ErrorKind.PRECONDITION, "the comparison was false", operation.value)
        reply = await self.connection.replace(zk.path_of(operation.key), before, packed(new))
        if reply.error:
            return Outcome.fail(ErrorKind.CONFLICT, "the value was written meanwhile", operation.value)
        return Outcome.ok(operation.value, reply.zxid)

    async def append(self, operation: Operation) -> Outcome:
        """Read the list, and set the longer one if it has not changed since; again after a conflict."""
        for _ in range(APPEND_TRIES):
            before = await reading(self.connection.found(zk.path_of(operation.key)), operation, zk.ERRORS)
            if isinstance(before, Outcome):
                return before
            longer = packed([*(unpacked(before.text) if before else ()), operation.value])
            reply = await self.connection.replace(zk.path_of(operation.key), before, longer)
            if reply.error == 0:
                return Outcome.ok(operation.value, reply.zxid)
        return Outcome.fail(ErrorKind.CONFLICT, f"the list changed {APPEND_TRIES} times meanwhile", operation.value)

    async def add(self, operation: Operation) -> Outcome:
        """Create the element; the set before it, if it is not there."""
        path = zk.path_of(operation.key)
        element = zk.create(f"{path}/{quote(packed(operation.value), safe='')}", "")
        if (await self.connection.asked(element, zk.NO_NODE, zk.NODE_EXISTS)).error == zk.NO_NODE:
            await self.connection.asked(zk.create(path, ""), zk.NODE_EXISTS)
            await self.connection.asked(element, zk.NODE_EXISTS)
        return Outcome.ok(operation.value)

    async def teardown(self) -> None:
        """Delete what the run left, on a cluster that stays."""
        if self.server.endpoints:
            await self.connection.remove(zk.ROOT)
