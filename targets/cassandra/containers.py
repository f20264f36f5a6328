"""How does a node of Cassandra come to be in a container? From the official image where it is here or can be pulled,
else from one built here: a small Debian with Java, and the jars at the place where the official image has them."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from splitbrain.harness.deployment import BuiltImage, Container
from splitbrain.harness.options import Setting
from splitbrain.targets.cassandra import base, jars, java, members
from splitbrain.targets.cassandra.maintenance import admin_commands

LIB = "opt/cassandra/lib"
OFFICIAL = "cassandra"
BESIDE_HEAP_MB = 640
"""What a node may take beside its heap: direct buffers, compiled code, threads, mapped files."""


def as_container(settings: Mapping[str, Setting]) -> Container:
    """The deployment of nodes as containers."""
    heap = int(settings["heap_mb"] or 0)
    return Container(
        image=str(settings["image"]) or built(str(settings["version"])),
        command=lambda place: java.daemon("java", f"/{LIB}/*", place, heap),
        admin_commands=admin_commands(lambda: "java", lambda: f"/{LIB}/*"),
        memory_mb=heap + BESIDE_HEAP_MB,
        **members.common(settings),
    )


def built(version: str) -> BuiltImage:
    """The image with a version."""

    def contents() -> str:
        return f"Cassandra {version} {jars.checksum(jars.obtain(version))}, {java.PACKAGE} of Debian {base.SUITE}"

    def fill(folder: Path) -> None:
        base.lay_out(folder)
        shutil.copytree(jars.obtain(version), folder / LIB, ignore=shutil.ignore_patterns(jars.SUMS))

    return BuiltImage(f"splitbrain/cassandra:{version}", contents, fill, official=f"{OFFICIAL}:{version}")
