"""A member of etcd that answers as it is told: a raw TCP server on 127.0.0.1 that counts requests."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

pytest.importorskip("httpx2", reason="pip install 'splitbrain[etcd]'")

CUT = "cut"
"""Close the connection once the request is read."""
HALF = "half"
"""Answer the first half, then close."""
SILENT = "silent"
"""Never answer."""

Answer = Mapping[str, Any] | tuple[int, Mapping[str, Any] | str] | str

HEADER = {"header": {"revision": "7"}}


class FakeMemberOfEtcd:
    """answers: per path what to answer, in turn; the last one stays. requests: (path, body) in order."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {"/version": [{"etcdserver": "3.5.17"}]}
        self.requests: list[tuple[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    def sent(self, path: str) -> list[Any]:
        """The bodies of all requests for a path."""
        return [body for where, body in self.requests if where == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        path = first.split()[1]
        self.requests.append((path, json.loads(content) if content else None))
        self.headers.append(headers)
        queue = self.answers.get(path, [(404, {"error": "no such path", "code": 12})])
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if answer == CUT:
            return False
        if answer == SILENT:
            await asyncio.sleep(60)
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        whole = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text
        if answer == HALF:
            whole = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
        writer.write(whole)
        await writer.drain()
        return answer != HALF


@asynccontextmanager
async def member() -> AsyncIterator[FakeMemberOfEtcd]:
    """A fake that is up."""
    fake = FakeMemberOfEtcd()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
