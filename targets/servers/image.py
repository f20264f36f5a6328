"""Container images without a registry: of one program with its libraries, or of a small Debian with Java and jars.

Pitfall: debootstrap mounts /proc in the tree that it makes, and one that is killed leaves it there; so it has a mount
namespace of its own.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from splitbrain.harness.announce import Say, on_stderr
from splitbrain.harness.deployment import BuiltImage
from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.commands import patiently
from splitbrain.targets.servers.jvm import PACKAGE
from splitbrain.targets.servers.software import SUMS, Software, cache, checksum

PROGRAMS, USUAL = "usr/local/bin", {"env": "usr/bin"}
"""The folder of programs in servers' own images, too; tools that scripts look for elsewhere than in /bin."""
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
TOOLS = "/usr/sbin:/sbin"
"""Folders that are not on an ordinary user's PATH, yet debootstrap is there."""
PASSWD = "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
"""Users of an image that is no Debian."""
NEEDLESS = (*(f"usr/share/{name}" for name in ("doc", "man", "locale", "info")), "var/cache/apt", "var/lib/apt/lists")


def program_image(
    software: Software, version: str, program: Callable[[], Path], tools: Sequence[str] = (), inside: str = ""
) -> BuiltImage:
    """The image of a program that is called as the software is, and lies on its PATH. tools: programs of this system
    that are there, too. inside: of a folder with programs in some `bin` and `.so`s, its place in the image."""

    def fill(folder: Path) -> None:
        made, linked = program(), ("*bin/*", "*.so") if inside else ()
        shown = {f"{USUAL.get(tool, 'bin')}/{tool}": Path(shutil.which(tool) or f"/bin/{tool}") for tool in tools}
        if inside:
            shutil.copytree(made, folder / inside[1:], symlinks=True, ignore=shutil.ignore_patterns(SUMS))
            (folder / "etc").mkdir()
            (folder / "etc/passwd").write_text(PASSWD)
        else:
            shown[f"{PROGRAMS}/{software.owner}"] = made
        for source in (*shown.values(), *(one for kind in linked for one in made.glob(f"**/{kind}"))):
            for library in libraries(source):
                if not library.is_relative_to(made):
                    _copied(library, folder / str(library)[1:])
        for name, source in shown.items():
            _copied(source, folder / name).chmod(0o755)

    name, beside = f"splitbrain/{software.owner}:{version}", "".join(f", {tool}" for tool in tools)
    return BuiltImage(name, lambda: f"{software.name} {checksum(program())}{beside}", fill)


def libraries(program: Path) -> Sequence[Path]:
    """The loader and the shared libraries of a program, by absolute name; none if it is static."""
    told = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    if told.returncode != 0:
        return ()
    return [Path(name) for name in re.findall(r"(?:=> |^\s*)(/\S+) \(", told.stdout, re.MULTILINE)]


def java_image(software: Software, version: str, jars: Callable[[], Path], official: str, java: str) -> BuiltImage:
    """The image of a small Debian with Java (the package) and a server's jars, where `jar_folder` says."""

    def fill(folder: Path) -> None:
        lay_out(software, folder, java)
        shutil.copytree(jars(), folder / jar_folder(software)[1:], ignore=shutil.ignore_patterns(SUMS))

    name, system = f"splitbrain/{software.owner}:{version}", f"{java} of Debian {SUITE}"
    return BuiltImage(name, lambda: f"{software.name} {version} {checksum(jars())}, {system}", fill, official)


def jar_folder(software: Software) -> str:
    """The folder of a server's jars in its image; in Cassandra's official one, too."""
    return f"/opt/{software.owner}/lib"


def lay_out(software: Software, folder: Path, java: str = PACKAGE, say: Say = on_stderr) -> None:
    """A Debian with Java in an empty folder. InfrastructureError names what is missing."""
    name = software.name
    otherwise = f"or name an image that holds {name}, with {software.owner}:image=NAME"
    for tool, package in (("debootstrap", "debootstrap"), ("unshare", "util-linux")):
        if shutil.which(tool, path=os.environ.get("PATH", "") + os.pathsep + TOOLS) is None:
            raise InfrastructureError(
                f"{name}'s image is built with {tool}, which was not found: "
                f"install the package {package} (Debian, Ubuntu: apt install {package}), {otherwise}"
            )
    if os.geteuid() != 0:
        raise InfrastructureError(
            f"only root can build {name}'s image: run `splitbrain images build {software.owner}` as root once, "
            f"{otherwise}"
        )
    say(f"laying out Debian {SUITE} with {java}, once: about 100 MB, half a minute")
    packages, log = cache() / "debian", folder.parent / "debootstrap.log"
    packages.mkdir(parents=True, exist_ok=True)
    code = patiently(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
            *("debootstrap", "--variant=minbase", "--force-check-gpg", f"--cache-dir={packages}"),
            *(f"--include={java}", SUITE, str(folder), MIRROR),
        ],
        folder.parent,
        log,
        lambda seconds: say(f"laying out Debian {SUITE}: {_last(log)} after {seconds:.0f} s"),
    )
    if code != 0:
        raise InfrastructureError(f"debootstrap could not lay out Debian {SUITE}: {_last(log)}")
    for needless in NEEDLESS:
        shutil.rmtree(folder / needless, ignore_errors=True)


def _copied(source: Path, goal: Path) -> Path:
    goal.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, goal)
    return goal


def _last(log: Path) -> str:
    """The last thing debootstrap said."""
    return log.read_text(errors="replace").strip().split("\n")[-1].strip() or "it has said nothing"
