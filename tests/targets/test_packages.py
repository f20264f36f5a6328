"""Packages that are fetched: their digests stand in the repository, and another content is refused."""

import tomllib
from pathlib import Path

import pytest

from splitbrain import registry
from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets import STORES, TARGETS
from splitbrain.targets.dqlite import NODE, DqliteBuild
from splitbrain.targets.packages import DIGESTS, MODULES, DebianTree, GoProgram, get_module
from splitbrain.targets.servers.server import Server
from splitbrain.targets.servers.sources import Maven, PyPIWheel, SoftwareSource

SOURCES = [
    pytest.param(source, id=f"{name}-{type(source).__name__}")
    for name in TARGETS
    if name not in {*STORES, "binary", "maelstrom"}
    for server in [registry.target(name)]
    if isinstance(server, Server)
    for source in server.software.sources
]


@pytest.mark.parametrize("source", SOURCES)
def test_the_digest_of_a_default_version_stands_in_the_repository(source: SoftwareSource) -> None:
    if isinstance(source, (Maven, PyPIWheel)):
        assert source.pinned and (not source.version or source.version in source.pinned)
    if isinstance(source, DebianTree):
        names = {file.partition("_")[0] for file in tomllib.loads(DIGESTS.read_text())}
        assert set(source.packages) <= names
    if isinstance(source, GoProgram):
        modules = tomllib.loads(MODULES.read_text())["modules"]
        assert any(source.module.startswith(module.partition(" ")[0]) for module in modules), source.module


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of digests and of stand-ins for apt-get and dpkg."""
    tools = tmp_path / "bin"
    tools.mkdir()
    program(tools / "apt-get", "printf a > one_1:1.2-3_all.deb; printf b > two_4.5-1_amd64.deb")
    program(tools / "dpkg", '/bin/mkdir -p "$3"; : > "$3/$2"')
    monkeypatch.setenv("PATH", f"{tools}")
    monkeypatch.setattr("splitbrain.targets.packages.DIGESTS", tmp_path / "digests.toml")
    return tmp_path


def fetched(folder: Path) -> set[str]:
    place = folder / "made"
    place.mkdir()
    tree = DebianTree(("two", "one"), version="4.5")
    return {path.name for path in tree.fetch("One", "4.5", place, lambda _: None).iterdir()}


def test_a_package_has_the_digest_that_is_recorded_for_it(debian: Path) -> None:
    of_a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    (debian / "digests.toml").write_text(
        f'"one_1:1.2-3_all.deb" = "{of_a}"\n"two_4.4-1_amd64.deb" = "of an older one"\n'
    )
    assert fetched(debian) == {"one_1:1.2-3_all.deb", "two_4.5-1_amd64.deb"}


def test_a_package_of_another_content_is_refused(debian: Path) -> None:
    (debian / "digests.toml").write_text('"two_4.5-1_amd64.deb" = "0123"\n')
    with pytest.raises(InfrastructureError, match=r"two_4\.5-1_amd64\.deb has the SHA-256 3e23e81600.*, not 0123"):
        fetched(debian)


GO = """case $1 in
get) : > go.sum ;;
list) echo module ;;
build) shift; while [ "$1" != -o ]; do shift; done; /bin/cat version.txt > "$2"; echo "$3" >> "$2" ;;
esac"""


def test_a_module_that_lacks_a_file_is_built_in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "go", GO)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    (tmp_path / "module").mkdir(mode=0o555)  # as in Go's cache
    source = GoProgram("a.invalid/m", "1", version_file="version.txt", program="a.invalid/m/cmd/one")
    made = source.fetch("One", "1", tmp_path, lambda _: None)
    assert made.read_text().split() == ["v1a.invalid/m/cmd/one"] and not list((tmp_path / "module").iterdir())


def test_a_module_has_the_digest_that_is_recorded_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    line = "a.invalid/m v1.2.3 h1:came="
    program(tmp_path / "bin" / "go", f"echo '{line}' > go.sum; echo 'b.invalid/other v1 h1:any=' >> go.sum")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.setattr("splitbrain.targets.packages.MODULES", tmp_path / "modules.toml")
    (tmp_path / "modules.toml").write_text('[modules]\n"a.invalid/m v1.2.3" = "h1:came="\n')
    get_module("a.invalid/m@v1.2.3", tmp_path)
    (tmp_path / "modules.toml").write_text('[modules]\n"a.invalid/m v1.2.3" = "h1:known="\n')
    with pytest.raises(InfrastructureError, match=r"a\.invalid/m v1\.2\.3 has the digest h1:came=, not h1:known="):
        get_module("a.invalid/m@v1.2.3", tmp_path)


def test_a_program_is_built_around_debians_libraries(debian: Path) -> None:
    (debian / "digests.toml").write_text("")
    program(debian / "bin" / "go", GO.replace('echo "$3"', 'echo "$CGO_CFLAGS $3"').replace("version.txt", "main.go"))
    (debian / "bin" / "cat").symlink_to("/bin/cat")
    (debian / "made").mkdir()
    tree = DqliteBuild(("two", "one"), version="4.5").fetch("dqlite", "4.5", debian / "made", lambda _: None)
    built = (tree / NODE).read_text()
    assert built.startswith("// A node of dqlite") and built.endswith(f"-I{tree}/usr/include .\n")
