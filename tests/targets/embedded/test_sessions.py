"""Sessions of SQLite over TCP: a COMMIT that is refused, and clients that give up."""

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from splitbrain.harness.operation import ErrorKind, EventType, Operation
from splitbrain.targets.embedded.client import ERRORS, EmbeddedClient
from splitbrain.targets.embedded.server import SessionServer, sqlite_sessions


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SessionServer]:
    """A server whose statements do not wait for locks, and where a reader is in the way of a COMMIT."""
    settings = {"pragmas": ["journal_mode=delete"], "busy_seconds": 0}
    with SessionServer(("127.0.0.1", 0), sqlite_sessions(str(tmp_path / "data.db"), settings)) as made:
        serving = threading.Thread(target=made.serve_forever, daemon=True)
        serving.start()
        yield made
        made.shutdown()
        serving.join()


async def opened(server: SessionServer) -> EmbeddedClient:
    port = server.server_address[1]
    described = SimpleNamespace(opening=("BEGIN DEFERRED",), port=port, errors=ERRORS, checkpoint=())
    client = EmbeddedClient("127.0.0.1", described)
    await client.open()
    return client


def test_a_commit_that_is_refused_leaves_nothing(server: SessionServer) -> None:
    async def scene() -> None:
        reader, writer = await opened(server), await opened(server)
        await writer.setup()
        await reader.session.change("BEGIN")
        await reader.session.rows(reader.dialect.read, "l")
        session = writer.connection
        with pytest.raises(Exception, match="SQLITE_BUSY") as refused:
            await writer.invoke(Operation("txn", (("append", "l", 1),)))
        assert ERRORS.classify(refused.value) == (ErrorKind.CONFLICT, True)
        await reader.session.change("COMMIT")
        outcome = await writer.invoke(Operation("txn", (("append", "l", 2), ("r", "l", None))))
        assert writer.connection is session, "the same session goes on, in a transaction of its own"
        assert outcome.type is EventType.OK and outcome.value == (("append", "l", 2), ("r", "l", (2,)))
        for client in (reader, writer):
            await client.close()

    asyncio.run(asyncio.wait_for(scene(), 60))


@pytest.mark.parametrize("said", [b"", b'["SELECT 1", []', b'["SELECT 1", []]\n'])
def test_a_client_that_gives_up_is_no_crash_of_the_node(server: SessionServer, said: bytes) -> None:
    ended, broken = threading.Event(), []
    server.handle_error = lambda *_: broken.append(True)  # type: ignore[method-assign]
    shutdown = server.shutdown_request

    def over(request: Any) -> None:
        shutdown(request)
        ended.set()

    server.shutdown_request = over  # type: ignore[method-assign]
    with socket.create_connection(server.server_address) as client:  # type: ignore[arg-type]
        client.sendall(said)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closed by a reset
    assert ended.wait(60)
    assert not broken
