"""Where is Cassandra's server? In the cache, or it is fetched with Maven: a hundred jars, checksummed."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError, UsageError

DEFAULT = "5.0.6"
VERSION = re.compile(r"5\.0\.\d+")
COORDINATES = ("org.apache.cassandra", "cassandra-all")
GOAL = "dependency:copy-dependencies"
TOLD_SECONDS = 5.0

SUMS = "SHA256SUMS.json"
"""Beside the jars: file → SHA-256, as they were when they came."""

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>splitbrain.invalid</groupId>
  <artifactId>cassandra</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""

Say = Callable[[str], None]


def on_stderr(sentence: str) -> None:
    """Tell the user what takes so long."""
    print(f"splitbrain: {sentence}", file=sys.stderr, flush=True)


def resolve(version: str) -> str:
    """The release that will run; nothing is fetched. UsageError if it is none that works."""
    if version and not VERSION.fullmatch(version):
        raise UsageError(f"cassandra: option version is a release of 5.0, such as {DEFAULT}, not {version!r}")
    return version or DEFAULT


def cache() -> Path:
    """Where all that was fetched for Cassandra is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "splitbrain" / "cassandra"


def cached(version: str) -> Path:
    """Where the jars of a version are kept."""
    return cache() / version / "lib"


def obtain(version: str, say: Say = on_stderr) -> Path:
    """The folder of jars in a version, as they came, fetched if need be. InfrastructureError names what to install."""
    goal = cached(version)
    if (goal / SUMS).is_file():
        if sums(goal) == json.loads((goal / SUMS).read_text()):
            return goal
        say(f"Cassandra's files in {goal} are not what they were: they are fetched anew")
        shutil.rmtree(goal)
    if shutil.which("mvn") is None:
        raise InfrastructureError(
            f"Cassandra {version} is not here, and mvn, which fetches it, was not found: "
            "install the package maven (Debian, Ubuntu: apt install maven)"
        )
    goal.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=goal.parent) as folder:
        made = _fetch(version, Path(folder), say)
        (made / SUMS).write_text(json.dumps(sums(made), indent=0, sort_keys=True))
        try:
            made.replace(goal)
        except OSError:  # another run was quicker
            if not (goal / SUMS).is_file():
                raise
    return goal


def checksum(folder: Path) -> str:
    """One SHA-256 for all jars in a folder, by their names and contents."""
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(sums(folder).items()))
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()


def sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each jar."""
    found = {}
    for jar in sorted(folder.glob("*.jar")):
        with jar.open("rb") as file:
            found[jar.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _fetch(version: str, folder: Path, say: Say) -> Path:
    group, artifact = COORDINATES
    (folder / "pom.xml").write_text(POM.format(group=group, artifact=artifact, version=version))
    say(f"fetching Cassandra {version} with Maven, once: about 100 files, 66 MB")
    lib, log = folder / "lib", folder / "mvn.log"
    code = patiently(
        ["mvn", "--batch-mode", "--strict-checksums", GOAL, "-DincludeScope=runtime", f"-DoutputDirectory={lib}"],
        folder,
        log,
        lambda seconds: say(f"fetching Cassandra {version}: {_downloaded(log)} files after {seconds:.0f} s"),
    )
    if code != 0 or not (lib / f"{artifact}-{version}.jar").is_file():
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("[ERROR]")]
        told = lines[0].removeprefix("[ERROR]").strip() if lines else f"mvn ended with code {code}"
        raise InfrastructureError(f"Maven could not fetch Cassandra {version}: {told}")
    return lib


def _downloaded(log: Path) -> int:
    """How many jars Maven has said to have downloaded; it lays them down all at once in the end."""
    lines = log.read_text(errors="replace").splitlines()
    return sum("Downloaded from" in line and ".jar " in line for line in lines)


def patiently(argv: Sequence[str], folder: Path, log: Path, tell: Callable[[float], None]) -> int:
    """Run a command that takes long, its output into a file, and tell now and then for how many seconds it has run; its
    exit code. However this ends, the command and all it started have ended."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        began = told = time.monotonic()
        try:
            while running.poll() is None:
                time.sleep(0.05)
                if time.monotonic() - told > TOLD_SECONDS:
                    told = time.monotonic()
                    tell(told - began)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
            code = running.wait()
    return code
