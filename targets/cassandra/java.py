"""How is Cassandra's Java program called? The flags its modules need on Java 17, and those that make a test node quick.

The trap: without the exports and openings below it ends at its start, with a sentence about a hidden class.
"""

import functools
import re
import shutil
import subprocess
from collections.abc import Sequence

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import InfrastructureError

DAEMON = "org.apache.cassandra.service.CassandraDaemon"
NODETOOL = "org.apache.cassandra.tools.NodeTool"
TOOL_HEAP_MB = 96
FRUGAL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""Little memory, few threads, a quick start, and no file left in /tmp."""
RELEASE = 17
PACKAGE = "openjdk-17-jre-headless"
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


def daemon(java: str, classpath: str, place: Place, heap_mb: int) -> Sequence[str]:
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
    return [
        *("sh", "-c", AFTER_CLEANING, "cassandra", str(folder / "data" / "commitlog")),
        java,
        f"-Xms{heap_mb}m",
        f"-Xmx{heap_mb}m",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:+ErrorFileToStderr",
        *FRUGAL,
        *modules(),
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        classpath,
        DAEMON,
    ]


def nodetool(java: str, classpath: str, place: Place, *words: str) -> Sequence[str]:
    """The command line of Cassandra's own tool for administrators, to be run beside a node, where JMX listens."""
    properties = {
        "logback.configurationFile": place.folder / "conf" / "logback.xml",
        "java.io.tmpdir": place.folder,
        "user.home": place.folder,
    }
    return [
        java,
        f"-Xmx{TOOL_HEAP_MB}m",
        *FRUGAL,
        *modules(),
        *(f"-D{name}={value}" for name, value in properties.items()),
        "-cp",
        classpath,
        NODETOOL,
        "--host=127.0.0.1",
        f"--port={JMX_PORT}",
        *words,
    ]


@functools.cache
def found() -> str:
    """This machine's Java, of the release that Cassandra runs on. InfrastructureError names what to install."""
    path = shutil.which("java")
    advice = f"install Java {RELEASE} (Debian, Ubuntu: apt install {PACKAGE}), or use --env docker"
    if path is None:
        raise InfrastructureError(f"Cassandra needs java, which was not found: {advice}")
    told = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) != RELEASE:
        came = told.splitlines()[0] if told else "nothing"
        raise InfrastructureError(f"Cassandra 5.0 needs Java {RELEASE}, but {path} says {came!r}: {advice}")
    return path
