"""JSON over HTTP to one node: one request a call, no hidden retries, no proxies, no redirects, one pool of connections.

Errors are Python's own and say whether a byte was sent: ConnectionRefusedError if not, TimeoutError and other
ConnectionErrors if so.
"""

import json
from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from splitbrain.targets.servers.access import CONNECT_SECONDS, PLAIN, Access
from splitbrain.targets.servers.errors import ServerError

if TYPE_CHECKING:
    import httpx2

Json = dict[str, Any]
OK = 200


class HttpConnection:
    """Connections to one node. address: an IP address or name, or a URL. A subclass says what errors in a body mean."""

    port = 80
    basic = True
    """Whether user and password go with every request, by the basic scheme."""
    token = ""
    """The header that the password alone goes in with every request, if one does."""

    def __init__(self, address: str, access: Access = PLAIN) -> None:
        import httpx2

        self.url = address if "://" in address else f"http://{address}:{self.port}"
        self.access = access
        self.http: httpx2.AsyncClient = httpx2.AsyncClient(
            base_url=self.url,
            verify=access.context if self.url.startswith("https:") else False,
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            headers={self.token: access.password} if self.token and access.user else None,
            auth=(access.user, access.password) if self.basic and access.user else None,
            trust_env=False,
        )

    def failure(self, status: int, body: Any, content: bytes) -> Exception:
        """The error that a node answered. body: the JSON, None if it is none."""
        return ServerError(f"HTTP {status}: {content[:200].decode(errors='replace')}", status)

    async def respond(self, method: str, path: str, but: Collection[int] = (), **words: Any) -> "httpx2.Response":
        """The response to a request, whose words are the library's. ServerError if it is an error and none of `but`."""
        with translated():
            response = await self.http.request(method, path, **words)
        if not response.is_success and response.status_code not in but:
            self._body(response)  # it raises what the status means
        return response

    async def get(self, path: str) -> Json:
        """The answer to a GET. ServerError if it is an error, else as the module says."""
        return self._body(await self.respond("GET", path))

    async def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Json:
        """The answer to a POST; errors as of `get`."""
        return self._body(await self.respond("POST", path, json=body, headers=headers))

    async def lines(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Json, None]:
        """The messages of an answer that never ends, a line of JSON each; ends if the node ends it. To be closed by
        a caller that stops before its end."""
        with translated():
            async with self.http.stream("POST", path, json=body) as response:
                if response.status_code != OK:
                    await response.aread()
                    self._body(response)
                async for line in response.aiter_lines():
                    if line.strip():
                        yield _message(line)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.http.aclose()

    def _body(self, response: "httpx2.Response") -> Json:
        try:
            body = json.loads(response.content)
        except ValueError:
            body = None
        if response.status_code == OK and isinstance(body, dict):
            return body
        raise self.failure(response.status_code, body, response.content)


@contextmanager
def translated() -> Iterator[None]:
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


def _message(line: str) -> Json:
    try:
        message: Json = json.loads(line)
    except ValueError:
        raise ConnectionResetError("the stream was cut in the middle of a message") from None
    return message
