"""Contents of a container: files, folders that survive a kill, names of the others; and what is kept of it."""

import asyncio
import os
from pathlib import Path

import pytest

from splitbrain.harness.environments.docker.cluster import ContainerCluster
from splitbrain.harness.injection import Kill

from .containers import etcd, needs_docker, played


@needs_docker
@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees into a container from outside")
def test_files_volumes_variables_and_names(tmp_path: Path) -> None:
    async def looked_at(cluster: ContainerCluster) -> None:
        n1, n2, _ = cluster.nodes
        inside = Path(f"/proc/{n1.main_pid()}/root")
        assert (inside / "etc/given/name").read_text() == "n1"
        assert (inside / str(n1.place.folder)[1:] / "inner/conf").read_bytes() == b"mine"
        assert f"{n2.address}\tn2" in (inside / "etc/hosts").read_text()
        assert (inside / "etc/hostname").read_text().strip() == "n1"
        assert b"COLOUR=blue" in Path(f"/proc/{n1.main_pid()}/environ").read_bytes()
        assert int((inside / "proc/sys/net/ipv4/tcp_syn_retries").read_text()) > 0
        (inside / "var/lib/thing/kept").write_text("kept")
        await (await cluster.inject(Kill(("n1",)))).heal()
        again = Path(f"/proc/{n1.main_pid()}/root")
        assert (again / "var/lib/thing/kept").read_text() == "kept"
        assert (again / "etc/given/name").read_text() == "n1"
        await n1.wait_ready(asyncio.get_running_loop().time() + 15)

    given = etcd(
        files=lambda place: {"/etc/given/name": place.name, "inner/conf": b"mine"},
        volumes={"/var/lib/thing": "thing"},
        variables={"COLOUR": "blue"},
    )
    played(looked_at, tmp_path, given)
    log = (tmp_path / "n1.log").read_text()
    assert log.count("--- splitbrain: starting etcd") == 2 and log.count("etcd-version") >= 2
    assert (tmp_path / "resources.jsonl").exists()
