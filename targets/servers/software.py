"""Servers' programs, by version: found on this machine, in the shared cache, or fetched or built into it once.

What is fetched is made in a folder of its own under a lock, checked, and moved into the cache with its digests, so the
cache is never half-filled; what it replaces is there until then. Digests of default versions stand in the repository;
what has none is checked by the tool that fetches it (apt's signatures, Go's checksum database, Maven's checksums).
"""

import fcntl
import functools
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.announce import Say, on_stderr
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.targets.servers.sources import SoftwareSource


@dataclass(frozen=True)
class Software:
    """A server's program.

    name: as in sentences. sources: in order of preference. preferred: versions for when no source has one at hand: one
    that is cached, else the first. releases: the versions that run; described: the same in words. told: the version of
    a program or of a folder; None if it does not say. advice: what to install, by version.
    """

    name: str
    sources: Sequence[SoftwareSource]
    described: str
    told: Callable[[Path], str | None]
    preferred: Sequence[str] = ()
    releases: str = r"\d+\.\d+\.\d+"
    advice: Callable[[str], str] = lambda version: "name one that is here with the option binary=PATH"

    @property
    def owner(self) -> str:
        """The name of the target, and of the folder in the cache."""
        return self.name.lower()

    def resolve(self, version: str, binary: str = "") -> str:
        """The version that will run; nothing is fetched. UsageError if there is no such version or file."""
        if not binary:
            self.check(version or self.default(), "version")
            return version or self.default()
        path, where = Path(binary), f"{self.owner}: binary={binary}"
        if not (path.is_dir() or (path.is_file() and os.access(path, os.X_OK))):
            raise UsageError(f"{where}: there is no such program")
        found = self.told(path)
        if found is None:
            raise UsageError(f"{where}: no version of {self.name} is there, by --version or the names of jars")
        if version and version != found:
            raise UsageError(f"{where} is version {found}, not {version}")
        return found

    def check(self, version: str, option: str) -> None:
        """UsageError unless an option names a version that runs."""
        if not re.fullmatch(self.releases, version):
            raise UsageError(f"{self.owner}: option {option} is {self.described}, not {version!r}")

    def default(self) -> str:
        """The version of the first source that can give one now."""
        here = (source.default() for source in self.sources)
        preferred = self.preferred or tuple(version for source in self.sources for version in source.pinned)
        cached = (version for version in preferred if self.cached(version).exists())
        return next(filter(None, itertools.chain(here, cached)), (*preferred, "")[0])

    def available(self, version: str) -> Path | None:
        """The server in a version, checked, if it is on this machine."""
        for source in self.sources:
            if path := source.installed(version):
                return self._checked(path, version, source, str(path))
        cached = self.cached(version)
        return cached if cached.exists() and self._unchanged(cached, version) else None

    def obtain(self, version: str, binary: str = "", say: Say = on_stderr) -> Path:
        """The server in a version, fetched or built if need be. InfrastructureError names what to install."""
        path, goal = Path(binary).resolve() if binary else self.available(version), self.cached(version)
        if path is not None and (path != goal or not any(goal.parent.glob(f"{MAKING}*"))):
            return path
        with _making(goal.parent) as folder:  # another run may have been quicker
            if self.available(version) is None and not self._adopted(goal, version, folder, say):
                self._make(version, goal, folder, say)
        return goal

    def cached(self, version: str) -> Path:
        """The place of a version in the cache."""
        return cache() / self.owner / version / "server"

    def _make(self, version: str, goal: Path, folder: Path, say: Say) -> None:
        source = next((one for one in self.sources if one.provides(version) and one.usable()), None)
        if source is None:
            raise InfrastructureError(f"{self.name} {version} is not here: {self.advice(version)}")
        if goal.exists():
            say(f"{self.name}'s files in {goal} are not what they were: they are fetched anew")
        made, ready = source.fetch(self.name, version, folder, say), folder / ".ready" / goal.name
        if (told := self.told(made)) != version:
            asked = f"{self.name} {version} was asked for, but what came is {told}"
            raise InfrastructureError(f"{asked}: {self.advice(version)}")
        ready.parent.mkdir()
        self._checked(made, version, source, "what was fetched").replace(ready)
        _sums(ready).write_text(_lines(ready))
        if goal.is_dir():
            goal.replace(folder / ".old")
        for one in sorted(ready.parent.iterdir(), key=lambda one: one == ready):  # digests beside a file come before it
            one.replace(goal.with_name(one.name))

    def _adopted(self, path: Path, version: str, folder: Path, say: Say) -> bool:
        """Whether what is cached without digests is taken, which then get some: where none that is recorded differs."""
        if not path.exists() or _sums(path).exists() or self.told(path) != version or not self._pinned(path, version):
            return False
        (folder / SUMS).write_text(_lines(path))
        (folder / SUMS).replace(_sums(path))
        known = any(source.pinned.get(version) == checksum(path) for source in self.sources)
        digest = "the digest that is recorded" if known else "no digest to compare them with, and are taken as they are"
        say(f"{self.name}'s files in {path} lack {SUMS}, which is written anew: they have {digest}")
        return True

    def _unchanged(self, path: Path, version: str) -> bool:
        """Whether what is cached is as it came."""
        return _sums(path).is_file() and _sums(path).read_text() == _lines(path) and self._pinned(path, version)

    def _pinned(self, path: Path, version: str) -> bool:
        """Whether what is cached has a digest that is recorded for a version, or may come from a source without one."""
        pins = {source.pinned.get(version) for source in self.sources if source.provides(version)}
        return None in pins or checksum(path) in pins

    def _checked(self, path: Path, version: str, source: SoftwareSource, where: str) -> Path:
        pin = source.pinned.get(version)
        if pin and (found := checksum(path)) != pin:
            raise InfrastructureError(
                f"{self.name} {version}: {where} has the SHA-256 {found}, not {pin} as recorded for "
                f"this version: remove it, or name a server that you trust with {self.owner}:binary=PATH"
            )
        return path


SUMS = "SHA256SUMS"
"""Beside a file, and beside the files of a folder: their digests, as they were when they came."""
MAKING = ".making-"
"""Prefix of folders in which something is made."""


def cache() -> Path:
    """The folder of all that was fetched, for all runs of a user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "splitbrain"


def checksum(path: Path) -> str:
    """The SHA-256 of a program; of a folder by the names and contents of its files."""
    if path.is_dir():
        return "sha256:" + hashlib.sha256(_lines(path).encode()).hexdigest()
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def says_version(pattern: str) -> Callable[[Path], str | None]:
    """The version that a program tells when asked with --version; None if it does not."""
    return lambda program: _version_told(pattern, program, program.stat().st_mtime_ns if program.is_file() else 0)


@functools.cache
def _version_told(pattern: str, program: Path, changed: int) -> str | None:
    try:
        told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, told.stdout + told.stderr)
    return found[1] if found else None


def jar_version(artefact: str, folder: Path) -> str | None:
    """The version in the name of a jar, `ARTEFACT-VERSION.jar`; None if it is not there."""
    names = [re.fullmatch(rf"{re.escape(artefact)}-(\d[^/]*)\.jar", path.name) for path in folder.glob("*.jar")]
    return next((name[1] for name in names if name), None)


@contextmanager
def _making(place: Path) -> Iterator[Path]:
    """An empty folder, to make something in for another one, whose lock one run at a time can hold; others wait. What
    runs that were killed while they held it have left goes away."""
    place.mkdir(parents=True, exist_ok=True)
    with (place.parent / f".{place.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for left in place.glob(f"{MAKING}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=MAKING, dir=place) as folder:
            yield Path(folder)


def _sums(path: Path) -> Path:
    return path / SUMS if path.is_dir() else path.with_name(SUMS)


def _lines(path: Path) -> str:
    whole = sorted(path.rglob("*")) if path.is_dir() else [path]
    files = (file for file in whole if file.is_file() and file.name != SUMS)
    folder = _sums(path).parent
    return "".join(f"{checksum(file).removeprefix('sha256:')}  {file.relative_to(folder)}\n" for file in files)
