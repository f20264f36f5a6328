"""Hazelcast as a system under test: references that the CP subsystem replicates by Raft, or a map with backups.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is JSON text, which is replaced if it equals what was read; a set is kept as a list. A client speaks to its
member alone, which passes requests on.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.hazelcast_errors import ERRORS
from splitbrain.targets.objects import ComparedTexts
from splitbrain.targets.operations import shapes
from splitbrain.targets.pointless import NOTHING_ON_DISK
from splitbrain.targets.servers.access import CONNECT_SECONDS
from splitbrain.targets.servers.agreement import settled
from splitbrain.targets.servers.driver import SharedSessions, called_back, on_thread
from splitbrain.targets.servers.jvm import heap_option, java_command, module_flags
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven
from splitbrain.targets.sharing import SharingClient

VERSION = "5.3.8"
PINNED = {VERSION: "sha256:c26e7a0af87197661f1f241e753d7f1e0a5264c4b6f3a191077c7083118bceac"}
SOFTWARE = Software(
    name="Hazelcast",
    sources=(Maven("com.hazelcast:hazelcast", "one file, 16 MB", version=VERSION, pinned=PINNED),),
    described=f"{VERSION}; later ones have no CP subsystem in the open edition",
    told=lambda jars: jar_version("hazelcast", jars),
    preferred=(VERSION,),
    releases=r"5\.3\.\d+",
)
CONFIGURATION = """hazelcast:
  cluster-name: splitbrain
  network:
    public-address: {here}:5701
    port: {{port: 5701, auto-increment: false}}
    interfaces: {{enabled: true, interfaces: [{here}]}}
    join:
      auto-detection: {{enabled: false}}
      multicast: {{enabled: false}}
      tcp-ip: {{enabled: true, member-list: [{members}]}}
  cp-subsystem:
    cp-member-count: {cp_members}
    fail-on-indeterminate-operation-state: true
    session-time-to-live-seconds: 10
    session-heartbeat-interval-seconds: 2
  map: {{default: {{backup-count: {backups}}}}}
  properties:
    hazelcast.phone.home.enabled: false
    hazelcast.max.no.heartbeat.seconds: 5
    hazelcast.heartbeat.interval.seconds: 1
    hazelcast.merge.first.run.delay.seconds: 5
    hazelcast.merge.next.run.delay.seconds: 3
    hazelcast.logging.type: jdk
"""
OPENED = {
    "java.base": "java.lang java.util sun.nio.ch",
    "java.management": "sun.management",
    "jdk.management": "com.sun.management.internal",
}
FLAGS = module_flags(OPENED, {"java.base": "jdk.internal.ref"})
MAIN = "com.hazelcast.core.server.HazelcastMemberStarter"
NAME = "splitbrain"
LOOK_SECONDS = 3.0
CP_MEMBERS_MIN = 3
REFERENCES = "hz:raft:atomicRefService"


class HazelcastSession:
    """A driver that speaks to one member, and makes no try of its own but the first."""

    def __init__(self, driver: Any, *, entries: bool) -> None:
        self.driver = driver
        self.map = driver.get_map(NAME) if entries else None
        self.group: Any = None

    async def asked(self, name: str, request: str, *words: str | None) -> Any:
        """The answer to a request, a method of the driver's map, or of its reference of this name."""
        if self.map:
            return await self.answered(getattr(self.map, request)(name, *words))
        return await self.answered(getattr(await self.reference(name), request)(*words))

    async def answered(self, asked: Any) -> Any:
        """The value of the driver's own future."""

        def start(settle: Callable[[Any], None], fail: Callable[[Exception], None]) -> None:
            asked.add_done_callback(lambda done: settle(done.result()) if done.is_success() else fail(done.exception()))

        return await called_back(start)

    @property
    def broken(self) -> bool:
        """Whether the member is gone: the driver ends then, and connects to no other."""
        return not self.driver.lifecycle_service.is_running()

    async def reference(self, name: str) -> Any:
        """A reference of the CP subsystem; the group that has it is asked for once."""
        from hazelcast.invocation import Invocation
        from hazelcast.protocol.codec import cp_group_create_cp_group_codec as codec
        from hazelcast.proxy.cp.atomic_reference import AtomicReference

        context = self.driver.cp_subsystem._proxy_manager._context
        if self.group is None:
            asked = Invocation(codec.encode_request(name), response_handler=codec.decode_response)
            context.invocation_service.invoke(asked)
            self.group = await self.answered(asked.future)
        return AtomicReference(context, self.group, REFERENCES, name, name)

    async def answers(self) -> bool:
        """Whether an object can be read."""
        try:
            await self.asked("ready", "get")
        except Exception as error:
            if not ERRORS.knows(error):
                raise
            return False
        return True

    async def close(self) -> None:
        """Disconnect."""
        await on_thread(self.driver.shutdown)


class HazelcastClient(SharingClient, ComparedTexts):
    """One logical client. A member tries again what was asked of a map."""

    errors = ERRORS

    @property
    def tries_again(self) -> bool:
        """Whether it is a map: the CP subsystem says where it does not know the end."""
        return bool(self.server.word("objects") == "map")

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation, on a new session if the one before ended."""
        if self.connection is None or self.connection.broken:
            await self.close()
            await self.open()
        return await super().invoke(operation)

    async def setup(self) -> None:
        """Look at an object, which the CP subsystem answers when all its members have found each other."""
        if not await self.connection.answers():
            raise ConnectionRefusedError("the member does not answer yet")

    async def get(self, name: str) -> str | None:
        text: str | None = await self.connection.asked(name, "get")
        return text

    async def put(self, name: str, text: str) -> None:
        await self.connection.asked(name, "set", text)

    async def create(self, name: str, text: str) -> bool:
        if self.connection.map:
            return await self.connection.asked(name, "put_if_absent", text) is None
        return bool(await self.connection.asked(name, "compare_and_set", None, text))

    async def exchange(self, name: str, old: str, new: str) -> bool:
        request = "replace_if_same" if self.connection.map else "compare_and_set"
        return bool(await self.connection.asked(name, request, old, new))


class Hazelcast(Server):
    """Hazelcast with the given settings."""

    name, summary = (
        "hazelcast",
        "Hazelcast, CP subsystem and maps with backups: real processes, containers, or a cluster",
    )
    software, port, schemes, java, library = SOFTWARE, 5701, ("hazelcast", "hazelcasts"), True, "hazelcast"
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, HazelcastClient
    ready_seconds, recovery_seconds, pointless = 90.0, 20.0, NOTHING_ON_DISK
    options = server_options(
        SOFTWARE,
        Option("objects", "cp", "references of the CP subsystem, or entries of a map", ("cp", "map")),
        Option("backups", 1, "copies of a map's entry beside its primary", most=6),
        heap_option(192),
    )

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self.sessions = SharedSessions(self.connect)

    claims_source = (
        'docs.hazelcast.com/hazelcast/5.3, "CP Subsystem": linearizable; "Consistency and replication model": a map is '
        "of best effort, and where the cluster parts both sides go on"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("linearizable", "CP") if self.word("objects") == "cp" else ("convergence",)

    def connect(self, address: str) -> HazelcastSession:
        """A session with a member; blocks. ConnectionRefusedError if there is none."""
        import hazelcast

        logging.getLogger("hazelcast").setLevel(logging.CRITICAL)  # what it would say stands in the history
        host, port, secure = self.access.host_and_port(address, self.port)
        words: dict[str, Any] = {"ssl_enabled": True, "ssl_cafile": self.word("ca") or None} if secure else {}
        if self.access.user:
            words |= {"creds_username": self.access.user, "creds_password": self.access.password}
        try:
            driver = hazelcast.HazelcastClient(
                cluster_name=NAME,
                cluster_members=[f"{host}:{port}"],
                smart_routing=False,
                redo_operation=False,
                cluster_connect_timeout=CONNECT_SECONDS,
                connection_timeout=CONNECT_SECONDS,
                invocation_timeout=0.001,  # what fails after that is not tried again
                reconnect_mode="OFF",
                statistics_enabled=False,
                **words,
            )
            return HazelcastSession(driver, entries=self.word("objects") == "map")
        except (OSError, hazelcast.errors.HazelcastError) as error:
            raise ConnectionRefusedError(f"no session with the member: {error}") from error

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`: with fewer the CP subsystem replicates nothing and promises nothing."""
        return {"objects=cp": CP_MEMBERS_MIN} if self.word("objects") == "cp" else {}

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        replicated = self.word("objects") == "cp"
        words = {
            "here": place.address,
            "members": ", ".join(place.members.values()),
            "cp_members": len(place.members) if replicated else 0,
            "backups": self.word("backups"),
        }
        return {"hazelcast.yaml": CONFIGURATION.format(**words)}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        properties = {"hazelcast.config": place.folder / "hazelcast.yaml", "java.net.preferIPv4Stack": "true"}
        heap = self.number("heap_mb")
        return java_command(*program, place.folder, heap, properties, MAIN, flags=FLAGS)

    async def ready(self, place: Place) -> bool:
        """Whether a member takes clients."""
        return await self._serves(place.address)

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Wait until all members answer again: one of a smaller side starts anew when the sides meet."""
        await settled(nodes, lambda node: self._serves(node.address, look=True))

    async def _serves(self, address: str, *, look: bool = False) -> bool:
        session: HazelcastSession = await on_thread(self.connect, address)
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return not look or await session.answers()
        finally:
            await session.close()
