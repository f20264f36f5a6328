"""Command lines of Cassandra's Java programs: the flags its modules need on Java 17, and those of a quick test node.

Without the exports and openings below it ends at its start, with a sentence about a hidden class.
"""

from collections.abc import Sequence

from splitbrain.harness.deployment import Place
from splitbrain.targets.servers.jvm import java_command
from splitbrain.targets.servers.server import ServerProgram

DAEMON = "org.apache.cassandra.service.CassandraDaemon"
NODETOOL = "org.apache.cassandra.tools.NodeTool"
TOOL_HEAP_MB = 96
JMX_PORT = 7199
"""Open on the loopback of a node's own network, for `nodetool`."""
RING_DELAY_MS = 2000
"""How long a node takes the ring to change; Cassandra's default is 30 s."""

EXPORTED = {
    "java.base": "jdk.internal.misc jdk.internal.ref sun.nio.ch java.lang.ref java.lang.reflect",
    "java.management.rmi": "com.sun.jmx.remote.internal.rmi",
    "java.rmi": "sun.rmi.registry sun.rmi.server sun.rmi.transport.tcp",
    "java.sql": "java.sql",
    "jdk.unsupported": "sun.misc",
    "jdk.compiler": "com.sun.tools.javac.file",
}
OPENED = {
    "java.base": "java.io java.lang java.lang.module java.lang.reflect java.math java.net java.nio java.util"
    " java.util.concurrent java.util.concurrent.atomic jdk.internal.loader jdk.internal.math jdk.internal.module"
    " jdk.internal.ref jdk.internal.reflect jdk.internal.util.jar sun.nio.ch",
    "jdk.management": "com.sun.management.internal",
}

AFTER_CLEANING = 'find "$1" -name "CommitLog-*.log" -size 0 -delete 2>/dev/null; shift; exec "$@"'
"""A node that is killed while it starts leaves a segment of its commit log without even a header; killed so twice, it
refuses to start again, for only the last segment may be unreadable. It is for its supervisor to remove empty ones."""


def modules() -> list[str]:
    """The flags that open Java's modules to it."""
    return [
        f"--add-{word}={module}/{package}=ALL-UNNAMED"
        for word, whole in (("exports", EXPORTED), ("opens", OPENED))
        for module, packages in whole.items()
        for package in packages.split()
    ]


def daemon(program: ServerProgram, place: Place, heap_mb: int) -> Sequence[str]:
    """The command line of a node whose folder has the files `conf/cassandra.yaml`, `conf/logback.xml` and
    `conf/cassandra-rackdc.properties`."""
    folder, conf = place.folder, place.folder / "conf"
    properties = {
        "cassandra.config": f"file://{conf}/cassandra.yaml",
        "cassandra-rackdc.properties": f"file://{conf}/cassandra-rackdc.properties",
        "logback.configurationFile": conf / "logback.xml",
        "cassandra.storagedir": folder / "data",
        "cassandra-foreground": "yes",
        "cassandra.jmx.local.port": JMX_PORT,
        "cassandra.ring_delay_ms": RING_DELAY_MS,
        "cassandra.skip_wait_for_gossip_to_settle": 0,
        "cassandra.consistent.rangemovement": "false",
        "cassandra.system_distributed.default_rf": len(place.members),
        "java.io.tmpdir": folder,
        "jdk.attach.allowAttachSelf": "true",
        "io.netty.tryReflectionSetAccessible": "true",
    }
    cleaning = ("sh", "-c", AFTER_CLEANING, "cassandra", str(folder / "data" / "commitlog"))
    return [*cleaning, *java_command(*program, heap_mb, properties, DAEMON, flags=modules())]


def nodetool(program: ServerProgram, place: Place, *words: str) -> Sequence[str]:
    """The command line of Cassandra's own tool for administrators, to be run beside a node, where JMX listens."""
    logback = place.folder / "conf" / "logback.xml"
    properties = {"logback.configurationFile": logback, "java.io.tmpdir": place.folder, "user.home": place.folder}
    words = ("--host=127.0.0.1", f"--port={JMX_PORT}", *words)
    return java_command(*program, TOOL_HEAP_MB, properties, NODETOOL, *words, flags=modules())
