"""Upload of files to a host: into a cache in the user's home, by their checksums.

Our own code comes along in the same way: the ground, which needs nothing but Python, as one zip file.
"""

import functools
import hashlib
import io
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import splitbrain.harness
from splitbrain.harness.environments.ssh.connection import COPY_SECONDS, SshConnection
from splitbrain.harness.errors import InfrastructureError

CACHE = ".cache/splitbrain"
START = """\
import fcntl, os, sys, zipfile

os.umask(0o022)
folder = sys.argv[2]
os.mkdir(folder)
lock = os.open(os.path.join(folder, "lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
fcntl.flock(lock, fcntl.LOCK_EX)
code = os.path.join(folder, "code")
zipfile.ZipFile(sys.argv[0]).extractall(code)
sys.path.insert(0, code)

from splitbrain.harness.environments.ssh.agent.serve import main

sys.exit(main(sys.argv[1], folder))
"""
"""The first program there: it makes a folder, holds it, and lays the code out in it, as some of it is run by path."""

CHECK = """\
import hashlib, pathlib, sys

for name in sys.argv[1:]:
    path = pathlib.Path(name)
    if path.is_file():
        print(hashlib.sha256(path.read_bytes()).hexdigest(), "", name)
"""
"""Program that prints the checksums of the files that are there, as `sha256sum` would."""


@functools.cache
def contents() -> bytes:
    """The zip file with our code, the same bytes for the same code."""
    buffer = io.BytesIO()
    (ground,) = splitbrain.harness.__path__
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", START.encode())
        _add(archive, "splitbrain/__init__.py", b"")
        for file in sorted(Path(ground).rglob("*.py")):
            _add(archive, f"splitbrain/harness/{file.relative_to(ground)}", file.read_bytes())
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)


def upload_code(connection: SshConnection) -> str:
    """Have our code there; its path."""
    with tempfile.NamedTemporaryFile(prefix="splitbrain-kit-") as file:
        file.write(contents())
        file.flush()
        return upload(connection, {"kit": Path(file.name)})["kit"]


def upload(connection: SshConnection, files: Mapping[str, Path]) -> dict[str, str]:
    """Have files of this host there: name → path. What is there already, with the same contents, is not copied.
    InfrastructureError if a file does not arrive as it was sent."""
    wanted = {name: checksum(file) for name, file in files.items()}
    if not wanted:
        return {}
    home = connection.with_files(_made_cache)
    goals = {name: f"{home}/{digest}" for name, digest in wanted.items()}
    there = _checksums(connection, list(goals.values()))
    lacking = [name for name, goal in goals.items() if there.get(goal) != wanted[name]]
    for name in lacking:
        connection.put(files[name], goals[name])
    there = _checksums(connection, [goals[name] for name in lacking])
    for name in lacking:
        if there.get(goals[name]) != wanted[name]:
            raise InfrastructureError(
                f"{connection.host}: {files[name]} did not arrive as it was sent: is the disk full?"
            )
    return goals


def checksum(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _made_cache(files: Any) -> str:
    """The folder of the cache, absolute."""
    path = str(files.normalize("."))
    for part in CACHE.split("/"):
        path = f"{path}/{part}"
        try:
            files.stat(path)
        except FileNotFoundError:
            try:
                files.mkdir(path)
            except OSError as error:
                raise OSError(f"{path} cannot be made: {error}") from None
    return path


def _checksums(connection: SshConnection, paths: list[str]) -> dict[str, str]:
    """path → SHA-256 of those that are there."""
    if not paths:
        return {}
    _, out, _ = connection.run([connection.host.python, "-I", "-c", CHECK, *paths], COPY_SECONDS)
    return {path: digest for digest, _, path in (line.partition("  ") for line in out.splitlines())}
