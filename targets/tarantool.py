"""Tarantool as a system under test: spaces in memory with a log, copied from one node that takes writes.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list,
each a call of one function in the server. The first node takes writes, and no other takes its place.
"""

import base64
import hashlib
import struct
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any, Self

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.objects import name_of
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import DebianTree
from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.agreement import same_data
from splitbrain.targets.servers.client import ServerClient
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath
from splitbrain.targets.servers.tcp import TcpConnection
from splitbrain.targets.tarantool_errors import ERRORS
from splitbrain.targets.values import in_order, packed, unpacked

told = says_version(r"Tarantool (\d+\.\d+\.\d+)")
SOFTWARE = Software(
    name="Tarantool",
    sources=(OnPath("tarantool", told), DebianTree(("tarantool",), "usr/bin/tarantool", version="2.6.0")),
    described="that of the tarantool on the PATH, or of this system's Debian",
    told=told,
    preferred=("2.6.0",),
    advice=lambda version: "apt install tarantool, or name a server with tarantool:binary=PATH",
)
NODE = """box.cfg{{ listen='{here}:3301', work_dir='{folder}/data', memtx_memory=67108864, wal_mode='{wal}',
  replication_timeout=0.5, replication_connect_timeout=10, replication_connect_quorum={quorum},
  replication_synchro_timeout=3, replication_synchro_quorum={quorum}, replication={{{members}}},
  read_only={read_only}, log_level=4 }}
function splitbrain_leader() return '{first}' end
if not box.info.ro then box.schema.user.grant('guest', 'super', nil, nil, {{if_not_exists=true}}) end
"""
SCHEMA = """if not box.info.ro then
  box.once('splitbrain', function()
    for _, name in ipairs{'objects', 'elements'} do
      box.schema.space.create(name, {is_sync=SYNC, if_not_exists=true}):create_index('pk',
        {parts={1, 'string'}, if_not_exists=true})
    end
  end)
end
function splitbrain_read(key) local row = box.space.objects:get(key) return row and row[2] or '' end
function splitbrain_elements()
  local found = {}
  for _, row in box.space.elements:pairs() do table.insert(found, row[1]) end
  return found
end
function splitbrain_write(key, text) box.space.objects:replace{key, text} return true end
function splitbrain_add(text) box.space.elements:replace{text} return true end
function splitbrain_cas(key, old, new)
  if splitbrain_read(key) ~= old then return false end
  box.space.objects:replace{key, new}
  return true
end
function splitbrain_append(key, text)
  local old = splitbrain_read(key)
  box.space.objects:replace{key, old == '' and '[' .. text .. ']' or old:sub(1, -2) .. ',' .. text .. ']'}
  return true
end
"""
COPY = """local found, at = {}, {}
for id, lsn in pairs(box.info.vclock) do
  if id ~= 0 then table.insert(at, id .. ':' .. tostring(lsn)) end
end
for _, name in ipairs{'objects', 'elements'} do
  for _, row in box.space[name]:pairs() do table.insert(found, row:totable()) end
end
for _, from in pairs(box.info.replication) do
  if from.upstream and from.upstream.status ~= 'follow' then error('its upstream is ' .. from.upstream.status) end
end
table.sort(at)
return {table.concat(at, ' '), found}
"""
AUDIT_SECONDS = 20.0
GREETING, SALT = 128, slice(64, 108)
KIND, SYNC, WORDS, FUNCTION, USER, DATA, ERROR = 0x00, 0x01, 0x21, 0x22, 0x23, 0x30, 0x31
CALL, AUTH, EVAL, EXPRESSION, FAILED = 0x0A, 0x07, 0x08, 0x27, 0x8000


class BinaryConnection(TcpConnection):
    """A connection of Tarantool's binary protocol, logged in where there is a user."""

    @classmethod
    async def connect(cls, address: str, port: int, access: Access = PLAIN) -> Self:
        """A new connection to a node that greets. ServerError if it refuses the user."""
        connection = await super().connect(address, port, access)
        async with connection.exchange(b"") as reader:
            greeting = await reader.readexactly(GREETING)
        if access.user:
            salt, secret = base64.b64decode(greeting[SALT])[:20], hashlib.sha1(access.password.encode()).digest()
            mask = hashlib.sha1(salt + hashlib.sha1(secret).digest()).digest()
            scramble = bytes(left ^ right for left, right in zip(secret, mask, strict=True))
            await connection.asked(AUTH, {USER: access.user, WORDS: ["chap-sha1", scramble]})
        return connection

    async def call(self, function: str, *words: str) -> Any:
        """The value that a function of ours returns. ServerError with the code if it fails."""
        return (await self.asked(CALL, {FUNCTION: f"splitbrain_{function}", WORDS: words}))[DATA][0]

    async def asked(self, kind: int, body: Mapping[int, Any]) -> Mapping[int, Any]:
        """The body of the answer to a request."""
        import msgpack

        request = msgpack.packb({KIND: kind, SYNC: next(self.numbers)}) + msgpack.packb(body)
        async with self.exchange(b"\xce" + struct.pack(">I", len(request)) + request) as reader:
            length = msgpack.unpackb(await reader.readexactly(5))
            frames = msgpack.Unpacker(strict_map_key=False)
            frames.feed(await reader.readexactly(length))
        head, *rest = frames
        answer: Mapping[int, Any] = rest[0] if rest else {}
        if head[KIND] & FAILED:
            raise ServerError(str(answer.get(ERROR, "")), head[KIND] & ~FAILED)
        return answer


class TarantoolClient(ServerClient):
    """One logical client: its node says who takes writes, and who answers reads is an option."""

    connection: Any

    async def open(self) -> None:
        port, access = self.server.port, self.server.access
        connection = await BinaryConnection.connect(self.address, port, access)
        if not self.server.endpoints:
            async with aclosing(connection):
                leader = await connection.call("leader")
            connection = await BinaryConnection.connect(leader, port, access)
        self.connection = connection

    async def setup(self) -> None:
        """Make spaces and functions on a node that exists; it must be the one that takes writes."""
        if self.server.endpoints:
            await self.connection.asked(EVAL, {EXPRESSION: self.server.schema, WORDS: []})

    async def read(self, operation: Operation) -> Outcome:
        if operation.key is None:
            return Outcome.ok(in_order(await self.connection.call("elements")))
        text = await self.connection.call("read", name_of(operation))
        return Outcome.ok(unpacked(text) if text else None)

    async def write(self, operation: Operation) -> Outcome:
        await self.connection.call("write", name_of(operation), packed(operation.value))
        return Outcome.ok(operation.value)

    async def cas(self, operation: Operation) -> Outcome:
        old, new = operation.value
        words = "" if old is None else packed(old), packed(new)
        if await self.connection.call("cas", name_of(operation), *words):
            return Outcome.ok(operation.value)
        return Outcome.fail(ErrorKind.PRECONDITION, "the comparison was false", operation.value)

    async def append(self, operation: Operation) -> Outcome:
        await self.connection.call("append", name_of(operation), packed(operation.value))
        return Outcome.ok(operation.value)

    async def add(self, operation: Operation) -> Outcome:
        """Add to the set without a key, which is a space; another one is kept as a list."""
        if operation.key is not None:
            return await self.append(operation)
        await self.connection.call("add", packed(operation.value))
        return Outcome.ok(operation.value)


class Tarantool(Server):
    """Tarantool with the given settings."""

    name, summary = (
        "tarantool",
        "Tarantool, synchronous and asynchronous spaces: real processes, containers, or one that exists",
    )
    software, port, schemes, library = SOFTWARE, 3301, ("tarantool", "tarantools"), "msgpack"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, TarantoolClient
    options = server_options(
        SOFTWARE,
        Option("space", "sync", "a change waits for most nodes, or for none (async)", ("sync", "async")),
        Option("wal", "fsync", "when the log is synced: at each change, or when the system likes", ("fsync", "write")),
    )

    claims_source = (
        "tarantool.io/en/doc/latest/concepts/replication/repl_sync: what is acknowledged is on most nodes; until then "
        "others see it, so that a read may be of what is rolled back"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("convergence",)

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        first, *_ = place.members.values()
        words = {
            "here": place.address,
            "folder": place.folder,
            "first": first,
            "wal": self.word("wal"),
            "quorum": len(place.members) // 2 + 1,
            "members": ", ".join(f"'{address}:3301'" for address in place.members.values()),
            "read_only": "false" if place.address == first else "true",
        }
        return {"node.lua": NODE.format(**words) + self.schema, "data/made": ""}

    @property
    def schema(self) -> str:
        """The spaces and functions, in Lua."""
        return SCHEMA.replace("SYNC", "true" if self.word("space") == "sync" else "false")

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        return [program.path, str(place.folder / "node.lua")]

    async def ready(self, place: Place) -> bool:
        """Whether a node reads: the spaces have come."""
        async with aclosing(await BinaryConnection.connect(place.address, self.port)) as connection:
            return bool(await connection.call("read", "ready") == "")

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """Whether nodes hold the same rows at the same vector clock, once they follow each other."""

        async def copy(node: Node) -> tuple[str, str]:
            async with aclosing(await BinaryConnection.connect(node.address, self.port, self.access)) as connection:
                vclock, rows = (await connection.asked(EVAL, {EXPRESSION: COPY, WORDS: []}))[DATA][0]
            return vclock, repr(rows)

        return await same_data("replicas", nodes, copy, AUDIT_SECONDS)

    async def role(self, node: Node) -> str:
        async with aclosing(await BinaryConnection.connect(node.address, self.port, self.access)) as connection:
            return "leader" if await connection.call("leader") == node.address else "follower"
