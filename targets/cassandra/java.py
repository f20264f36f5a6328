"""How is Cassandra's Java program called? The flags its modules need on Java 17, and those that make a test node quick.

The trap: without the exports and openings below it ends at its start, with a sentence about a hidden class.
"""

from collections.abc import Sequence
from pathlib import Path

DAEMON = "org.apache.cassandra.service.CassandraDaemon"
JMX_PORT = 7199
"""Open on the loopback of a node's own network, for `maintenance`."""
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

LOGBACK = """<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level [%thread] %d{yyyy-MM-dd'T'HH:mm:ss.SSS, UTC} %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
"""
"""What it logs goes to its output."""


def modules() -> list[str]:
    """The flags that open Java's modules to it."""
    return [
        f"--add-{word}={module}/{package}=ALL-UNNAMED"
        for word, whole in (("exports", EXPORTED), ("opens", OPENED))
        for module, packages in whole.items()
        for package in packages.split()
    ]


def daemon(java: str, classpath: str, folder: Path, heap_mb: int) -> Sequence[str]:
    """The command line of a node whose files are in a folder: `conf/cassandra.yaml` and `conf/logback.xml`."""
    conf = folder / "conf"
    properties = {
        "cassandra.config": f"file://{conf}/cassandra.yaml",
        "logback.configurationFile": conf / "logback.xml",
        "cassandra.storagedir": folder / "data",
        "cassandra-foreground": "yes",
        "cassandra.jmx.local.port": JMX_PORT,
        "cassandra.ring_delay_ms": RING_DELAY_MS,
        "cassandra.skip_wait_for_gossip_to_settle": 0,
        "cassandra.consistent.rangemovement": "false",
        "java.io.tmpdir": folder,
        "jdk.attach.allowAttachSelf": "true",
        "io.netty.tryReflectionSetAccessible": "true",
    }
    return [
        java,
        f"-Xms{heap_mb}m",
        f"-Xmx{heap_mb}m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:+ErrorFileToStderr",
        "-XX:-UsePerfData",
        *modules(),
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        classpath,
        DAEMON,
    ]
