"""RabbitMQ as a system under test: quorum queues, which are replicated by Raft, or mirrored ones.

Operations, each on a queue K: enqueue (acknowledged when the broker confirms it), dequeue, drain. A client speaks to
its node alone, which passes messages on. What it took it acknowledges at once, and the protocol has no answer to that:
an element may come out again. One that was sent to a client which went away before is put back. Of queues that are
locks see `targets.rabbitmq_lock`.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from splitbrain.harness.client import Shape
from splitbrain.harness.deployment import Place
from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import DebianTree
from splitbrain.targets.rabbitmq_errors import ERRORS
from splitbrain.targets.rabbitmq_lock import LockQueues, QueueLock
from splitbrain.targets.servers.access import CONNECT_SECONDS, PLAIN, Access
from splitbrain.targets.servers.agreement import settled
from splitbrain.targets.servers.client import ServerClient, reading
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software
from splitbrain.targets.values import packed, unpacked

ERLANG = ("asn1", "base", "crypto", "eldap", "inets", "mnesia", "os-mon", "parsetools", "public-key", "runtime-tools")
MORE = ("ssl", "syntax-tools", "tools", "xmerl")
BROKER = "usr/lib/rabbitmq/lib"
SOFTWARE = Software(
    name="RabbitMQ",
    sources=(DebianTree(("rabbitmq-server", *(f"erlang-{one}" for one in ERLANG + MORE)), version="3.10.8"),),
    described="3.10.8, that of Debian 12's rabbitmq-server",
    told=lambda tree: next((path.name.rpartition("-")[2] for path in (tree / BROKER).glob("rabbitmq_server-*")), None),
    preferred=("3.10.8",),
    advice=lambda version: "run it on Debian 12 with apt-get, which fetches its packages and installs none",
)
CONFIGURATION = """listeners.tcp.1 = {here}:5672
loopback_users = none
log.console = true
log.console.level = warning
log.file = false
load_definitions = {folder}/definitions.json
cluster_partition_handling = {partitions}
cluster_formation.peer_discovery_backend = classic_config
{members}
"""
ADVANCED = "[{rabbit, [{quorum_tick_interval, 1000}]}]."
DEFINITIONS = {
    "users": [{"name": "guest", "password": "guest", "tags": ["administrator"]}],
    "vhosts": [{"name": "/"}],
    "permissions": [{"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
}
MIRRORED = {"vhost": "/", "name": "all", "pattern": ".*", "definition": {"ha-mode": "all", "ha-sync-mode": "automatic"}}
# Erlang's own start looks for its files where Debian installs them; and its port mapper has to outlive no node. After
# net_ticktime a silent node counts as down; the broker's configuration is read too late for it.
NODE = """set -eu
export ROOTDIR=$1/usr/lib/erlang HOME=$2 LANG=C.UTF-8 EMU=beam PROGNAME=erl
for BINDIR in $ROOTDIR/erts-*/bin; do export BINDIR; done
for RABBITMQ_HOME in $1/usr/lib/rabbitmq/lib/rabbitmq_server-*; do export RABBITMQ_HOME; done
export ERL_LIBS=$RABBITMQ_HOME/plugins RABBITMQ_PLUGINS_DIR=$RABBITMQ_HOME/plugins RABBITMQ_USE_LONGNAME=true
export RABBITMQ_NODENAME=rabbit@$3 RABBITMQ_CONFIG_FILE=$2/rabbitmq.conf RABBITMQ_CONF_ENV_FILE=$2/none
export RABBITMQ_ADVANCED_CONFIG_FILE=$2/advanced.config RABBITMQ_ENABLED_PLUGINS_FILE=$2/plugins
export RABBITMQ_MNESIA_BASE=$2/data RABBITMQ_LOG_BASE=$2 RABBITMQ_LOGS=- RABBITMQ_PID_FILE=$2/pid
export RABBITMQ_FEATURE_FLAGS_FILE=$2/flags RABBITMQ_GENERATED_CONFIG_DIR=$2/made
"$BINDIR/epmd" &
exec "$BINDIR/erlexec" -noinput -boot start_sasl -s rabbit boot -setcookie splitbrain -name "$RABBITMQ_NODENAME" \\
  +S 1:1 +sbwt none +W w -syslog logger '[]' -syslog syslog_error_logger false \\
  -kernel net_ticktime 5 -kernel prevent_overlapping_partitions false \\
  -kernel inet_dist_listen_min 25672 -kernel inet_dist_listen_max 25672
"""
LOCKING = ("acquire", "hold", "use", "release")
OPERATIONS = {**shapes("enqueue", "dequeue", *LOCKING), "drain": Shape("none", "[element, …]")}
QUIET_SECONDS, GET_SECONDS, FAREWELL_SECONDS = 2.0, 2.0, 0.5
"""A queue that has been empty for so long is drained: what was out with a client that went away is back. So long a
client waits for an element, and for a node to say that a connection is closed."""


class RabbitClient(ServerClient):
    """One logical client: a channel on a connection of its own."""

    channel: Any
    declared: set[str]

    def __init__(self, address: str, server: Any) -> None:
        super().__init__(address, server)
        self.arguments = {"x-queue-type": "quorum"} if server.word("queue") == "quorum" else {}
        self.offer(self, QueueLock(self))

    async def open(self) -> None:
        """Connect. ConnectionRefusedError if the node does not answer."""
        self.connection = await connected(self.address, self.server.port, self.server.access)
        self.channel, self.declared = await self.connection.channel(publisher_confirms=True), set()

    async def enqueue(self, operation: Operation) -> Outcome:
        """Put an element, and wait until the broker confirms that it has it."""
        from aiormq import spec

        name = await reading(self.named(operation), operation, ERRORS)
        if isinstance(name, Outcome):
            return name
        body, lasting = packed(operation.value).encode(), spec.Basic.Properties(delivery_mode=2)
        await self.channel.basic_publish(body, routing_key=name, properties=lasting, mandatory=True)
        return Outcome.ok(operation.value)

    async def dequeue(self, operation: Operation) -> Outcome:
        """Take an element. What came to no client in time goes back with the connection."""
        found = await reading(self.got(operation, once=True), operation, ERRORS)
        return found if isinstance(found, Outcome) else Outcome.ok(found[0] if found else None)

    async def drain(self, operation: Operation) -> Outcome:
        """Take elements until there has been none for a while, all or none."""
        found = await reading(self.got(operation, once=False), operation, ERRORS)
        return found if isinstance(found, Outcome) else Outcome.ok(tuple(found))

    async def got(self, operation: Operation, *, once: bool) -> Sequence[Any]:
        """One element or all, acknowledged when all are here; a failure gives them back with the connection."""
        found, loop = [], asyncio.get_running_loop()
        try:
            name, last = await self.named(operation), loop.time()
            while loop.time() < last + QUIET_SECONDS:
                async with asyncio.timeout(GET_SECONDS):
                    message = await self.channel.basic_get(name)
                if message.delivery_tag is not None:
                    found.append(unpacked(message.body))
                    tag, last = message.delivery_tag, loop.time()
                if once:
                    break
                if message.delivery_tag is None:
                    await asyncio.sleep(QUIET_SECONDS / 20)
            if found:
                await self.channel.basic_ack(tag, multiple=True, wait=False)
        except BaseException:
            await self.close()
            raise
        return found

    async def named(self, operation: Operation) -> str:
        """The name of the operation's queue, which is there, on a connection."""
        if self.connection is None:
            await self.open()
        name = f"splitbrain-{operation.key}"
        if name not in self.declared:
            await self.channel.queue_declare(name, durable=True, arguments=self.arguments)
            self.declared.add(name)
        return name

    async def teardown(self) -> None:
        """Delete the queues of locks, which are of this run alone."""
        for name in self.server.locks.names.values() if self.server.endpoints else ():
            await self.channel.queue_delete(name)

    async def close(self) -> None:
        """Disconnect, and wait for the node's farewell no longer than for an answer."""
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(connection.close(), FAREWELL_SECONDS)


async def connected(address: str, port: int, access: Access = PLAIN) -> Any:
    """A connection with a node that answers. ConnectionRefusedError if there is none: nothing was sent."""
    import aiormq

    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # a node that is not there is an outcome
    host, number, secure = access.host_and_port(address, port)
    user = f"{quote(access.user, safe='')}:{quote(access.password, safe='')}" if access.user else "guest:guest"
    url = f"amqp{'s' if secure else ''}://{user}@{host}:{number}/?heartbeat=0"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await aiormq.connect(url, context=access.context if secure else None)
    except (OSError, aiormq.exceptions.AMQPError) as error:
        raise ConnectionRefusedError(f"no connection: {error or type(error).__name__}") from error


class RabbitMQ(Server):
    """RabbitMQ with the given settings."""

    name, summary = "rabbitmq", "RabbitMQ, quorum queues and mirrored ones: real processes, containers, or a cluster"
    software, port, schemes, library, folder, tools = SOFTWARE, 5672, ("amqp", "amqps"), "aiormq", True, ("sh",)
    operations, errors, client_class = OPERATIONS, ERRORS, RabbitClient
    ready_seconds, recovery_seconds = 120.0, 20.0
    default_workload = "queue"
    options = server_options(
        SOFTWARE,
        Option("queue", "quorum", "of what kind: replicated by Raft, or by mirrors", ("quorum", "mirrored")),
        Option("partitions", "pause_minority", "cluster_partition_handling", ("pause_minority", "autoheal", "ignore")),
    )

    claims_source = (
        "rabbitmq.com/docs/quorum-queues: what is confirmed is on most nodes, and comes out at least once; of a "
        "mirrored queue it may be lost where nodes part. Of a queue as a lock nothing is promised: what is out with a "
        'connection that closes is put back (docs/confirms, "Automatic Requeueing"), whatever its client believes'
    )

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self.locks = LockQueues()

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        return ("at-least-once", "CP") if self.word("queue") == "quorum" else ()

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        members = (f"{number} = rabbit@{address}" for number, address in enumerate(place.members.values(), 1))
        words = {
            "here": place.address,
            "folder": place.folder,
            "partitions": self.word("partitions"),
            "members": "\n".join(f"cluster_formation.classic_config.nodes.{member}" for member in members),
        }
        policies = [MIRRORED] if self.word("queue") == "mirrored" else []
        return {
            "rabbitmq.conf": CONFIGURATION.format(**words),
            "advanced.config": ADVANCED,
            "definitions.json": json.dumps({**DEFINITIONS, "policies": policies}),
            "plugins": "[].",
            "node.sh": NODE,
        }

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        return ["sh", str(place.folder / "node.sh"), program.path, str(place.folder), place.address]

    async def ready(self, place: Place) -> bool:
        """Whether a node takes connections, which it does when it is of the cluster."""
        return await self._serves(place.address)

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Wait until all nodes take connections again."""
        await settled(nodes, lambda node: self._serves(node.address))

    async def _serves(self, address: str) -> bool:
        connection = await connected(address, self.port, self.access)
        await asyncio.wait_for(connection.close(), FAREWELL_SECONDS)
        return True
