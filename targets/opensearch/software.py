"""OpenSearch's jars by release, the Java that they run on, and the class that starts a node."""

import functools
import os
import re
import shutil
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven

VERSION, LATER = "2.19.6", "3.9.0"
LOG4J = {VERSION: "2.25.4", LATER: "2.25.5"}
PINNED = {
    VERSION: "sha256:a8776d22051b7679bf1b925841fd29265353f945ac5428c15dd977f3ed4f895e",
    LATER: "sha256:c0b41abc95f28a665bd28396b414fe11c25138b8a6ec6e6930a438fab0b9e47a",
}


class ReleaseJars(Maven):
    """The jars of one release, as others are of other releases."""

    def provides(self, version: str) -> bool:
        return version == self.version


def jars(version: str, size: str) -> ReleaseJars:
    """The jars of a release."""
    also = (
        f"org.opensearch:opensearch-plugin-classloader:{version}",
        f"org.opensearch.plugin:transport-netty4-client:{version}",
        f"org.apache.logging.log4j:log4j-core:{LOG4J[version]}",
    )
    return ReleaseJars("org.opensearch:opensearch", size, also, version=version, pinned=PINNED)


SOFTWARE = Software(
    name="OpenSearch",
    sources=(jars(VERSION, "about 55 files, 45 MB"), jars(LATER, "about 70 files, 60 MB")),
    described=f"{VERSION}, or {LATER}, which needs Java 21 or newer",
    told=lambda folder: jar_version("opensearch", folder),
    preferred=(VERSION,),
    releases="|".join(map(re.escape, (VERSION, LATER))),
)
JAVA_LATER = 21
"""The release of Java that the later OpenSearch needs, or a newer one."""
INSTALLED = Path("/usr/lib/jvm")


# OpenSearch's own main refuses fewer file descriptors than an ordinary user has; this one starts the same node.
NODE = """import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;

public class OneNode extends Node {{
    OneNode(Environment environment) {{ super(environment, List.of({plugin}), false); }}

    public static void main(String[] words) throws Exception {{
        Path file = Path.of(words[0]);
        Settings told = Settings.builder().loadFromPath(file).build();
        new OneNode(InternalSettingsPreparer.prepareEnvironment(told, Map.of(), file.getParent(), () -> "n")).start();
        Thread.currentThread().join();
    }}
}}
"""
PLUGIN = "org.opensearch.transport.Netty4Plugin.class"
PLUGIN_LATER = """new org.opensearch.plugins.PluginInfo("netty", "netty", org.opensearch.Version.CURRENT.toString(),
        org.opensearch.Version.CURRENT, "21", org.opensearch.transport.Netty4ModulePlugin.class.getName(), null,
        List.of(), false)"""


def node_source(version: str) -> str:
    """The class that starts a node of a release."""
    return NODE.format(plugin=PLUGIN_LATER if version == LATER else PLUGIN)


@functools.cache
def newest_java(release: int) -> str:
    """The newest Java of JAVA_HOME, the PATH, and where Debian installs it. InfrastructureError if none is of this
    release or a newer one."""
    program = shutil.which("java")
    homes = [Path(os.environ.get("JAVA_HOME", "")), *([Path(program).resolve().parents[1]] if program else ())]
    number, path = max((java_release(home), home / "bin/java") for home in (*homes, *INSTALLED.glob("*")))
    if number < release:
        raise InfrastructureError(
            f"OpenSearch {LATER} needs Java {release} or newer, and none is in JAVA_HOME, on the PATH or in {INSTALLED}"
        )
    return str(path)


def java_release(home: Path) -> int:
    """The release of the Java in a folder; 0 if there is none."""
    told = (home / "release").read_text() if (home / "release").is_file() and (home / "bin/java").exists() else ""
    number = re.search(r'^JAVA_VERSION="(\d+)', told, re.MULTILINE)
    return int(number[1]) if number else 0
