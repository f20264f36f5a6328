"""OpenSearch as a system under test: documents that a primary copies to replicas, and an elected cluster manager.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is a document; `cas` and `append` put it if it has the sequence number and term that were read. The set is an
index with a document for each element, found by a search after a refresh.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from splitbrain.harness.announce import Say
from splitbrain.harness.deployment import Container, Deployment, Place
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.options import Option
from splitbrain.targets.opensearch_errors import ERRORS
from splitbrain.targets.operations import shapes
from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.agreement import settled
from splitbrain.targets.servers.client import ANY, ServerClient, VersionedObjects
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.http import HttpConnection, Json, translated
from splitbrain.targets.servers.jvm import java_command
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven
from splitbrain.targets.values import in_order, packed, unpacked

HTTP_PORT = 9200
VERSION, LOG4J = "2.19.6", "2.25.4"
ALSO = (
    f"org.opensearch:opensearch-plugin-classloader:{VERSION}",
    f"org.opensearch.plugin:transport-netty4-client:{VERSION}",
    f"org.apache.logging.log4j:log4j-core:{LOG4J}",
)
PINNED = {VERSION: "sha256:a8776d22051b7679bf1b925841fd29265353f945ac5428c15dd977f3ed4f895e"}
SOFTWARE = Software(
    name="OpenSearch",
    sources=(Maven("org.opensearch:opensearch", "about 55 files, 45 MB", ALSO, version=VERSION, pinned=PINNED),),
    described=VERSION,
    told=lambda jars: jar_version("opensearch", jars),
    preferred=(VERSION,),
    releases=VERSION.replace(".", r"\."),
)
CONFIGURATION = """cluster.name: splitbrain
node.name: {name}
path.home: {folder}
path.data: {folder}/data
path.logs: {folder}/logs
network.host: {here}
http.port: 9200
transport.port: 9300
discovery.seed_hosts: [{hosts}]
cluster.initial_cluster_manager_nodes: [{names}]
node.store.allow_mmap: false
node.portsfile: false
cluster.routing.allocation.disk.threshold_enabled: false
cluster.fault_detection.leader_check.interval: 500ms
cluster.fault_detection.leader_check.timeout: 1s
cluster.fault_detection.follower_check.interval: 500ms
cluster.fault_detection.follower_check.timeout: 1s
"""
LOGGING = """status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""
# OpenSearch's own main refuses fewer file descriptors than an ordinary user has; this one starts the same node.
NODE = """import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

public class OneNode extends Node {
    OneNode(Environment environment) { super(environment, List.of(Netty4Plugin.class), false); }

    public static void main(String[] words) throws Exception {
        Path file = Path.of(words[0]);
        Settings told = Settings.builder().loadFromPath(file).build();
        new OneNode(InternalSettingsPreparer.prepareEnvironment(told, Map.of(), file.getParent(), () -> "n")).start();
        Thread.currentThread().join();
    }
}
"""
OBJECTS, ELEMENTS = "splitbrain", "splitbrain-set"
MOST = 10_000
"""As many documents as a search gives at most."""
CREATED, NOT_FOUND = (200, 201), 404
INDEX = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-all", "max_result_window": MOST},
    "mappings": {"enabled": False},
}


class OpenSearchConnection(HttpConnection):
    """Connections to one node."""

    port = HTTP_PORT

    def __init__(self, address: str, access: Access = PLAIN) -> None:
        super().__init__(address, access)
        if access.user:
            self.http.auth = (access.user, access.password)

    async def asked(self, method: str, path: str, body: Json | None = None, but: Sequence[int] = ()) -> Json:
        """The answer to a request; of a list, its `rows`. ServerError if its status is an error, and none of `but`."""
        with translated():
            response = await self.http.request(method, path, json=body)
        if response.status_code not in (*CREATED, *but):
            raise self.failure(response.status_code, None, response.content)
        answer: Json = response.json()
        return answer if isinstance(answer, dict) else {"rows": answer}


class OpenSearchClient(VersionedObjects, ServerClient):
    """One logical client."""

    errors = ERRORS
    connection: Any

    async def open(self) -> None:
        self.connection = OpenSearchConnection(self.address, self.server.access)
        await self.connection.asked("GET", "/")

    async def setup(self) -> None:
        """Make the two indices. ConnectionRefusedError while they do not have all their copies."""
        for index in (OBJECTS, ELEMENTS):
            await self.connection.asked("PUT", f"/{index}", INDEX, but=(400,))  # it is there already
        health = await self.connection.asked("GET", "/_cluster/health?wait_for_status=green&timeout=2s", but=(408,))
        if health["status"] != "green":
            raise ConnectionRefusedError(f"not all copies are there yet: the cluster is {health['status']}")

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of the object's document; its version is what a conditional put names."""
        primary = "?preference=_primary" if self.server.word("reads") == "primary" else ""
        one = await self.connection.asked("GET", f"/{OBJECTS}/_doc/k{operation.key}{primary}", but=(NOT_FOUND,))
        if "error" in one:
            raise ServerError(f"HTTP 404: {one['error']}", NOT_FOUND)
        if not one["found"]:
            return None, None
        return one["_source"]["text"], f"if_seq_no={one['_seq_no']}&if_primary_term={one['_primary_term']}"

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome:
        """See `VersionedObjects`. version: of `found`."""
        verb, condition = ("_create", "") if version is None else ("_doc", "" if version is ANY else f"&{version}")
        path = f"/{OBJECTS}/{verb}/k{operation.key}?{self._active}{condition}"
        # A conflict is an error of unknown end: it may be with this very change, put by the node's first try.
        await self.connection.asked("PUT", path, {"text": text})
        return Outcome.ok(operation.value)

    async def read(self, operation: Operation) -> Outcome:
        if operation.key is not None:
            text, _ = await self.found(operation)
            return Outcome.ok(None if text is None else unpacked(text))
        await self.connection.asked("POST", f"/{ELEMENTS}/_refresh")
        answer = await self.connection.asked(
            "GET", f"/{ELEMENTS}/_search?size={MOST}&allow_partial_search_results=false"
        )
        return Outcome.ok(in_order(one["_source"]["text"] for one in answer["hits"]["hits"]))

    async def add(self, operation: Operation) -> Outcome:
        """Add to the set without a key, which is an index; another one is kept as a list."""
        if operation.key is not None:
            return await self.append(operation)
        text = packed(operation.value)
        path = f"/{ELEMENTS}/_create/{quote(text, safe='')}?{self._active}"
        await self.connection.asked("PUT", path, {"text": text})
        return Outcome.ok(operation.value)

    @property
    def _active(self) -> str:
        return f"timeout=2s&wait_for_active_shards={self.server.word('active')}"

    async def teardown(self) -> None:
        if self.server.endpoints:
            for index in (OBJECTS, ELEMENTS):
                await self.connection.asked("DELETE", f"/{index}", but=(NOT_FOUND,))


class OpenSearch(Server):
    """OpenSearch with the given settings."""

    name, summary = "opensearch", "OpenSearch, documents copied from a primary: real processes, or a cluster"
    software, port, schemes, java, library = SOFTWARE, HTTP_PORT, ("http", "https"), True, "httpx2"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, OpenSearchClient
    ready_seconds = 120.0
    options = server_options(
        SOFTWARE,
        Option(
            "active", "1", "wait_for_active_shards: so many copies must be there before a change", ("1", "2", "all")
        ),
        Option("reads", "any", "who answers a read of an object: any copy, or the primary", ("any", "primary")),
        Option("heap_mb", 320, "the Java heap of a node, at most"),
    )

    @property
    def claims(self) -> Sequence[str]:
        """opensearch.org/docs, "Index document", and Elasticsearch's "Reading and writing documents": what is
        acknowledged is on all copies in sync; reads may be old, or of what is never acknowledged."""
        return ("convergence",)

    @property
    def deployments(self) -> Sequence[Deployment]:
        """No containers: their Java has no compiler."""
        return tuple(one for one in super().deployments if not isinstance(one, Container))

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `Server.provide`; a node is compiled when it starts."""
        super().provide(deployment, say)
        if not self.endpoints and shutil.which("javac") is None:
            raise InfrastructureError(
                "opensearch needs javac, which was not found: install a JDK of Java 17 (Debian, Ubuntu: "
                "apt install openjdk-17-jdk-headless)"
            )

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        words = {
            "name": place.name,
            "folder": place.folder,
            "here": place.address,
            "hosts": ", ".join(f'"{address}:9300"' for address in place.members.values()),
            "names": ", ".join(place.members),
        }
        return {
            "config/opensearch.yml": CONFIGURATION.format(**words),
            "config/log4j2.properties": LOGGING,
            "OneNode.java": NODE,
        }

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        properties = {
            "log4j2.disable.jmx": "true",
            "java.locale.providers": "SPI,COMPAT",
            "log4j2.configurationFile": f"{place.folder}/config/log4j2.properties",
        }
        main, conf = f"{place.folder}/OneNode.java", f"{place.folder}/config/opensearch.yml"
        return java_command(*program, place.folder, self.number("heap_mb"), properties, main, conf)

    async def ready(self, place: Place) -> bool:
        """Whether a node is of a cluster of most nodes."""
        async with aclosing(OpenSearchConnection(place.address)) as connection:
            try:
                health = await connection.asked("GET", "/_cluster/health?timeout=1s")
            except ServerError:
                return False
        return bool(health["number_of_nodes"] * 2 > len(place.members))

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Wait until all copies are there again."""

        async def green(node: Node) -> bool:
            async with aclosing(OpenSearchConnection(node.address, self.access)) as connection:
                health = await connection.asked("GET", "/_cluster/health?timeout=1s")
            return bool(health["status"] == "green" and health["number_of_nodes"] == len(nodes))

        await settled(nodes, green)

    async def role(self, node: Node) -> str | None:
        """The role for the set, as the node knows it."""
        async with aclosing(OpenSearchConnection(node.address, self.access)) as connection:
            shards = (await connection.asked("GET", f"/_cat/shards/{ELEMENTS}?format=json&local=true"))["rows"]
        own = next((one["prirep"] for one in shards if one["node"] == node.name), None)
        return {"p": "primary", "r": "replica"}.get(own or "")
