"""OpenSearch as a system under test: documents that a primary copies to replicas, and an elected cluster manager.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is a document; `cas` and `append` put it if it has the sequence number and term that were read. The set is an
index with a document for each element, found by a search after a refresh.
"""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from splitbrain.harness.announce import Say
from splitbrain.harness.deployment import Container, Deployment, Place, Process
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option
from splitbrain.targets.opensearch.client import ELEMENTS, HTTP_PORT, OpenSearchClient, OpenSearchConnection
from splitbrain.targets.opensearch.errors import ERRORS
from splitbrain.targets.opensearch.software import JAVA_LATER, LATER, SOFTWARE, newest_java, node_source
from splitbrain.targets.operations import shapes
from splitbrain.targets.servers.agreement import settled
from splitbrain.targets.servers.jvm import heap_option, java_command
from splitbrain.targets.servers.server import Server, ServerProgram, server_options

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


class OpenSearch(Server):
    """OpenSearch with the given settings."""

    name, summary = "opensearch", "OpenSearch, copies of documents: real processes, containers, or a cluster"
    java_package = "openjdk-17-jdk-headless"
    software, port, schemes, java, library = SOFTWARE, HTTP_PORT, ("http", "https"), True, "httpx2"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, OpenSearchClient
    ready_seconds, recovery_seconds = 120.0, 10.0
    options = server_options(
        SOFTWARE,
        Option(
            "active", "1", "wait_for_active_shards: so many copies must be there before a change", ("1", "2", "all")
        ),
        Option("reads", "any", "who answers a read of an object: any copy, or the primary", ("any", "primary")),
        heap_option(320),
    )

    claims_source = (
        'opensearch.org/docs, "Index document", and Elasticsearch\'s "Reading and writing documents": what is '
        "acknowledged is on all copies in sync; reads may be old, or of what is never acknowledged"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("convergence",)

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`: changes would wait for a copy that is not there."""
        return {f"active={self.word('active')}": 2 if self.word("active") == "2" else 1}

    @property
    def deployments(self) -> Sequence[Deployment]:
        """No containers of the later release: the Java of their Debian is too old."""
        old = self.version != LATER
        return tuple(one for one in super().deployments if old or not isinstance(one, Container))

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `Server.provide`; a node is compiled when it starts."""
        super().provide(deployment, say)
        beside = Path(self.java_program()).parent if isinstance(deployment, Process) else None
        if beside and shutil.which("javac", path=str(beside)) is None:
            raise InfrastructureError(
                f"opensearch needs javac beside {self.java_program()}, and it is not there: install a JDK (Java 17 on "
                "Debian, Ubuntu: apt install openjdk-17-jdk-headless)"
            )

    def java_program(self) -> str:
        """Java of release 17, or for the later OpenSearch the newest that is found."""
        return newest_java(JAVA_LATER) if self.version == LATER else super().java_program()

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
            "OneNode.java": node_source(self.version),
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
            health = await connection.asked("GET", "/_cluster/health?timeout=1s")
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
