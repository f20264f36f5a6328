"""ZooKeeper as a system under test: an ensemble of Java servers.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. A
value is the JSON text of a znode; a set is a znode without text whose children are its elements. `revision` is a zxid.
Each client has a session of its own: a server answers a session in order, so reads would wait for others' writes.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.copies import unmoved
from splitbrain.targets.operations import shapes
from splitbrain.targets.servers.access import CONNECT_SECONDS
from splitbrain.targets.servers.agreement import same_data
from splitbrain.targets.servers.client import ANY, ServerClient, VersionedObjects
from splitbrain.targets.servers.driver import linked, on_thread, until
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.jvm import LOGBACK, heap_option, java_command
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven
from splitbrain.targets.servers.tcp import TcpConnection, told
from splitbrain.targets.values import in_order, packed, unpacked
from splitbrain.targets.zookeeper_errors import ERRORS

METRICS, SNAPPY = "io.dropwizard.metrics:metrics-core:4.1.12.1", "org.xerial.snappy:snappy-java:1.1.10.5"
ALSO = (METRICS, SNAPPY, "ch.qos.logback:logback-classic:1.3.15")
PINNED = {"3.9.5": "sha256:0097210b5e47dc44b0adf6078c332317ec67df8e95db44db76e150654706aa2d"}
SOFTWARE = Software(
    name="ZooKeeper",
    sources=(Maven("org.apache.zookeeper:zookeeper", "about 25 files, 14 MB", ALSO, version="3.9.5", pinned=PINNED),),
    described="a release from 3.5.5 on, such as 3.9.5",
    told=lambda jars: jar_version("zookeeper", jars),
    releases=r"3\.([5-9]|\d\d)\.\d+",
)
CONFIGURATION = """dataDir={data}\nclientPort=2181\nclientPortAddress={here}\ntickTime={tick_ms}\ninitLimit=10
syncLimit=4\nadmin.enableServer=false\n4lw.commands.whitelist=*\nmaxClientCnxns=0\n{servers}\n"""
MAIN, ROOT = "org.apache.zookeeper.server.quorum.QuorumPeerMain", "/splitbrain"
CHANGED = ("NoNodeError", "BadVersionError")
NEW: Mapping[str, Any] = {"makepath": True, "include_data": True, "but": ["NodeExistsError"]}
SESSION_SECONDS, AUDIT_SECONDS = 10.0, 20.0


class ZooKeeperClient(VersionedObjects, ServerClient):
    """One logical client, of the server at an address. Its session ends with its connection: nothing is sent twice."""

    errors = ERRORS

    async def open(self) -> None:
        """Begin a session, which takes a majority."""
        from kazoo.client import KazooClient, KazooRetry

        access = self.server.access
        host, port, secure = access.host_and_port(self.address, self.server.port)
        await (await TcpConnection.connect(self.address, port, access)).aclose()  # the driver does not say "refused"
        self.connection = KazooClient(
            f"{host}:{port}",
            SESSION_SECONDS,
            auth_data=[("digest", f"{access.user}:{access.password}")] if access.user else None,
            connection_retry=KazooRetry(max_tries=0),
            logger=logging.Logger("kazoo", logging.CRITICAL),
            use_ssl=secure,
            check_hostname=secure,
            **({"ca": access.ca, "certfile": access.cert, "keyfile": access.key} if secure else {}),
        )
        self.connection.start_async()
        await until(lambda: self.connection.connected, CONNECT_SECONDS)

    async def close(self) -> None:
        """End the session, on a thread that nobody waits for: a server that is paused does not answer."""
        driver, self.connection = self.connection, None
        if driver is not None:
            driver.handler.spawn(lambda: (driver.stop(), driver.close()))

    async def ask(self, request: str, key: Any, *words: Any, but: Sequence[str] = (), **options: Any) -> Any:
        """The reply to a request, a method of the driver; None if it is one of these errors."""
        path = f"{ROOT}/{'set' if key is None else f'k{key}'}{options.pop('below', '')}"
        return await linked(getattr(self.connection, f"{request}_async")(path, *words, **options).rawlink, but)

    async def found(self, operation: Operation, sync: bool = True) -> tuple[str | None, Any]:
        """The text of an object and its stat; None, None if there is none. sync: the server catches up before."""
        if sync:
            await self.ask("sync", operation.key)
        data, stat = await self.ask("get", operation.key, but=CHANGED) or (None, None)
        return None if data is None else data.decode(), stat

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: a stat."""
        if version is None:
            _, stat = await self.ask("create", operation.key, text.encode(), **NEW) or (None, None)
        else:
            number = -1 if version is ANY else version.version
            stat = await self.ask("set", operation.key, text.encode(), number, but=CHANGED)
        return stat and Outcome.ok(operation.value, stat.mzxid)

    async def read(self, operation: Operation) -> Outcome:
        text, stat = await self.found(operation, self.server.word("reads") == "sync")
        if text is None:
            return Outcome.ok(() if operation.key is None else None, 0)
        if text:
            return Outcome.ok(unpacked(text), stat.mzxid)
        return Outcome.ok(in_order(map(unquote, await self.ask("get_children", operation.key))))

    async def add(self, operation: Operation) -> Outcome:
        await self.ask("create", operation.key, below=f"/{quote(packed(operation.value), safe='')}", **NEW)
        return Outcome.ok(operation.value)

    async def tree(self, path: str = ROOT) -> Sequence[Any]:
        """A znode with its text, versions and all that is below it, as the server has them."""
        text, stat = await linked(self.connection.get_async(path).rawlink)
        names = await linked(self.connection.get_children_async(path).rawlink) if stat.numChildren else ()
        below = await asyncio.gather(*(self.tree(f"{path}/{name}") for name in sorted(names)))
        return path, text, stat.version, stat.mzxid, below

    async def teardown(self) -> None:
        if self.server.endpoints:
            await on_thread(self.connection.delete, ROOT, -1, True)


class ZooKeeper(Server):
    """ZooKeeper with the given settings."""

    name, summary = "zookeeper", "ZooKeeper, a replicated tree of small files: real processes, containers, or a cluster"
    software, port, schemes, java, library = SOFTWARE, 2181, ("zookeeper", "zookeepers"), True, "kazoo"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, ZooKeeperClient
    options = server_options(
        SOFTWARE,
        Option("reads", "sync", "a server answers from what it has, or first catches up (sync)", ("local", "sync")),
        Option("tick_ms", 500, "the unit of its timeouts: a follower that lags four of them is left out", least=1),
        heap_option(128),
    )

    claims_source = (
        'zookeeper.apache.org, "ZooKeeper internals", "Consistency guarantees": updates are linearizable; a read is of '
        "the server asked, unless that first catches up with its leader"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("linearizable", "CP") if self.word("reads") == "sync" else ("sequential",)

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        servers = [f"server.{i + 1}={address}:2888:3888" for i, address in enumerate(place.members.values())]
        words = {**self.settings, "data": place.folder / "data", "here": place.address, "servers": "\n".join(servers)}
        return {"zoo.cfg": CONFIGURATION.format(**words), "data/myid": str(place.number + 1), "logback.xml": LOGBACK}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        return java_command(*program, place.folder, self.number("heap_mb"), {}, MAIN, f"{place.folder}/zoo.cfg")

    async def ready(self, place: Place) -> bool:
        return b"Mode: " in await told(place.address, self.port, b"srvr", 1.0)  # it follows or leads

    async def role(self, node: Node) -> str:
        return await self._told(node, "Mode") or "candidate"

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """Whether servers hold the same tree, once each has carried out the same transactions. Sessions are begun
        before, as each is a transaction."""
        clients = {node.name: ZooKeeperClient(node.address, self) for node in nodes}

        async def copy(node: Node) -> tuple[str, str]:
            client = clients[node.name]
            try:
                if client.connection is None or not client.connection.connected:
                    await client.close()
                    await client.open()
                await client.ask("sync", None)
                return await unmoved(lambda: self._told(node, "Zxid"), lambda: _written(client))
            except Exception as error:
                if not self.errors.knows(error):
                    raise
                raise ServerError(f"{node.name}: {error!r}") from error

        try:
            return await same_data("replicas", nodes, copy, AUDIT_SECONDS)
        finally:
            await asyncio.gather(*(client.close() for client in clients.values()))

    async def _told(self, node: Node, name: str) -> str:
        """A line of what a server says of itself."""
        said = await told(node.address, self.port, b"srvr", 1.0, self.access)
        return said.decode().partition(f"{name}: ")[2].partition("\n")[0]


async def _written(client: ZooKeeperClient) -> str:
    return repr(await client.tree())
