"""An existing cluster: a member on the loopback interface with TLS and a user, spoken to and left as it was."""

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.controller import Test, TestRun, run_test
from splitbrain.harness.environments.external import Existing
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.generator import sequence
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.targets.etcd import Etcd
from splitbrain.targets.etcd.gateway import Gateway, span
from splitbrain.targets.etcd.target import SOFTWARE
from splitbrain.targets.servers.access import Access

from ..servers.fronts import self_signed

BINARY = SOFTWARE.available(SOFTWARE.resolve(""))
pytestmark = pytest.mark.skipif(BINARY is None, reason="there is no etcd here")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def url_and_ca(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    cert, key = self_signed(tmp_path)
    client, peer = f"https://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    words = {"data-dir": tmp_path / "data", "listen-client-urls": client, "advertise-client-urls": client}
    words |= {"listen-peer-urls": peer, "initial-advertise-peer-urls": peer, "initial-cluster": f"default={peer}"}
    words |= {"cert-file": cert, "key-file": key}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([str(BINARY), *(f"--{k}={v}" for k, v in words.items())], stdout=log, stderr=log)
    try:
        asyncio.run(with_user(client, cert))
        yield client, cert
    finally:
        process.kill()
        process.wait()


async def with_user(url: str, ca: Path) -> None:
    """Wait until it serves, then let only root in."""
    gateway = Gateway(url, Access(ca=str(ca)))
    async with asyncio.timeout(15):
        while True:
            try:
                if str((await gateway.get("/health")).get("health")) == "true":
                    break
            except ConnectionError:
                await asyncio.sleep(0.05)
    await gateway.call("/v3/auth/user/add", {"name": "root", "password": "pass,word"})
    await gateway.call("/v3/auth/role/add", {"name": "root"})
    await gateway.call("/v3/auth/user/grant", {"user": "root", "role": "root"})
    await gateway.call("/v3/auth/enable", {})
    await gateway.aclose()


def conducted(target: Etcd) -> tuple[TestRun, list[Any]]:
    environment = Existing()
    recorder = Recorder(None, environment.now)
    main = sequence([Operation("write", 1, "k"), Operation("read", None, "k"), Operation("acquire", None, "m")])
    test = Test(target, target.deployments[0], environment, ("n1",), main, concurrency=1, time_limit=5, rate=0)
    done = environment.run(lambda: run_test(test, recorder))
    return done, list(recorder.history)


def test_a_cluster_with_tls_and_a_user(url_and_ca: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    url, ca = url_and_ca
    monkeypatch.setenv("ETCD_PASSWORD", "pass,word")
    options = {"endpoints": url, "ca": str(ca), "user": "root"}
    done, events = conducted(Etcd(settle(Etcd.options, options, "etcd")))
    assert [event.type for event in events] == ["invoke", "ok"] * 3
    assert events[3].value == 1
    assert [audit.value for audit in done.audits] == [Validity.VALID]
    assert asyncio.run(everything(url, ca)) == []
    monkeypatch.setenv("ETCD_PASSWORD", "wrong")
    with pytest.raises(InfrastructureError, match=r"could not be set up: .*authentication failed"):
        conducted(Etcd(settle(Etcd.options, options, "etcd")))


async def everything(url: str, ca: Path) -> list[Any]:
    gateway = Gateway(url, Access(ca=str(ca), user="root", password="pass,word"))
    await gateway.open()
    found = await gateway.call("/v3/kv/range", span("splitbrain/"))
    await gateway.aclose()
    return list(found.get("kvs", ()))
