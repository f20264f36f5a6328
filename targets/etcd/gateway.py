"""How is one member of etcd spoken to? JSON over HTTP: one request a call, no hidden retries, no proxies, one pool.

The traps: keys and values are base64, 64-bit numbers come as text, and what is zero or false is left out altogether.
An error must say whether a byte was sent: ConnectionRefusedError if not, TimeoutError and other ConnectionErrors if so.
"""

import base64
import importlib.util
import json
import ssl
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splitbrain.harness.errors import InfrastructureError
from splitbrain.targets.etcd.errors import EtcdError, understood

if TYPE_CHECKING:
    import httpx2

Json = dict[str, Any]

CLIENT_PORT = 2379
PEER_PORT = 2380
CONNECT_SECONDS = 2.0
"""A member that does not even accept a connection for so long was not reached."""


@dataclass(frozen=True)
class Access:
    """How members are reached. Paths of PEM files for TLS; user and password where the cluster asks for them."""

    ca: str = ""
    cert: str = ""
    key: str = ""
    user: str = ""
    password: str = ""


PLAIN = Access()


class Gateway:
    """A connection to one member. address: an IP address or name, or a URL."""

    def __init__(self, address: str, access: Access = PLAIN) -> None:
        self.url = address if "://" in address else f"http://{address}:{CLIENT_PORT}"
        self._access = access
        self._http = self._made()

    def _made(self) -> "httpx2.AsyncClient":
        import httpx2

        # Without TLS no certificates are looked at, and loading them takes 30 ms for every new client.
        verify: ssl.SSLContext | bool = self._tls() if self.url.startswith("https:") else False
        transport = httpx2.AsyncHTTPTransport(verify=verify, retries=0, http2=False, trust_env=False)
        return httpx2.AsyncClient(
            base_url=self.url,
            transport=transport,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    def _tls(self) -> ssl.SSLContext:
        access = self._access
        context = ssl.create_default_context(cafile=access.ca or None)
        if access.cert:
            context.load_cert_chain(access.cert, access.key or None)
        return context

    async def open(self) -> None:
        """Connect, and log in if there is a user. What fails here has changed nothing."""
        await self.get("/version")
        if self._access.user:
            body = {"name": self._access.user, "password": self._access.password}
            answer = await self.call("/v3/auth/authenticate", body)
            self._http.headers["Authorization"] = answer["token"]

    def another(self) -> "Gateway":
        """A connection of its own to the same member, logged in as this one."""
        other = Gateway(self.url, self._access)
        if "Authorization" in self._http.headers:
            other._http.headers["Authorization"] = self._http.headers["Authorization"]
        return other

    async def get(self, path: str) -> Json:
        """The answer to a GET. EtcdError, OSError or TimeoutError."""
        with _translated():
            response = await self._http.get(path)
        return _body(response.status_code, response.content)

    async def call(self, path: str, body: Mapping[str, Any], *, with_leader: bool = False) -> Json:
        """The answer to a POST. with_leader: refused at once by a member that knows of no leader.

        EtcdError if etcd answered with an error, ConnectionRefusedError if nothing was sent, TimeoutError or another
        ConnectionError if nobody knows.
        """
        with _translated():
            response = await self._http.post(path, json=body, headers=WITH_LEADER if with_leader else None)
        return _body(response.status_code, response.content)

    async def stream(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
        """The answers to a POST that never ends, one by one; ends if the member ends it. Errors as of `call`. To be
        closed by whoever stops before its end."""
        with _translated():
            async with self._http.stream("POST", path, json=body) as response:
                if response.status_code != OK:
                    _body(response.status_code, await response.aread())
                async for line in response.aiter_lines():
                    if line.strip():
                        yield _result(line)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()


OK = 200
WITH_LEADER = {"Grpc-Metadata-hasleader": "true"}


def require_library() -> None:
    """InfrastructureError, which says what to install, if the HTTP library is not there."""
    if importlib.util.find_spec("httpx2") is None:
        raise InfrastructureError("target etcd needs httpx2: pip install 'splitbrain[etcd]'")


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the HTTP library as Python's own: they say whether a byte was sent."""
    import httpx2

    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise ConnectionRefusedError(f"not reached: {error or type(error).__name__}") from error
    except httpx2.TimeoutException as error:
        raise TimeoutError(str(error) or type(error).__name__) from error
    except httpx2.TransportError as error:
        raise ConnectionResetError(f"the connection broke: {error or type(error).__name__}") from error


def _body(status: int, content: bytes) -> Json:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if status == OK and isinstance(body, dict):
        return body
    if isinstance(body, dict):
        raise understood(str(body.get("message") or body.get("error") or f"HTTP {status}"), _number(body.get("code")))
    raise EtcdError("unavailable", f"HTTP {status}: {content[:200].decode(errors='replace')}")


def _result(line: str) -> Json:
    try:
        message = json.loads(line)
    except ValueError:
        raise ConnectionResetError("the stream was cut in the middle of a message") from None
    if "error" in message:
        error = message["error"]
        raise understood(str(error.get("message") or error), _number(error.get("grpc_code") or error.get("code")))
    result: Json = message["result"]
    return result


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def encoded(text: str) -> str:
    """A key or a value as the gateway takes it."""
    return base64.b64encode(text.encode()).decode()


def decoded(text: str) -> str:
    """A key or a value as the gateway gives it."""
    return base64.b64decode(text).decode()


def prefix_end(prefix: str) -> str:
    """The end of the range of all keys that begin with a prefix, which is ASCII and not empty."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def revision_of(answer: Mapping[str, Any]) -> int:
    """The store's revision at which an answer was made."""
    return int(answer["header"].get("revision", 0))
