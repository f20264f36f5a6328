"""etcd's JSON gateway: requests to one member.

Keys and values are base64, 64-bit numbers come as text, and what is zero or false is left out.
"""

import base64
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from splitbrain.targets.etcd.errors import GRPC_UNAVAILABLE, EtcdError
from splitbrain.targets.servers.http import HttpConnection, Json

CLIENT_PORT = 2379
PEER_PORT = 2380
WITH_LEADER = {"Grpc-Metadata-hasleader": "true"}


class Gateway(HttpConnection):
    """A connection to one member. address: an IP address or name, or a URL."""

    port, basic = CLIENT_PORT, False

    async def open(self) -> None:
        """Connect, and log in if there is a user. What fails here has changed nothing."""
        await self.get("/version")
        if self.access.user:
            body = {"name": self.access.user, "password": self.access.password}
            answer = await self.call("/v3/auth/authenticate", body)
            self.http.headers["Authorization"] = answer["token"]

    def another(self) -> "Gateway":
        """A connection of its own to the same member, logged in as this one."""
        other = Gateway(self.url, self.access)
        if "Authorization" in self.http.headers:
            other.http.headers["Authorization"] = self.http.headers["Authorization"]
        return other

    async def call(self, path: str, body: Mapping[str, Any], *, with_leader: bool = False) -> Json:
        """The answer to a request. with_leader: refused at once by a member that knows of no leader. EtcdError if etcd
        answered with an error; else as of `servers.http`."""
        return await self.post(path, body, WITH_LEADER if with_leader else None)

    async def stream(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
        """The answers to a request that never ends; see `HttpConnection.lines`."""
        async for message in self.lines(path, body):
            if "error" in message:
                error = message["error"]
                raise EtcdError(str(error.get("message") or error), error.get("grpc_code") or error.get("code"))
            result: Json = message["result"]
            yield result

    def failure(self, status: int, body: Any, content: bytes) -> EtcdError:
        if isinstance(body, dict):
            message = str(body.get("message") or body.get("error") or f"HTTP {status}")
            return EtcdError(message, body.get("code"))
        return EtcdError(f"HTTP {status}: {content[:200].decode(errors='replace')}", GRPC_UNAVAILABLE)


def encoded(text: str) -> str:
    """A key or a value as the gateway takes it."""
    return base64.b64encode(text.encode()).decode()


def decoded(text: str) -> str:
    """A key or a value as the gateway gives it."""
    return base64.b64decode(text).decode()


def span(prefix: str) -> Json:
    """The range of all keys that begin with a prefix, which is ASCII and not empty."""
    return {"key": encoded(prefix), "range_end": encoded(prefix[:-1] + chr(ord(prefix[-1]) + 1))}


def revision_of(answer: Mapping[str, Any]) -> int:
    """The store's revision at which an answer was made."""
    return int(answer["header"].get("revision", 0))
