"""The real server: three nodes as processes inside the namespaces of `--env local`, and as containers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from splitbrain.harness.deployment import BuiltImage, Container
from splitbrain.harness.environments.docker import Docker
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.images import obtain
from splitbrain.harness.environments.docker.orphans import find
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.options import settle
from splitbrain.targets.cassandra import Cassandra
from splitbrain.targets.cassandra.target import DEFAULT, SOFTWARE
from splitbrain.targets.servers.jvm import found_java

RUN = (
    "import sys; from splitbrain.harness.environments.linux import namespaces; "
    "sys.exit(namespaces.reexecute([sys.executable, '-m', 'pytest', *sys.argv[1:]]))"
)
NODES = Path(__file__).with_name("nodes.py")


def had() -> None:
    """The server and Java, fetched if need be; the test is skipped with the reason if they are not to be had."""
    try:
        found_java("Cassandra")
        SOFTWARE.obtain(DEFAULT)
    except InfrastructureError as error:
        pytest.skip(str(error))


@pytest.mark.long
@pytest.mark.timeout(500)
@pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")
def test_three_nodes_as_processes() -> None:
    had()
    command = [sys.executable, "-c", RUN, "-q", "-x", "-s", "-p", "no:xdist", "--timeout=440", str(NODES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=450)
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout


@pytest.mark.long
@pytest.mark.timeout(500)
@pytest.mark.skipif(os.geteuid() != 0, reason="cuts between containers are made by root")
def test_three_nodes_in_containers(tmp_path: Path) -> None:
    from . import nodes

    deployments = Cassandra(settle(Cassandra.options, {}, "cassandra")).deployments
    image = next(one.image for one in deployments if isinstance(one, Container))
    assert isinstance(image, BuiltImage)
    try:
        daemon = Daemon.connect()
        obtain(daemon, image)
    except InfrastructureError as error:
        pytest.skip(str(error))
    environment = Docker()
    cluster = environment.run(lambda: nodes.played(tmp_path, environment, nodes.SHORT))
    assert [one.name for one in find(daemon) if one.run == cluster.run] == []  # type: ignore[attr-defined]
    daemon.close()
    told = (tmp_path / "environment.txt").read_text()
    assert f"splitbrain/cassandra:{DEFAULT}, built here from Cassandra" in told or "cassandra:5" in told
