"""Operations as RESP commands against a fake server: what each reply means."""

import asyncio
from pathlib import Path

import pytest

from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.operation import EventType, Operation, Outcome
from splitbrain.targets.binary.client import BinaryClient
from splitbrain.targets.binary.description import read
from splitbrain.targets.binary.target import Binary
from splitbrain.targets.servers.errors import ServerError

DESCRIPTION = """
command = ["{here}/nothing"]
port = %d
[operations.read]
resp = ["GET", "{key}"]
[operations.write]
resp = ["SET", "{key}", "{value}"]
[operations.cas]
resp = ["CAS", "{key}", "{old}", "{new}"]
refused = [0]
[errors]
LOADING = { kind = "unavailable", definite = true }
"""


class Here:
    name, address = "n1", "127.0.0.1"


async def replied(reply: bytes, operation: Operation, folder: Path) -> tuple[Outcome, bytes]:
    """The end of an operation to which a server replies so, and the request that was sent."""
    sent = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        assert b"PING" in await reader.read(1000)
        writer.write(b"+PONG\r\n")
        sent = await reader.read(1000)
        writer.write(reply)
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        path = folder / "server.toml"
        path.write_text(DESCRIPTION % server.sockets[0].getsockname()[1])
        client = BinaryClient(Here(), read(path))  # type: ignore[arg-type]
        await client.open()
        try:
            outcome = await client.invoke(operation)
        except ServerError as error:
            outcome = Binary({"file": str(path)}).errors.outcome(operation, error, effects=operation.f != "read")
        finally:
            await client.close()
    return outcome, sent


@pytest.mark.parametrize(
    ("operation", "reply", "ended", "value"),
    [
        (Operation("read", None, "k"), b"$1\r\n7\r\n", EventType.OK, 7),
        (Operation("read", None, "k"), b"$-1\r\n", EventType.OK, None),
        (Operation("write", 7, "k"), b"+OK\r\n", EventType.OK, 7),
        (Operation("write", 7, "k"), b"$-1\r\n", EventType.INFO, 7),
        (Operation("write", 7, "k"), b"-LOADING wait\r\n", EventType.FAIL, 7),
        (Operation("write", 7, "k"), b"-ERR what\r\n", EventType.INFO, 7),
        (Operation("cas", (1, 2), "k"), b":1\r\n", EventType.OK, (1, 2)),
        (Operation("cas", (1, 2), "k"), b":0\r\n", EventType.FAIL, (1, 2)),
    ],
)
def test_what_a_reply_means(
    operation: Operation, reply: bytes, ended: EventType, value: object, tmp_path: Path
) -> None:
    outcome, sent = asyncio.run(replied(reply, operation, tmp_path))
    assert (outcome.type, outcome.value) == (ended, value)
    assert sent.endswith(
        b"$1\r\n2\r\n" if operation.f == "cas" else b"$1\r\n7\r\n" if operation.f == "write" else b"$1\r\nk\r\n"
    )


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(DESCRIPTION % 1)
    target = Binary({"file": str(tmp_path / "server.toml")})
    with pytest.raises(InfrastructureError, match="there is no program"):
        target.provide(target.deployments[0], print)
