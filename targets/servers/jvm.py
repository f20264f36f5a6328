"""Java: where it is, and the flags of its programs."""

import functools
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.options import Option

JVM_FLAGS = ("-XX:+ExitOnOutOfMemoryError", "-XX:+ErrorFileToStderr")
JVM_SMALL_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""Little memory, few threads, a quick start, and no file left in /tmp."""
RELEASE = 17
PACKAGE = f"openjdk-{RELEASE}-jre-headless"

LOGBACK = """<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level [%thread] %d{yyyy-MM-dd'T'HH:mm:ss.SSS, UTC} %logger{0} - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
"""
"""Logback's configuration: what a server logs goes to its output."""


def heap_option(default: int, whose: str = "a node") -> Option:
    """The option `heap_mb` of a server. With less than its least value none starts, and with 0 not even Java does."""
    return Option("heap_mb", default, f"the Java heap of {whose}, at most", least=64)


def java_command(
    java: str,
    classpath: str,
    folder: Path,
    heap_mb: int,
    properties: Mapping[str, object],
    main: str,
    *words: str,
    flags: Sequence[str] = (),
) -> list[str]:
    """The command line of a Java program. folder: for temporary files, with `logback.xml`. properties: `-D`."""
    heap = (f"-Xms{heap_mb}m", f"-Xmx{heap_mb}m")
    there = {"logback.configurationFile": folder / "logback.xml", "java.io.tmpdir": folder}
    defined = (f"-D{name}={value}" for name, value in {**properties, **there}.items())
    return [java, *heap, *JVM_FLAGS, *JVM_SMALL_FLAGS, *flags, *defined, "-cp", classpath, main, *words]


def module_flags(opened: Mapping[str, str], exported: Mapping[str, str]) -> list[str]:
    """The flags that open Java's modules to a program, and export them: packages by their module, a blank between."""
    return [
        f"--add-{word}={module}/{package}=ALL-UNNAMED"
        for word, whole in (("exports", exported), ("opens", opened))
        for module, packages in whole.items()
        for package in packages.split()
    ]


@functools.cache
def found_java(server: str) -> str:
    """The Java of this machine, of the release that servers run on. InfrastructureError names what to install."""
    path = shutil.which("java")
    advice = f"install Java {RELEASE} (Debian, Ubuntu: apt install {PACKAGE}), or use --env docker"
    if path is None:
        raise InfrastructureError(f"{server} needs java, which was not found: {advice}")
    told = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) != RELEASE:
        came = told.splitlines()[0] if told else "nothing"
        raise InfrastructureError(f"{server} needs Java {RELEASE}, but {path} says {came!r}: {advice}")
    return path
