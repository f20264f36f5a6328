"""Memcached as a system under test: one cache; further nodes pass connections on to it.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is an item of JSON text, replaced by its `cas` number; that is the `revision`.
"""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.options import Option
from splitbrain.targets.forward import forwarded
from splitbrain.targets.memcached_errors import ERRORS
from splitbrain.targets.objects import NamedTexts
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import DebianTree
from splitbrain.targets.pointless import NOTHING_ON_DISK
from splitbrain.targets.servers.client import ANY
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath
from splitbrain.targets.servers.tcp import TcpConnection

told = says_version(r"memcached (\S+)")
SOFTWARE = Software(
    name="Memcached",
    sources=(OnPath("memcached", told), DebianTree(("memcached",), "usr/bin/memcached", version="1.6.18")),
    described="that of the memcached on the PATH, or of this system's Debian",
    told=told,
    preferred=("1.6.18",),
    advice=lambda version: "apt install memcached, or name a server with memcached:binary=PATH",
)
PREFIX = "splitbrain:"
UNCHANGED = {b"NOT_STORED", b"EXISTS", b"NOT_FOUND"}


class MemcachedClient(NamedTexts):
    """One logical client."""

    errors = ERRORS

    async def open(self) -> None:
        access = self.server.access
        self.connection = await TcpConnection.connect(self.address, self.server.port, access)
        if access.user:  # protocol.txt, "Authentication": the first set, whatever its key
            data = f"{access.user} {access.password}".encode()
            said = await self._said(b"set user 0 0 %d\r\n%s\r\n" % (len(data), data))
            if said != b"STORED":
                raise ServerError(said.decode(errors="replace"))
        await self._said(b"version\r\n")

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of the object's item, and its number."""
        async with self.connection.exchange(f"gets {_name(operation)}\r\n".encode()) as reader:
            first = (await reader.readuntil(b"\r\n")).split()
            if first == [b"END"]:
                return None, None
            if first[0] == b"VALUE":
                text = await reader.readexactly(int(first[3]) + 2)
                await reader.readuntil(b"END\r\n")
        if first[0] != b"VALUE":  # raised in the exchange it would break the connection
            raise ServerError(b" ".join(first).decode())
        return text[:-2].decode(), int(first[4])

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: the item's number."""
        verb = "set" if version is ANY else "add" if version is None else "cas"
        number = f" {version}" if verb == "cas" else ""
        data = text.encode()
        said = await self._said(f"{verb} {_name(operation)} 0 0 {len(data)}{number}\r\n".encode() + data + b"\r\n")
        if said in UNCHANGED:
            return None
        if said != b"STORED":
            raise ServerError(said.decode(errors="replace"))
        return Outcome.ok(operation.value)

    async def _said(self, request: bytes) -> bytes:
        async with self.connection.exchange(request) as reader:
            line: bytes = await reader.readuntil(b"\r\n")
        return line[:-2]


class Memcached(Server):
    """Memcached with the given settings."""

    name, summary = "memcached", "Memcached, a cache: one real process, container, or a server that exists"
    software, port, schemes = SOFTWARE, 11211, ("memcached", "memcacheds")
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, MemcachedClient
    one_copy = one_server = True
    pointless = NOTHING_ON_DISK
    options = server_options(SOFTWARE, Option("memory_mb", 64, "what it keeps at most; then it forgets", least=1))

    claims_source = "github.com/memcached/memcached/wiki/Overview: a cache, which forgets; while it lives, one copy"

    @property
    def claims(self) -> Sequence[str]:
        """Nothing: see `claims_source`."""
        return ()

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        own = [program.path, "-u", "root", "-l", place.address, "-p", str(self.port), "-m", self.word("memory_mb")]
        return forwarded(place, self.port) or own

    async def ready(self, place: Place) -> bool:
        connection = await TcpConnection.connect(place.address, self.port)
        async with aclosing(connection), connection.exchange(b"version\r\n") as reader:
            return (await reader.readuntil(b"\r\n")).startswith(b"VERSION")


def _name(operation: Operation) -> str:
    return f"{PREFIX}{'' if operation.key is None else operation.key}"
