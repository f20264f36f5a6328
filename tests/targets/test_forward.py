"""Passing connections on: from one side to the other, for as long as both are there, and no wait without a bound."""

import socket
import threading

import pytest

from splitbrain.targets import forward
from splitbrain.targets.servers.access import CONNECT_SECONDS


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
