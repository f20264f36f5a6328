"""Infinispan as a system under test: a cache in memory, whose entries several members hold.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is an entry of JSON text, replaced by its `cas` number; that is the `revision`. A set is kept as a list. A client
speaks Memcached's protocol to its member alone, which passes requests on to those that own the entry.

Pitfall: a member tries again by itself when the cluster's topology changes, so a comparison that was false may have
been with what its first try put.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.options import Option
from splitbrain.targets.infinispan_errors import ERRORS
from splitbrain.targets.memcached import MemcachedClient
from splitbrain.targets.objects import false_comparison
from splitbrain.targets.operations import shapes
from splitbrain.targets.pointless import NOTHING_ON_DISK
from splitbrain.targets.servers.agreement import settled
from splitbrain.targets.servers.jvm import heap_option, java_command
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven
from splitbrain.targets.servers.tcp import TcpConnection, told

VERSION = "15.0.11.Final"
ARTEFACT = "org.infinispan:infinispan-server-runtime"
ALSO = (f"{ARTEFACT}:{VERSION}:loader",)
PINNED = {VERSION: "sha256:22898d439bd0e881feb6b7a7fa77ae639554aa373433a5dfce4545efffcc3c2c"}
SOFTWARE = Software(
    name="Infinispan",
    sources=(Maven(ARTEFACT, "about 180 files, 57 MB", ALSO, version=VERSION, pinned=PINNED),),
    described=VERSION,
    told=lambda jars: jar_version("infinispan-server-runtime", jars),
    preferred=(VERSION,),
    releases=VERSION.replace(".", r"\."),
)
PORT, REST_PORT, CLUSTER_PORT = 11211, 11222, 7800
STACK, CACHE = 'xmlns="urn:org:jgroups" stack.combine', "splitbrain"
CONFIGURATION = f"""<infinispan xmlns="urn:infinispan:config:15.0">
 <jgroups><stack name="here" extends="tcp">
  <TCP {STACK}="COMBINE" bind_addr="{{here}}" bind_port="{CLUSTER_PORT}" port_range="0"/>
  <TCPPING {STACK}="REPLACE" stack.position="MPING" initial_hosts="{{members}}" port_range="0"/>
  <MERGE3 {STACK}="COMBINE" min_interval="1000" max_interval="3000"/>
  <FD_ALL3 {STACK}="COMBINE" timeout="5000" interval="1000"/>
 </stack></jgroups>
 <cache-container name="default">
  <transport cluster="splitbrain" stack="here" node-name="{{name}}"/>
  <global-state unclean-shutdown-action="PURGE"/>
  <distributed-cache name="{CACHE}" mode="SYNC" owners="{{owners}}" remote-timeout="5000">
   <encoding media-type="application/octet-stream"/>
   <partition-handling when-split="{{split}}" merge-policy="{{merge}}"/>
  </distributed-cache>
 </cache-container>
 <server xmlns="urn:infinispan:server:15.0">
  <interfaces><interface name="public"><inet-address value="{{here}}"/></interface></interfaces>
  <socket-bindings default-interface="public" port-offset="0">
   <socket-binding name="rest" port="{REST_PORT}"/><socket-binding name="memcached" port="{PORT}"/>
  </socket-bindings>
  <endpoints><endpoint socket-binding="rest">
   <rest-connector/><memcached-connector socket-binding="memcached" cache="{CACHE}" protocol="TEXT"/>
  </endpoint></endpoints>
 </server>
</infinispan>
"""
LOGGING = """<Configuration><Appenders><Console name="OUT"><PatternLayout pattern="%d{ISO8601}{UTC} %-5p %c{1} %m%n"/>
</Console></Appenders><Loggers><Root level="INFO"><AppenderRef ref="OUT"/></Root></Loggers></Configuration>"""
MAIN = "org.infinispan.server.Bootstrap"
HEALTH, HEALTH_SECONDS = b"GET /rest/v2/container/health HTTP/1.0\r\n\r\n", 3.0


async def seen(address: str) -> tuple[int, bool]:
    """The number of members that a member sees, and whether it says that all is well: nothing is on its way."""
    answer = await told(address, REST_PORT, HEALTH, HEALTH_SECONDS)
    count = re.search(rb'"number_of_nodes":(\d+)', answer)
    return int(count[1]) if count else 0, b'"health_status":"HEALTHY"' in answer


class InfinispanClient(MemcachedClient):
    """One logical client."""

    errors = ERRORS

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`: a comparison that was false tells nothing."""
        done = await super().replaced(operation, version, text)
        if done is None:
            raise false_comparison()
        return done


class Infinispan(Server):
    """Infinispan with the given settings."""

    name, summary = "infinispan", "Infinispan, a cache in memory with owners: real processes, containers, or a cluster"
    software, port, schemes, java = SOFTWARE, PORT, ("infinispan", "infinispans"), True
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, InfinispanClient
    ready_seconds, recovery_seconds, pointless = 120.0, 20.0, NOTHING_ON_DISK
    options = server_options(
        SOFTWARE,
        Option("owners", 2, "members that hold an entry", least=1),
        Option("split", "allow", "what a part of the cluster does: go on, or refuse what it does not hold wholly",
            ("allow", "deny")),
        Option("merge", "none", "which entry stays where parts that meet differ: both, or that of the larger part",
            ("none", "preferred")),
        heap_option(192),
    )  # fmt: skip

    claims_source = (
        'infinispan.org/docs, "Configuring Infinispan caches", "Partition handling": where both parts go on, they '
        "differ after the merge unless a policy resolves the conflicts"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return () if self.word("split") == "allow" and self.word("merge") == "none" else ("convergence",)

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        words = {
            "name": place.name,
            "here": place.address,
            "members": ",".join(f"{address}[{CLUSTER_PORT}]" for address in place.members.values()),
            "owners": self.word("owners"),
            "split": "DENY_READ_WRITES" if self.word("split") == "deny" else "ALLOW_READ_WRITES",
            "merge": "PREFERRED_ALWAYS" if self.word("merge") == "preferred" else "NONE",
        }
        return {"conf/infinispan.xml": CONFIGURATION.format(**words), "conf/log4j2.xml": LOGGING}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        words, heap = ("-s", str(place.folder), "-c", "infinispan.xml"), self.number("heap_mb")
        return java_command(*program, place.folder, heap, {"java.net.preferIPv4Stack": "true"}, MAIN, *words)

    async def ready(self, place: Place) -> bool:
        """Whether a member answers, and sees more than half of all: before that it is a cluster of its own."""
        connection = await TcpConnection.connect(place.address, PORT)
        async with aclosing(connection), connection.exchange(b"version\r\n") as reader:
            await reader.readuntil(b"\r\n")
        return (await seen(place.address))[0] > len(place.members) // 2

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Wait until the members have met again, and what they hold is where it belongs."""

        async def whole(node: Node) -> bool:
            return await seen(node.address) == (len(nodes), True)

        if not self.endpoints:  # of which the port of REST is not known
            await settled(nodes, whole)
