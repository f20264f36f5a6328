"""How does a member of etcd come to be in a container? From an image built here that holds the server alone.

The trap: Debian's server is linked dynamically and wants its loader and libraries at their places, so they come along.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from splitbrain.harness.deployment import BuiltImage, Container
from splitbrain.harness.options import Setting
from splitbrain.targets.etcd import members
from splitbrain.targets.etcd.binaries import checksum

INSIDE = "usr/local/bin/etcd"
"""Where etcd's own images have the server, too."""


def as_container(
    binary: Callable[[], Path], image: str, settings: Mapping[str, Setting], upgraded: Container | None = None
) -> Container:
    """The deployment of members as containers. image: the name of one that holds etcd on its PATH; empty: built from
    the binary, which is asked for when it is needed."""
    return Container(
        image=image or BuiltImage(f"splitbrain/etcd:{settings['version']}", _contents(binary), _filler(binary)),
        command=lambda place: members.command("etcd", place, settings),
        upgraded=upgraded,
        **members.common(),
    )


def _contents(binary: Callable[[], Path]) -> Callable[[], str]:
    return lambda: f"etcd {checksum(binary())}"


def _filler(binary: Callable[[], Path]) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        server = binary()
        for source, name in ((server, INSIDE), *((library, str(library)[1:]) for library in libraries(server))):
            goal = folder / name
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, goal)
        (folder / INSIDE).chmod(0o755)

    return fill


def libraries(program: Path) -> Sequence[Path]:
    """The loader and the shared libraries of a program, by absolute name; none if it is static."""
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    if told.returncode != 0:
        return ()
    return [Path(name) for name in re.findall(r"(?:=> |^\s*)(/\S+) \(", told.stdout, re.MULTILINE)]
