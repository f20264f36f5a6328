"""Ends of runs on containers: by Ctrl-C, by a kill (-9) of the harness, and before they have begun."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from splitbrain.cli.exits import UNKNOWN
from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.docker import Docker
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.orphans import OWNER, find, table
from splitbrain.harness.environments.linux import tools
from splitbrain.harness.environments.real.orphans import owner
from splitbrain.harness.errors import InfrastructureError

from .containers import NAMES, commanded, etcd, image, left, needs_docker

SPLITBRAIN = [sys.executable, "-m", "splitbrain"]


@contextmanager
def under_way(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """A run with its first fault begun: its process, the label of what it made, and the number of its network."""
    words = ["run", "etcd", "--env", "docker", "--nodes", "3", "--nemesis", "partition", "--time-limit", "60"]
    # One at a time: each of them removes what another one that was killed has left.
    with (Path(tempfile.gettempdir()) / f"splitbrain-docker-tests-{os.getuid()}").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield from _under_way(words, folder)


def _under_way(words: list[str], folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    before = set(runs())
    with subprocess.Popen(
        [*SPLITBRAIN, *words, "--out", str(folder)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            deadline = time.monotonic() + 40
            while not any("start-partition" in file.read_text() for file in folder.rglob("history.jsonl")):
                assert process.poll() is None and time.monotonic() < deadline, process.communicate()[1]
                time.sleep(0.1)
            (environment,) = folder.rglob("environment.txt")
            network = environment.read_text().split("network 198.")[1].split(".0/24")[0]
            high, low = map(int, network.split("."))
            (run,) = (run for run, name in runs().items() if name == table((high - 18) * 256 + low))
            assert run not in before
            yield process, run, table((high - 18) * 256 + low)
        finally:
            process.kill()


def runs() -> dict[str, str]:
    """Run → name of its network."""
    daemon = Daemon.connect()
    try:
        return {one.run: one.name for one in find(daemon) if one.kind == "network"}
    finally:
        daemon.close()


def mine() -> list[str]:
    """Networks that this process has made."""
    daemon = Daemon.connect()
    try:
        return [one["Name"] for one in daemon.api.networks(filters={"label": f"{OWNER}={owner(os.getpid())}"})]
    finally:
        daemon.close()


def tables() -> str:
    listed = [tools.path("nft"), "list", "tables", "bridge"]
    return subprocess.run(listed, capture_output=True, text=True, check=True).stdout


def clean() -> list[dict[str, str]]:
    done = subprocess.run([*SPLITBRAIN, "clean", "--json"], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@needs_docker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    with under_way(tmp_path) as (process, run, network):
        assert f"{network}\n" in tables() + "\n"
        assert run not in [one["run"] for one in clean()], "a run under way is left alone"
        process.send_signal(number)
        assert "healed and closed" in process.communicate(timeout=120)[1]
        assert process.returncode == 130
    assert left(run) == []
    assert f"{network}\n" not in tables() + "\n"


@needs_docker
def test_what_a_killed_run_leaves_is_found_and_removed(tmp_path: Path) -> None:
    with under_way(tmp_path) as (process, run, network):
        process.kill()
        process.wait()
        found = left(run)
        assert len(found) == 4 and network in found
        daemon = Daemon.connect()
        folders = {one.folder for one in find(daemon) if one.run == run}
        daemon.close()
        assert len(folders) == 1 and all(folder.exists() for folder in folders)
        clean()
        assert left(run) == []
        assert not any(folder.exists() for folder in folders)
        assert f"{network}\n" not in tables() + "\n"


@needs_docker
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": "no.such.invalid/image:1"}, "could not be pulled"),
        ({"command": commanded("/no/such/program")}, "no such file"),
        ({"command": commanded("etcd", "--no-such-flag")}, "Start an etcd server"),
        ({"command": commanded("etcd"), "ready_seconds": 1.0}, "was not ready within 1 s"),
    ],
    ids=["image", "program", "flag", "never"],
)
def test_a_cluster_that_does_not_come_up_says_why(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    environment = Docker()
    with pytest.raises(InfrastructureError) as caught:
        environment.run(lambda: environment.up(etcd(**changes), NAMES, tmp_path))
    assert said in str(caught.value)
    assert mine() == []


MOMENTS = ("_obtain_all", "create_network", "_create", "attach", "start", "inspect_container", "ready")
"""The points at which a start is cancelled: a call to Docker, by the name of its function, or the wait for the
nodes."""


@needs_docker
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_cancelled_start_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    environment, call = Docker(), Daemon.call
    starting: list[asyncio.Task[object]] = []

    async def watched(daemon: Daemon, function: Callable[..., object], *arguments: object, **named: object) -> object:
        if function.__name__ == moment:
            starting[0].cancel()
        return await call(daemon, function, *arguments, **named)

    async def ready(_: Place) -> bool:
        starting[0].cancel()
        return False

    async def cut_short() -> None:
        starting.append(asyncio.ensure_future(environment.up(etcd(**changes), NAMES, tmp_path)))
        await asyncio.wait(starting)
        assert starting[0].cancelled()

    monkeypatch.setattr(Daemon, "call", watched)
    changes = {"ready": ready} if moment == "ready" else {}
    environment.run(cut_short)
    assert mine() == []


@needs_docker
def test_an_image_is_built_once(capfd: pytest.CaptureFixture[str]) -> None:
    from splitbrain.harness.environments.docker.images import build, listed, obtain

    daemon = Daemon.connect()
    first = build(daemon, image())
    capfd.readouterr()
    again = build(daemon, image())
    assert again == first and capfd.readouterr().err == ""
    assert first.contents.startswith("etcd sha256:") and first.digest.startswith("sha256:")
    assert first.id in [one.id for one in listed(daemon)]
    assert obtain(daemon, first.name).id == first.id
    daemon.close()


def run_without_docker(**variables: str) -> "subprocess.CompletedProcess[str]":
    words = [*SPLITBRAIN, "run", "etcd", "--env", "docker"]
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **variables})


def test_no_docker_is_one_sentence(tmp_path: Path) -> None:
    done = run_without_docker(DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert done.returncode == 3 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "apt install docker.io" in done.stderr


def test_no_right_to_speak_to_docker_is_one_sentence(tmp_path: Path) -> None:
    import socket

    from splitbrain.harness.environments.docker.daemon import refusal

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        server.listen()
        (tmp_path / "docker.sock").chmod(0)
        if os.geteuid() != 0:
            done = run_without_docker(DOCKER_HOST=f"unix://{tmp_path}/docker.sock")
            assert done.returncode == 3 and "usermod -aG docker" in done.stderr
    wrapped = RuntimeError("Error while fetching server API version", PermissionError(13, "Permission denied"))
    assert "usermod -aG docker" in refusal(wrapped)


def test_libraries_come_along_with_a_dynamic_program() -> None:
    from splitbrain.targets.servers.image import libraries

    shell = shutil.which("sh")
    assert shell is not None
    assert any("ld-" in library.name for library in libraries(Path(shell)))
    assert libraries(Path(__file__)) == ()


def members(pid: int) -> list[int]:
    """The first processes of the containers of a run, by the process that runs it."""
    daemon = Daemon.connect()
    try:
        api = daemon.api
        found = api.containers(filters={"label": f"{OWNER}={owner(pid)}"})
        return [int(api.inspect_container(one["Id"])["State"]["Pid"]) for one in found]
    finally:
        daemon.close()


@needs_docker
def test_a_member_that_breaks_down_makes_a_run_unknown(tmp_path: Path) -> None:
    words = ["run", "etcd", "--env", "docker", "--nodes", "3", "--time-limit", "10", "--json"]
    with subprocess.Popen(
        [*SPLITBRAIN, *words, "--out", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not any('"ok"' in file.read_text() for file in tmp_path.rglob("history.jsonl")):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(members(process.pid)[0], signal.SIGABRT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == UNKNOWN, err
    logs = next(check for check in json.loads(out)["checks"] if check["name"] == "logs")
    assert logs["verdict"] == "unknown" and "SIGABRT: abort" in logs["reason"]
