"""Consul as a system under test: a key-value store that Raft replicates, on nodes that are all servers.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is a key of JSON text, replaced if its ModifyIndex is the one that was read; `revision` is that index. The set is
of keys of their own, which a listing finds; another one is kept as a list. A client speaks HTTP to its node alone,
which passes requests on to the leader.
"""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.consul_errors import ERRORS
from splitbrain.targets.objects import NamedElements, name_of
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import GoProgram
from splitbrain.targets.servers.agreement import same_data
from splitbrain.targets.servers.client import ANY
from splitbrain.targets.servers.http import HttpConnection
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath
from splitbrain.targets.values import unpacked

told = says_version(r"Consul v(\d+\.\d+\.\d+)")
SOFTWARE = Software(
    name="Consul",
    sources=(OnPath("consul", told), GoProgram("github.com/hashicorp/consul", r"1\.13\.9")),
    described="1.13.9, which Go builds, or the release of the consul on the PATH",
    told=told,
    preferred=("1.13.9",),
    advice=lambda version: "install Go 1.24 or newer, or name a server with consul:binary=PATH",
)
PORT, NOT_FOUND = 8500, 404
CONFIGURATION = {
    **{"server": True, "disable_update_check": True, "retry_interval": "1s"},
    "performance": {"raft_multiplier": 1},
    "ports": dict.fromkeys(("dns", "grpc", "serf_wan", "https"), -1),
    "autopilot": {"cleanup_dead_servers": False},  # members stay those that were there
}
READS = ("default", "consistent", "stale")
ELEMENT, AUDIT_SECONDS = "e", 20.0


class ConsulConnection(HttpConnection):
    """Connections to one node."""

    port, basic, token = PORT, False, "X-Consul-Token"

    async def asked(self, path: str, mode: str, **words: str) -> Any:
        """The answer to a GET; None if there is no such key. mode: a parameter; `default` is none that Consul knows."""
        answer = await self.respond("GET", path, (NOT_FOUND,), params={**words, mode: ""})
        return None if answer.status_code == NOT_FOUND else json.loads(answer.content)

    async def put(self, name: str, text: str, **condition: str) -> bool:
        """Whether a text was put under a name."""
        answer = await self.respond("PUT", f"/v1/kv/{name}", params=condition, content=text.encode())
        return bool(json.loads(answer.content))


class ConsulClient(NamedElements):
    """One logical client. The version of an object is its ModifyIndex."""

    errors = ERRORS
    connection: Any

    async def open(self) -> None:
        self.connection = ConsulConnection(self.address, self.server.access)
        await self.connection.asked("/v1/agent/self", "default")

    async def found(self, operation: Operation, mode: str = "consistent") -> tuple[str | None, Any]:
        """The text of an object and its index; a change compares with what the leader has."""
        rows = await self.connection.asked(f"/v1/kv/{name_of(operation)}", mode)
        return (base64.b64decode(rows[0]["Value"]).decode(), rows[0]["ModifyIndex"]) if rows else (None, None)

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: an index; 0 is that of no object."""
        condition = {} if version is ANY else {"cas": str(version or 0)}
        done = await self.connection.put(name_of(operation), text, **condition)
        return Outcome.ok(operation.value) if done else None

    async def read(self, operation: Operation) -> Outcome:
        if operation.key is None:
            return await super().read(operation)
        text, index = await self.found(operation, self.server.word("reads"))
        return Outcome.ok(None if text is None else unpacked(text), index or 0)

    async def elements(self) -> Iterable[bytes]:
        """See `NamedElements`."""
        keys = await self.connection.asked(f"/v1/kv/{ELEMENT}/", self.server.word("reads"), keys="")
        return [bytes.fromhex(key.partition("/")[2]) for key in keys or ()]

    async def put_element(self, text: str) -> None:
        """See `NamedElements`."""
        await self.connection.put(f"{ELEMENT}/{text.encode().hex()}", text)


class Consul(Server):
    """Consul with the given settings."""

    name, summary = "consul", "Consul, a key-value store on Raft: real processes, containers, or a cluster"
    software, port, schemes, library = SOFTWARE, PORT, ("http", "https"), "httpx2"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, ConsulClient
    options = server_options(
        SOFTWARE, Option("reads", "consistent", "the consistency mode: which nodes answer, and what they check", READS)
    )

    claims_source = (
        'Consul\'s documentation, "Consistency modes": `default` has a window in which a leader that was deposed '
        "answers, `stale` is answered by any server from what it has"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("linearizable", "CP") if self.word("reads") == "consistent" else ("convergence",)

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        made = {
            **CONFIGURATION,
            **{"node_name": place.name, "bind_addr": place.address, "client_addr": place.address},
            **{"data_dir": f"{place.folder}/data", "bootstrap_expect": len(place.members)},
            "retry_join": list(place.members.values()),
        }
        return {"consul.json": json.dumps(made)}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        return [program.path, "agent", f"-config-file={place.folder}/consul.json"]

    async def ready(self, place: Place) -> bool:
        async with aclosing(ConsulConnection(place.address)) as connection:
            await connection.asked("/v1/kv/ready", "consistent")
        return True

    async def role(self, node: Node) -> str:
        async with aclosing(ConsulConnection(node.address, self.access)) as connection:
            return str((await connection.get("/v1/agent/self"))["Stats"]["raft"]["state"]).lower()

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """Whether the servers hold the same data at the same index, each asked for its own."""

        async def copy(node: Node) -> tuple[str, str]:
            async with aclosing(ConsulConnection(node.address, self.access)) as connection:
                found = await connection.respond("GET", "/v1/kv/?recurse&stale", (NOT_FOUND,))
            return found.headers["X-Consul-Index"], found.text

        return await same_data("servers", nodes, copy, AUDIT_SECONDS)
