"""Further sources of servers' programs: Go's modules, checked by its checksum database, and Debian's packages, checked
by apt's signatures; both also by digests in the repository.
"""

import re
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from splitbrain.harness.announce import Say
from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.commands import carry_out
from splitbrain.targets.servers.software import checksum
from splitbrain.targets.servers.sources import SoftwareSource

DIGESTS = Path(__file__).with_name("debian.toml")
MODULES = Path(__file__).with_name("modules.toml")

REPLACED = "\nreplace {} => {}\n"


def get_module(package: str, folder: Path) -> None:
    """Fetch the module of a package, "PATH@vVERSION", for the go.mod of a folder. InfrastructureError if a module that
    comes with it has not the digest that the repository has."""
    carry_out(["go", "get", package], folder, GOFLAGS="-mod=mod")
    known = tomllib.loads(MODULES.read_text(encoding="utf-8"))["modules"]
    for line in (folder / "go.sum").read_text().splitlines():
        module, _, digest = line.rpartition(" ")
        if known.get(module, digest) != digest:
            raise InfrastructureError(f"Go's module {module} has the digest {digest}, not {known[module]} as recorded")


@dataclass(frozen=True)
class GoProgram(SoftwareSource):
    """A program that Go builds from a package of its module. releases: those that can be built. replaced: modules in
    place of others, as the program's own go.mod has it, for Go heeds only that of the module which is built. stamp: the
    variable that holds the version. tags: of the build. cgo: whether it takes a C compiler. version_file: the path of a
    file that the module lacks, which holds its version; then a copy of the module is built, and in it the package of
    the path `program`.
    """

    tools = ("go",)
    module: str
    releases: str
    replaced: Mapping[str, str] = field(default_factory=dict)
    stamp: str = ""
    tags: str = ""
    cgo: bool = False
    version_file: str = ""
    program: str = ""

    def provides(self, version: str) -> bool:
        return bool(re.fullmatch(self.releases, version))

    def usable(self) -> bool:
        return super().usable() and (not self.cgo or shutil.which("gcc") is not None)

    def fetch(self, name: str, version: str, folder: Path, say: Say) -> Path:
        say(f"building {name} {version} from its Go module, once; it takes some minutes")
        lines = "".join(REPLACED.format(old, new) for old, new in self.replaced.items())
        (folder / "go.mod").write_text(f"module splitbrain.invalid/server\n\ngo 1.21\n{lines}")
        get_module(f"{self.module}@v{version}", folder)
        stamped = f" -X {self.stamp}={version}" if self.stamp else ""
        words = ("-trimpath", "-tags", self.tags, "-ldflags", f"-s -w{stamped}", "-o", str(folder / name.lower()))
        carry_out(
            ["go", "build", *words, self.program or self.module],
            self._copied(folder, version) if self.version_file else folder,
            CGO_ENABLED="1" if self.cgo else "0",
            GOFLAGS="-mod=mod",
        )
        return folder / name.lower()

    def _copied(self, folder: Path, version: str) -> Path:
        """A copy of the module, with the file that it lacks."""
        there = carry_out(["go", "list", "-m", "-f", "{{.Dir}}", self.module], folder, GOFLAGS="-mod=mod").strip()
        carry_out(["cp", "-r", "--no-preserve=mode", there, "source"], folder)
        (folder / "source" / self.version_file).write_text(f"v{version}")
        return folder / "source"


@dataclass(frozen=True)
class DebianTree(SoftwareSource):
    """Packages of this system's Debian, unpacked into a folder and not installed; the first one has the version. Each
    that `DIGESTS` names must have that digest; apt's signatures are checked of all. member: the path of the one program
    that is wanted; empty: the folder."""

    tools: ClassVar[Sequence[str]] = ("apt-get", "dpkg")
    packages: Sequence[str]
    member: str = ""

    def fetch(self, name: str, version: str, folder: Path, say: Say) -> Path:
        say(f"fetching {name} {version} from Debian, once")
        carry_out(["apt-get", "-o", "APT::Sandbox::User=", "download", *self.packages], folder)
        came = sorted(path.name for path in folder.glob("*.deb"))
        if not any(re.match(rf"{self.packages[0]}_(\d+%3a)?{re.escape(version)}-", one) for one in came):
            raise InfrastructureError(
                f"{name} {version} is not what this system's packages hold, but {', '.join(came) or 'nothing'}"
            )
        digests = tomllib.loads(DIGESTS.read_text())
        for one in came:
            found, wanted = checksum(folder / one).removeprefix("sha256:"), digests.get(one)
            if wanted not in (None, found):
                raise InfrastructureError(f"{name}: {one} has the SHA-256 {found}, not {wanted} as recorded for it")
            carry_out(["dpkg", "-x", one, "tree"], folder)
        return folder / "tree" / self.member
