"""Passing connections on: from one side to the other, for as long as both are there, and no wait without a bound."""

import socket
import threading
from pathlib import Path

import pytest

from splitbrain import registry
from splitbrain.harness.target import OneServer
from splitbrain.targets import forward
from splitbrain.targets.servers.access import CONNECT_SECONDS

PASSED_ON = ("dynamodb", "duckdb", "ferretdb", "hbase", "mariadb", "memcached", "seaweedfs", "sqlite")


@pytest.mark.parametrize("name", PASSED_ON)
def test_a_target_whose_other_nodes_pass_connections_on_says_that_it_has_one_server(name: str) -> None:
    target = registry.target(name)
    assert isinstance(target, OneServer) and target.one_server


def test_no_target_that_passes_connections_on_is_left_out() -> None:
    folder = Path(forward.__file__).parent
    using = {path for path in folder.rglob("*.py") if "import forwarded" in path.read_text()}
    assert len(using) == len(PASSED_ON) - 1, "sqlite and duckdb share theirs"
    assert not registry.target("galera").one_server  # type: ignore[attr-defined]


def test_connecting_is_bounded_and_silence_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = socket.socketpair()
    client, ours = socket.socketpair()
    bounds = []

    def connected(address: tuple[str, int], timeout: float | None = None) -> socket.socket:
        bounds.append((address, timeout))
        near.settimeout(timeout)
        return near

    monkeypatch.setattr(socket, "create_connection", connected)
    passing = threading.Thread(target=forward.forward, args=(ours, "198.18.0.1", 7), daemon=True)
    passing.start()
    with client, far:
        client.sendall(b"question")
        assert far.recv(100) == b"question"
        assert bounds == [(("198.18.0.1", 7), CONNECT_SECONDS)] and near.gettimeout() is None
        far.sendall(b"answer")
        assert client.recv(100) == b"answer"
        client.shutdown(socket.SHUT_WR)
        assert far.recv(100) == b""
    passing.join(60)
    assert not passing.is_alive()
