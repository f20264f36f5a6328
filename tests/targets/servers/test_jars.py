"""Sources of jars: the cache or Maven, with a stand-in for Maven that writes the files it is given."""

import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.targets import commands
from splitbrain.targets.cassandra.target import DEFAULT
from splitbrain.targets.cassandra.target import SOFTWARE as CASSANDRA
from splitbrain.targets.servers import image
from splitbrain.targets.servers.jvm import found_java
from splitbrain.targets.servers.software import checksum

SOFTWARE = replace(CASSANDRA, sources=[replace(CASSANDRA.sources[0], pinned={})])
"""Cassandra without pinned digests, as the jars of the stand-in have other ones."""

MVN = """
for word in "$@"; do case "$word" in -DoutputDirectory=*) out="${word#*=}";; esac; done
grep -q "<version>5.0.6</version>" pom.xml || exit 9
/bin/mkdir -p "$out"
echo jar > "$out/cassandra-all-5.0.6.jar"
echo other > "$out/other-1.jar"
echo x >> "$MVN_CALLS"
"""


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an own PATH and cache; the folder of its programs."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "grep").symlink_to("/bin/grep")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MVN_CALLS", str(tmp_path / "calls"))
    found_java.cache_clear()
    return tools


def test_what_is_fetched_is_kept_and_fetched_again_when_it_was_changed(bare: Path) -> None:
    said: list[str] = []
    program(bare / "mvn", MVN)
    calls = bare.parent / "calls"
    folder = SOFTWARE.obtain("5.0.6", say=said.append)
    assert folder == SOFTWARE.cached("5.0.6") and (folder / "cassandra-all-5.0.6.jar").is_file()
    before = checksum(folder)
    assert SOFTWARE.obtain("5.0.6", say=said.append) == folder
    assert calls.read_text() == "x\n", "the second time it is there"
    (folder / "other-1.jar").write_text("tampered")
    assert checksum(folder) != before
    assert checksum(SOFTWARE.obtain("5.0.6", say=said.append)) == before
    assert calls.read_text() == "x\nx\n"
    assert any("fetched anew" in sentence for sentence in said)


def test_progress_counts_what_maven_says_to_have_downloaded(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(commands, "TOLD_SECONDS", 0.0)
    told = "[INFO] Downloaded from central: https://repo/a/1/a-1"
    program(bare / "mvn", f"echo '{told}.pom (1 kB)'; echo '{told}.jar (2 kB)'; /bin/sleep 0.5\n{MVN}")
    SOFTWARE.obtain("5.0.6", say=said.append)
    assert any(": 1 of its jars and 1 of their descriptions after " in sentence for sentence in said), said


def test_without_maven_one_sentence_says_what_to_install(bare: Path) -> None:
    with pytest.raises(InfrastructureError, match="apt install maven"):
        SOFTWARE.obtain("5.0.6", say=lambda _: None)


def test_an_artefact_may_have_a_classifier(bare: Path) -> None:
    program(bare / "mvn", f"grep -q '<version>1</version><classifier>c</classifier></dep' pom.xml || exit 8\n{MVN}")
    also = replace(SOFTWARE.sources[0], also=("a:b:1:c",))  # type: ignore[call-arg]
    assert replace(SOFTWARE, sources=[also]).obtain("5.0.6", say=lambda _: None).is_dir()


def test_what_maven_says_when_it_fails_is_told(bare: Path) -> None:
    program(bare / "mvn", "echo '[INFO] well'; echo '[ERROR] no such artefact'; echo '[ERROR] more'; exit 1")
    with pytest.raises(InfrastructureError, match=r"could not fetch Cassandra 5\.0\.6: no such artefact$"):
        SOFTWARE.obtain("5.0.6", say=lambda _: None)
    assert not SOFTWARE.cached("5.0.6").exists() and list(SOFTWARE.cached("5.0.6").parent.iterdir()) == []


def test_the_first_words_of_maven_are_told_without_its_hints(bare: Path) -> None:
    program(bare / "mvn", "echo '[ERROR] '; echo '[ERROR] Unknown host -> [Help 1]'; exit 1")
    with pytest.raises(InfrastructureError, match=r"could not fetch Cassandra 5\.0\.6: Unknown host$"):
        SOFTWARE.obtain("5.0.6", say=lambda _: None)


def test_a_command_that_is_given_up_ends_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "TOLD_SECONDS", 0.2)

    def told(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        commands.patiently(["sh", "-c", "sleep 600 & echo $! >child; wait"], tmp_path, tmp_path / "log", told)
    child = Path("/proc") / (tmp_path / "child").read_text().strip() / "stat"
    while child.exists() and child.read_text().split()[2] != "Z":
        time.sleep(0.05)


def test_jars_that_are_not_those_of_the_repository_are_refused(bare: Path) -> None:
    program(bare / "mvn", MVN)
    with pytest.raises(InfrastructureError, match=r"what was fetched has the SHA-256 sha256:.* not sha256:"):
        CASSANDRA.obtain(DEFAULT, say=lambda _: None)
    assert not CASSANDRA.cached(DEFAULT).exists()


@pytest.mark.parametrize("version", ["4.1.10", "5.0", "latest", "../5.0.6"])
def test_releases_that_do_not_run_are_refused(version: str) -> None:
    with pytest.raises(UsageError, match=r"a release of 5\.0"):
        SOFTWARE.resolve(version)
    assert SOFTWARE.resolve("") == DEFAULT and SOFTWARE.resolve("5.0.2") == "5.0.2"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (None, "needs java, which was not found: install Java 17"),
        ("""echo 'openjdk version "21.0.2" 2024-01-16' >&2""", r"needs Java 17, but .* says 'openjdk version \"21"),
        ("exit 1", "says 'nothing'"),
    ],
)
def test_a_java_that_will_not_do_is_told(bare: Path, script: str | None, sentence: str) -> None:
    if script is not None:
        program(bare / "java", script)
    with pytest.raises(InfrastructureError, match=sentence) as caught:
        found_java("Cassandra")
    assert "apt install openjdk-17-jre-headless" in str(caught.value)


def test_the_right_java_is_found(bare: Path) -> None:
    program(bare / "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")
    assert found_java("Cassandra") == str(bare / "java")


def test_without_debootstrap_or_root_one_sentence_says_so(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image, "TOOLS", str(bare))
    with pytest.raises(InfrastructureError, match=r"apt install debootstrap\), or name an image"):
        image.lay_out(SOFTWARE, tmp_path)
    program(bare / "debootstrap", "exit 0")
    program(bare / "unshare", 'echo "E: the mirror is gone"; exit 1')
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(InfrastructureError, match="only root can build"):
        image.lay_out(SOFTWARE, tmp_path / "root")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(InfrastructureError, match="could not lay out Debian bookworm: E: the mirror is gone"):
        image.lay_out(SOFTWARE, tmp_path / "root", say=lambda _: None)
