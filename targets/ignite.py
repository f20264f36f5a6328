"""Ignite as a system under test: caches in memory, whose entries have a primary and backups on other nodes.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is an entry of JSON text, which is replaced if it equals what was read. The set is of entries of their own, found
by a scan; another one is kept as a list. A client speaks Ignite's thin protocol to its node alone, which passes
requests on to the primary.

Pitfall: where a primary goes away, its node tries again by itself (GridCacheAdapter.syncOp, up to 100 times), so that a
comparison which was false may have been with what its first try put.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Self

from splitbrain.harness.deployment import Place
from splitbrain.harness.options import Option
from splitbrain.targets.ignite_errors import ERRORS
from splitbrain.targets.objects import ComparedTexts, NamedElements
from splitbrain.targets.operations import shapes
from splitbrain.targets.pointless import NOTHING_ON_DISK
from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.jvm import heap_option, java_command, module_flags
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven
from splitbrain.targets.servers.tcp import TcpConnection

THIN_PORT = 10800
VERSION = "2.17.0"
ALSO = (f"org.apache.ignite:ignite-spring:{VERSION}", f"org.apache.ignite:ignite-indexing:{VERSION}")
PINNED = {VERSION: "sha256:db892ec56cd0cc90a40dc7f079b43dff0a7782b078341ca12f366f766bac8732"}
SOFTWARE = Software(
    name="Ignite",
    sources=(Maven("org.apache.ignite:ignite-core", "about 30 files, 27 MB", ALSO, version=VERSION, pinned=PINNED),),
    described=VERSION,
    told=lambda jars: jar_version("ignite-core", jars),
    preferred=(VERSION,),
    releases=VERSION.replace(".", r"\."),
)
CACHE = "splitbrain"
CACHE_ID = -337_113_060
"""The hash of the cache's name in Java."""
BEAN, SPI = "org.apache.ignite.configuration", "org.apache.ignite.spi.discovery.tcp"
CONFIGURATION = f"""<?xml version="1.0" encoding="UTF-8"?>
<beans xmlns="http://www.springframework.org/schema/beans" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.springframework.org/schema/beans
 http://www.springframework.org/schema/beans/spring-beans.xsd">
<bean class="{BEAN}.IgniteConfiguration">
 <property name="igniteInstanceName" value="{{name}}"/><property name="consistentId" value="{{name}}"/>
 <property name="workDirectory" value="{{folder}}/work"/><property name="localHost" value="{{here}}"/>
 <property name="metricsLogFrequency" value="0"/><property name="failureDetectionTimeout" value="3000"/>
 <property name="publicThreadPoolSize" value="4"/><property name="systemThreadPoolSize" value="4"/>
 <property name="dataStorageConfiguration"><bean class="{BEAN}.DataStorageConfiguration">
  <property name="defaultDataRegionConfiguration"><bean class="{BEAN}.DataRegionConfiguration">
   <property name="initialSize" value="33554432"/><property name="maxSize" value="67108864"/></bean></property>
  </bean></property>
 <property name="cacheConfiguration"><list><bean class="{BEAN}.CacheConfiguration">
  <property name="name" value="{CACHE}"/><property name="backups" value="{{backups}}"/>
  <property name="atomicityMode" value="{{atomicity}}"/>
  <property name="writeSynchronizationMode" value="{{sync}}"/>
  <property name="readFromBackup" value="{{from_backup}}"/></bean></list></property>
 <property name="discoverySpi"><bean class="{SPI}.TcpDiscoverySpi"><property name="ipFinder">
  <bean class="{SPI}.ipfinder.vm.TcpDiscoveryVmIpFinder">
   <property name="addresses"><list>{{addresses}}</list></property></bean></property></bean></property>
</bean></beans>
"""
OPENED = {
    "java.base": "java.io java.lang java.lang.invoke java.lang.reflect java.math java.net java.nio java.text java.time"
    " java.util java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks jdk.internal.access"
    " jdk.internal.misc sun.nio.ch sun.reflect.generics.reflectiveObjects sun.security.x509 sun.util.calendar",
    "java.management": "sun.management",
    "jdk.management": "com.sun.management.internal",
}
MAIN = "org.apache.ignite.startup.cmdline.CommandLineStartup"
GET, PUT, PUT_IF_ABSENT, REPLACE_IF_EQUALS, SCAN, SCAN_MORE = 1000, 1001, 1002, 1010, 2000, 2001
SCAN_ALL = struct.pack("<BiiB", 101, 1024, -1, 0)
"""No filter, so many entries a page, of all partitions and nodes."""
TEXT, NULL = 9, 101
ELEMENT = "e"
HELLO = struct.pack("<BhhhB", 1, 1, 2, 0, 2)
"""A handshake of version 1.2.0 as a thin client."""


class ThinConnection(TcpConnection):
    """A connection of the thin protocol, logged in where there is a user."""

    @classmethod
    async def connect(cls, address: str, port: int, access: Access = PLAIN) -> Self:
        """A new connection to a node that answers. ServerError if it refuses the version or the user."""
        connection = await super().connect(address, port, access)
        user = text_object(access.user) + text_object(access.password) if access.user else b""
        answer = await connection._framed(HELLO + user)
        if answer[0] != 1:
            raise ServerError(f"the handshake was refused: {answer[1:200]!r}", 2000)
        return connection

    async def ask(self, code: int, *texts: str) -> bytes:
        """The answer to an operation on the cache, without its head. ServerError with the status if it failed."""
        return await self._answered(code, struct.pack("<iB", CACHE_ID, 0) + b"".join(map(text_object, texts)))

    async def entries(self) -> Mapping[str, str]:
        """All entries of the cache. ServerError if some could not be had."""
        answer = await self._answered(SCAN, struct.pack("<iB", CACHE_ID, 0) + SCAN_ALL)
        cursor, page = answer[:8], answer[8:]
        found = texts_of(page)
        while page[-1]:
            page = await self._answered(SCAN_MORE, cursor)
            found += texts_of(page)
        return dict(zip(found[::2], found[1::2], strict=True))

    async def _answered(self, code: int, body: bytes) -> bytes:
        answer = await self._framed(struct.pack("<hq", code, next(self.numbers)) + body)
        status = int.from_bytes(answer[8:12], "little")
        if status:
            raise ServerError(text_of(answer[12:]) or f"status {status}", status)
        return answer[12:]

    async def _framed(self, body: bytes) -> bytes:
        async with self.exchange(struct.pack("<i", len(body)) + body) as reader:
            return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "little"))


def text_object(text: str) -> bytes:
    """A text as an object of the protocol."""
    data = text.encode()
    return struct.pack("<Bi", TEXT, len(data)) + data


def text_of(data: bytes) -> str | None:
    """The text of an object; None if it is null."""
    if data[0] == NULL:
        return None
    return data[5 : 5 + int.from_bytes(data[1:5], "little")].decode()


def texts_of(page: bytes) -> list[str]:
    """Keys and values in turn, of a page of a scan."""
    found, rest = [], page[4:-1]
    while rest:
        end = 5 + int.from_bytes(rest[1:5], "little")
        found.append(rest[5:end].decode())
        rest = rest[end:]
    return found


class IgniteClient(NamedElements, ComparedTexts):
    """One logical client."""

    errors = ERRORS

    async def open(self) -> None:
        self.connection = await ThinConnection.connect(self.address, self.server.port, self.server.access)

    async def get(self, name: str) -> str | None:
        return text_of(await self.connection.ask(GET, name))

    async def put(self, name: str, text: str) -> None:
        await self.connection.ask(PUT, name, text)

    async def create(self, name: str, text: str) -> bool:
        return bool((await self.connection.ask(PUT_IF_ABSENT, name, text))[0])

    async def exchange(self, name: str, old: str, new: str) -> bool:
        return bool((await self.connection.ask(REPLACE_IF_EQUALS, name, old, new))[0])

    async def elements(self) -> Iterable[str]:
        """See `NamedElements`: what a scan finds."""
        return [text for name, text in (await self.connection.entries()).items() if name.startswith(ELEMENT)]

    async def put_element(self, text: str) -> None:
        """See `NamedElements`."""
        await self.connection.ask(PUT, ELEMENT + text, text)


class Ignite(Server):
    """Ignite with the given settings."""

    name, summary = "ignite", "Ignite, a cache in memory with backups: real processes, containers, or a cluster"
    software, port, schemes, java = SOFTWARE, THIN_PORT, ("ignite", "ignites"), True
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, IgniteClient
    ready_seconds, recovery_seconds, pointless = 90.0, 10.0, NOTHING_ON_DISK
    options = server_options(
        SOFTWARE,
        Option("atomicity", "transactional", "of the cache", ("transactional", "atomic")),
        Option("backups", 2, "copies of an entry beside its primary"),
        Option("sync", "full", "who has a change when it is acknowledged: all copies, or the primary",
            ("full", "primary")),
        Option("reads", "primary", "who answers: the primary, or a backup that the node of the client has",
            ("primary", "backup")),
        heap_option(192),
    )  # fmt: skip

    claims_source = (
        'ignite.apache.org/docs, "Cache synchronization" and "Partition loss policies": copies are in step while the '
        "network is whole; they are in memory alone, and both sides of a split go on"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ()

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        words = {
            "name": place.name,
            "folder": place.folder,
            "here": place.address,
            "backups": self.word("backups"),
            "atomicity": self.word("atomicity").upper(),
            "sync": "FULL_SYNC" if self.word("sync") == "full" else "PRIMARY_SYNC",
            "from_backup": "true" if self.word("reads") == "backup" else "false",
            "addresses": "".join(f"<value>{address}:47500</value>" for address in place.members.values()),
        }
        return {"ignite.xml": CONFIGURATION.format(**words)}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        properties = {"IGNITE_UPDATE_NOTIFIER": "false", "IGNITE_QUIET": "true", "java.net.preferIPv4Stack": "true"}
        heap, conf = self.number("heap_mb"), f"{place.folder}/ignite.xml"
        return java_command(*program, place.folder, heap, properties, MAIN, conf, flags=module_flags(OPENED, {}))

    async def ready(self, place: Place) -> bool:
        """Whether a node reads: it has recovered, and joined the others."""
        async with aclosing(await ThinConnection.connect(place.address, THIN_PORT)) as connection:
            return text_of(await connection.ask(GET, "ready")) is None
