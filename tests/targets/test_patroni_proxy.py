"""The proxy before Patroni's primary: connections go to the node that says it is the primary, and to nobody else."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from splitbrain.targets import patroni_proxy


@contextlib.contextmanager
def patroni(status: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Patroni on this machine that answers so when it is asked whether it is the primary."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/primary" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        monkeypatch.setattr(patroni_proxy, "REST", server.server_address[1])
        yield
        server.shutdown()
        serving.join(60)


@pytest.mark.parametrize(("status", "found"), [(200, "127.0.0.1"), (503, None), (404, None)])
def test_the_primary_is_who_says_so(status: int, found: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    with patroni(status, monkeypatch):
        assert patroni_proxy.primary(["127.0.0.2", "127.0.0.1"]) == found


def test_a_node_that_does_not_answer_is_not_the_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(patroni_proxy, "REST", silent.getsockname()[1])
        monkeypatch.setattr(patroni_proxy, "ASKED_SECONDS", 0.1)
        assert not patroni_proxy.is_primary("127.0.0.1")


def test_a_connection_is_ended_where_nobody_is_the_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    client, ours = socket.socketpair()
    with client, patroni(503, monkeypatch):
        patroni_proxy.passed_on(ours, ["127.0.0.1"])
        assert client.recv(1) == b""


def test_a_connection_is_passed_on_to_the_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    client, ours = socket.socketpair()
    with client, patroni(200, monkeypatch), socket.create_server(("127.0.0.1", 0)) as database:
        monkeypatch.setattr(patroni_proxy, "DATABASE", database.getsockname()[1])
        passing = threading.Thread(target=patroni_proxy.passed_on, args=(ours, ["127.0.0.1"]), daemon=True)
        passing.start()
        there, _ = database.accept()
        with there:
            client.sendall(b"question")
            assert there.recv(100) == b"question"
        assert client.recv(100) == b""
    passing.join(60)
    assert not passing.is_alive()
