"""The wire of a stand-in for a node: a port, and one way to say how the next write is answered.

A fake answers as a healthy node would; `Answer` says what the next write meets. `writes` counts those that came.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

OK, CUT, SILENT, LATE = "ok", "cut", "silent", "late"
LATE_SECONDS = 0.6
Answer = str | bytes
"""OK; CUT: the connection is closed; SILENT: never; LATE: OK after `LATE_SECONDS`; else an error as on the wire."""


class FakeServer(Protocol):
    """endpoint: for the option endpoints."""

    endpoint: str

    @property
    def writes(self) -> int:
        """The number of writes that came so far."""

    def answer(self, *answers: Answer) -> None:
        """Set the answers to the next writes, in turn; the last one stays."""


@dataclass
class Wire:
    """A fake of a protocol of our own: `talk` reads one request and gives its reply, None if it is a write."""

    answers: list[Answer] = field(default_factory=lambda: [OK])
    writes: int = 0
    endpoint: str = ""

    def answer(self, *answers: Answer) -> None:
        self.answers = list(answers)

    async def say(self, writer: asyncio.StreamWriter, ok: bytes, error: Callable[[bytes], bytes]) -> bool:
        """Answer a write; False if the connection is to be closed."""
        self.writes += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == CUT:
            return False
        if answer == SILENT:
            return True
        if answer == LATE:
            await asyncio.sleep(LATE_SECONDS)
        writer.write(error(answer) if isinstance(answer, bytes) else ok)
        return True


Talk = Callable[[Wire, asyncio.StreamReader, asyncio.StreamWriter], Any]


@asynccontextmanager
async def serving(talk: Talk, scheme: str) -> AsyncIterator[Wire]:
    """A fake on a port of its own, until the block ends."""
    wire = Wire()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await talk(wire, reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire.endpoint = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
