"""Cassandra as a system under test: options, claims, software, and how its nodes are called and asked.

Pitfall: a node opens its port before it has heard of the others, so it is ready only when it sees all of them up.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import Compact, Flush, Maintenance, Repair
from splitbrain.harness.logs import CRASHES, Pattern
from splitbrain.harness.node import Node
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets.cassandra import audit, client_settings, configuration
from splitbrain.targets.cassandra.client import CassandraClient
from splitbrain.targets.cassandra.cql import ALL, NATIVE_PORT, CqlError, ask
from splitbrain.targets.cassandra.errors import ERRORS
from splitbrain.targets.servers.agreement import settled
from splitbrain.targets.servers.jvm import LOGBACK
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven

DEFAULT = "5.0.6"
LIBEV = "the driver of Cassandra cannot work here, install a wheel of cassandra-driver that has libev"
JARS = "org.apache.cassandra:cassandra-all"
DIGEST = "sha256:ca24b0e8547b5bc7101daf8d43396be10b4df0cc4aaf2687425d1184e18f0cbf"
"""The digest of the jars of that release."""
SOFTWARE = Software(
    name="Cassandra",
    sources=(Maven(JARS, "about 100 files, 66 MB", version=DEFAULT, pinned={DEFAULT: DIGEST}),),
    releases=r"5\.0\.\d+",
    described=f"a release of 5.0, such as {DEFAULT}",
    told=partial(jar_version, "cassandra-all"),
)

DAMAGED = r"\b(Corrupt(SSTable|Block|File|TransactionLog)|CommitLogRe(ad|play))Exception\b"
REPLICATED_TO_ALL = (
    "SELECT status FROM system_distributed.view_build_status WHERE keyspace_name='none' AND view_name=''"
)
"""A table that every Cassandra has; `configuration.daemon` has it replicated to every member."""
MAINTENANCE: Mapping[type[Maintenance], str] = {Flush: "flush", Compact: "compact", Repair: "repair --full"}
"""Words for Cassandra's own tool. Without a keyspace it means all but the system's own."""


async def wall_clock(place: Place) -> int:
    """The time by a node's clock (ns since 1970)."""
    try:
        ((stamp,),) = await ask(place.address, "SELECT currentTimestamp() FROM system.local")
    except CqlError as error:
        raise OSError(f"it does not tell the time: {error}") from error
    (milliseconds,) = struct.unpack(">q", stamp or b"")
    return int(milliseconds) * 1_000_000


class Cassandra(Server):
    """Cassandra with the given settings; see the package for its operations."""

    name = "cassandra"
    summary = "Apache Cassandra 5, a wide-column store without a leader: real processes or containers"
    options = server_options(SOFTWARE, *configuration.OPTIONS, *client_settings.OPTIONS)
    software = SOFTWARE
    port = NATIVE_PORT
    library = "cassandra"
    schemes = ("cassandra", "cassandras")
    operations = client_settings.OPERATIONS
    errors = ERRORS
    java = leaderless = True
    official = "cassandra"
    ready_seconds, recovery_seconds = 120.0, 45.0
    read_clock = staticmethod(wall_clock)
    log_patterns: ClassVar[Sequence[Pattern]] = (
        # A node that finds a checksum wrong and refuses has kept its promise; what was lost by it, the history shows.
        Pattern(re.compile(DAMAGED), "says that its files are damaged", Validity.UNKNOWN),
        Pattern(re.compile(r"java\.lang\.(OutOfMemory|StackOverflow)Error"), "ran out of memory", Validity.UNKNOWN),
        *CRASHES,
    )

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._clients = client_settings.CassandraSettings(self.settings, self.access)
        self.operations = client_settings.operations(self._clients)

    claims_source = (
        'cassandra.apache.org, "Guarantees" and "Dynamo": lightweight transactions with serial reads are linearizable; '
        "levels that overlap let a read see every write acknowledged before it, and of a quorum, with blocking read "
        "repair, never go back; below that it is available, and replicas converge, by repair: hints are best effort"
    )

    @property
    def claims(self) -> Sequence[str]:
        return client_settings.claims(self._clients)

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`."""
        return {f"rf={self.word('rf')}": self.number("rf")}

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        return {
            "conf/cassandra.yaml": configuration.configuration(place, self.settings),
            "logback.xml": LOGBACK,
            "conf/cassandra-rackdc.properties": "dc=dc1\nrack=rack1\n",
        }

    @property
    def default_workload(self) -> str:
        """Registers: with lightweight transactions sets are still written without."""
        return "register" if "cas" in self.operations else "unique-register"

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        return configuration.daemon(program, place, self.number("heap_mb"))

    def admin_commands(self, program: Callable[[], ServerProgram]) -> Mapping[type[Maintenance], Any]:
        """Maintenance by Cassandra's own tool, run beside the node."""
        return {kind: partial(configuration.nodetool, program, words.split()) for kind, words in MAINTENANCE.items()}

    async def ready(self, place: Place) -> bool:
        """Whether a node serves, and gets an answer from every member: it reads what is replicated to all of them."""
        await ask(place.address, REPLICATED_TO_ALL, consistency=ALL)
        return True

    async def node_version(self, place: Place) -> str:
        ((version,),) = await ask(place.address, "SELECT release_version FROM system.local")
        return (version or b"").decode()

    def check_library(self) -> None:
        """InfrastructureError also if the driver cannot work here: built without libev, it has no event loop."""
        super().check_library()
        try:
            import cassandra.cluster  # noqa: F401
        except Exception as error:
            raise InfrastructureError(f"{LIBEV}: {error}") from error

    def client(self, node: Node) -> CassandraClient:
        return CassandraClient(node.address, self._clients)

    async def settle(self, nodes: Sequence[Node]) -> None:
        """See `harness.target.Settling`: every node gets answers from all the others, and none keeps a hint for
        another. What it has taken within the last `HINTS_FLUSH_MS` may not be in a file yet. With repaired=on, then all
        data is read at ALL."""

        async def done(node: Node) -> bool:
            await ask(node.address, REPLICATED_TO_ALL, consistency=ALL, access=self.access)
            kept = await ask(node.address, "SELECT host_id FROM system_views.pending_hints", access=self.access)
            return not self.settings["hints"] or not kept

        await settled(nodes, done)
        if self.settings["repaired"]:
            await settled(nodes[:1], partial(audit.mend, settings=self._clients))

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        return await audit.audit(nodes, self._clients)
