"""How does a Java come into an image without a registry? With Debian packages: debootstrap lays out a small Debian that
has one, and what no server needs is taken out again.

The trap: debootstrap mounts /proc in the tree that it makes, and one that is killed leaves it there; so it has a mount
namespace of its own, and nothing of it outlives it.
"""

import os
import shutil
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.cassandra import java
from splitbrain.targets.cassandra.jars import Say, cache, on_stderr, patiently

SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
TOOLS = "/usr/sbin:/sbin"
"""Not on an ordinary user's PATH, yet debootstrap is there."""
NEEDLESS = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
)
ELSE = "or name an image that holds Cassandra, with cassandra:image=NAME"


def lay_out(folder: Path, say: Say = on_stderr) -> None:
    """A Debian with Java in an empty folder. InfrastructureError names what is missing."""
    for tool, package in (("debootstrap", "debootstrap"), ("unshare", "util-linux")):
        if shutil.which(tool, path=os.environ.get("PATH", "") + os.pathsep + TOOLS) is None:
            raise InfrastructureError(
                f"Cassandra's image is built with {tool}, which was not found: "
                f"install the package {package} (Debian, Ubuntu: apt install {package}), {ELSE}"
            )
    if os.geteuid() != 0:
        raise InfrastructureError(
            f"only root can build Cassandra's image: run `splitbrain images build cassandra` as root once, {ELSE}"
        )
    say(f"laying out Debian {SUITE} with {java.PACKAGE}, once: about 100 MB, half a minute")
    packages, log = cache() / "debian", folder.parent / "debootstrap.log"
    packages.mkdir(parents=True, exist_ok=True)
    code = patiently(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("debootstrap", "--variant=minbase", "--force-check-gpg", f"--cache-dir={packages}"),
            *(f"--include={java.PACKAGE}", SUITE, str(folder), MIRROR),
        ],
        folder.parent,
        log,
        lambda seconds: say(f"laying out Debian {SUITE}: {_last(log)} after {seconds:.0f} s"),
    )
    if code != 0:
        raise InfrastructureError(f"debootstrap could not lay out Debian {SUITE}: {_last(log)}")
    for name in NEEDLESS:
        shutil.rmtree(folder / name, ignore_errors=True)


def _last(log: Path) -> str:
    """The last thing debootstrap said."""
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it has said nothing")
