"""Where is Cassandra's server? In the cache, or it is fetched with Maven: a hundred jars, checksummed."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError, UsageError

DEFAULT = "5.0.6"
VERSION = re.compile(r"5\.0\.\d+")
COORDINATES = ("org.apache.cassandra", "cassandra-all")
JAVA = 17
JAVA_PACKAGE = "openjdk-17-jre-headless"
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


def cached(version: str) -> Path:
    """Where the jars of a version are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "splitbrain" / "cassandra" / version / "lib"


def obtain(version: str, say: Say = on_stderr) -> Path:
    """The folder of jars in a version, fetched if need be. InfrastructureError names what to install."""
    goal = cached(version)
    if (goal / SUMS).is_file():
        return goal
    if shutil.which("mvn") is None:
        raise InfrastructureError(
            f"Cassandra {version} is not here, and mvn, which fetches it, was not found: "
            "install the package maven (Debian, Ubuntu: apt install maven)"
        )
    goal.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=goal.parent) as folder:
        _fetch(version, Path(folder), say)
        made = Path(folder) / "lib"
        (made / SUMS).write_text(json.dumps(sums(made), indent=0, sort_keys=True))
        try:
            made.replace(goal)
        except OSError:  # another run was quicker
            if not (goal / SUMS).is_file():
                raise
    return goal


def _fetch(version: str, folder: Path, say: Say) -> None:
    group, artifact = COORDINATES
    (folder / "pom.xml").write_text(POM.format(group=group, artifact=artifact, version=version))
    say(f"fetching Cassandra {version} with Maven, once: about 100 files, 66 MB")
    lib, log = folder / "lib", folder / "mvn.log"
    argv = ["mvn", "-B", "-ntp", "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={lib}"]
    with log.open("wb") as output:
        running = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            began = told = time.monotonic()
            while running.poll() is None:
                time.sleep(0.05)
                if time.monotonic() - told > TOLD_SECONDS:
                    told = time.monotonic()
                    say(f"fetching Cassandra {version}: {told - began:.0f} s")
        finally:
            if running.poll() is None:
                running.kill()
            code = running.wait()
    if code != 0 or not list(lib.glob(f"{artifact}-{version}.jar")):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("[ERROR]")]
        told_by = lines[0].removeprefix("[ERROR]").strip() if lines else f"it ended with code {code}"
        raise InfrastructureError(f"Maven could not fetch Cassandra {version}: {told_by}")


def sums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each jar."""
    found = {}
    for jar in sorted(folder.glob("*.jar")):
        with jar.open("rb") as file:
            found[jar.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
