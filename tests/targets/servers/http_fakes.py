"""Stand-ins for nodes that speak HTTP: a healthy node's answers by method and path, and one request that writes."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from splitbrain.targets.hbase import MARK

from .wire import Wire, serving

Reply = tuple[int, str | bytes]
"""A status and a body."""


@dataclass(frozen=True)
class HttpRequest:
    """A request: `method` and `path` as they came, names of headers in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Healthy = Callable[[HttpRequest], Reply | None]
"""The answer of a healthy node; None: the request is a write."""


async def received(reader: asyncio.StreamReader) -> HttpRequest:
    """The next request of a connection."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
    method, path, _ = first.split()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return HttpRequest(method, path, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def response(status: int, body: str | bytes) -> bytes:
    """An answer as on the wire."""
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 {status} told\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n"
    return (head + 'etag: "7"\r\n\r\n').encode() + data


def http_node(
    healthy: Healthy, written: Reply, refusal: Callable[[bytes], Reply]
) -> Callable[[], AbstractAsyncContextManager[Wire]]:
    """A maker of stand-ins. written: the answer to a write; refusal: that to one which meets an error."""

    async def talk(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await received(reader)
        answer = healthy(request)
        if answer is None:
            return await wire.say(writer, response(*written), lambda error: response(*refusal(error)))
        writer.write(response(*answer))
        return True

    @asynccontextmanager
    async def node() -> AsyncIterator[Wire]:
        async with serving(talk, "http") as wire:
            yield wire

    return node


def _rqlite(request: HttpRequest) -> Reply | None:
    if request.path == "/db/execute":
        return None
    found = {"results": [{"columns": ["value"], "values": [["7"]]}]}
    return 200, json.dumps(found if request.path.startswith("/db/query") else {})


RQLITE = http_node(
    _rqlite,
    (200, json.dumps({"results": [{"rows_affected": 1}]})),
    lambda error: (503, error) if error == b"leader not found" else (200, json.dumps({"error": error.decode()})),
)


def _consul(request: HttpRequest) -> Reply | None:
    path = request.path.partition("?")[0]
    if request.method == "PUT":
        return None
    if path == "/v1/kv/e/":
        return 200, json.dumps([f"e/{text.hex()}" for text in (b"2", b"1")])
    if path == "/v1/kv/kx":
        return 404, ""
    return 200, json.dumps([{"Value": "Nw==", "ModifyIndex": 5}] if path.startswith("/v1/kv/") else {})


CONSUL = http_node(_consul, (200, "true"), lambda error: (200, error) if error == b"false" else (500, error))
"""A node of Consul, whose every key but x is 7; an error by its text, and "false" as the answer of a comparison."""


def _dqlite(request: HttpRequest) -> Reply | None:
    if request.path == "/execute":
        return None
    return (200, json.dumps({"Rows": [["0", "7"]], "Error": ""})) if request.path == "/query" else (400, "EOF")


DQLITE = http_node(
    _dqlite,
    (200, json.dumps({"Changed": 1, "Error": ""})),
    lambda error: (200, json.dumps({"Changed": 0, "Error": error.decode()})),
)
"""A node of dqlite, whose every object is 7; an error by its text."""


def _dynamodb(request: HttpRequest) -> Reply | None:
    if request.headers.get("x-amz-target", "").endswith("PutItem"):
        return None
    return 200, json.dumps({"Item": {"text": {"S": "7"}}})


DYNAMODB = http_node(
    _dynamodb,
    (200, "{}"),
    lambda error: (400, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{error.decode()}"})),
)
"""A node of DynamoDB's protocol, whose every item is 7; an error by its name."""


def _opensearch(request: HttpRequest) -> Reply | None:
    if request.method == "PUT" and request.path.startswith("/splitbrain/_doc/"):
        return None
    if request.path.startswith("/_cluster/health"):
        return 200, json.dumps({"status": "green", "number_of_nodes": 1})
    document = {"found": True, "_source": {"text": "7"}, "_seq_no": 1, "_primary_term": 1}
    return 200, json.dumps(document if request.method == "GET" and "/_doc/" in request.path else {})


OPENSEARCH = http_node(_opensearch, (201, "{}"), lambda error: (int(error), json.dumps({"error": "told"})))
"""A node of OpenSearch, whose every document is 7; an error by its status."""


def _seaweedfs(request: HttpRequest) -> Reply | None:
    if "list-type=2" in request.path:  # two pages of one element each
        more = "" if "token" in request.path else "<NextContinuationToken>more</NextContinuationToken>"
        return 200, f"<Key>e{(b'1' if more else b'2').hex()}</Key>{more}"
    return None if request.method == "PUT" else (200, "7")


SEAWEEDFS = http_node(_seaweedfs, (200, ""), lambda error: (int(error), "told"))
"""A node of S3's protocol, whose every object is 7; an error by its status."""


def _hbase(request: HttpRequest) -> Reply | None:
    if request.method == "PUT":
        return None
    row, _, columns = request.path.removeprefix("/splitbrain/").partition("/")
    texts = {MARK: "1", **({} if columns else {"1": "1", "2": "1"})}
    asked = [bytes.fromhex(one.partition(":")[2]).decode() for one in columns.split(",") if one]
    texts |= {name: "7" for name in asked if name not in (MARK, "kx")}
    if "klost" in asked:
        return 404, "Not found"
    if "kbare" in asked:
        del texts[MARK]
    cells = [{"column": _coded(f"f:{name.encode().hex()}"), "$": _coded(text)} for name, text in texts.items()]
    return 200, json.dumps({"Row": [{"key": _coded(row), "Cell": cells}]})


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode()


HBASE = http_node(_hbase, (200, ""), lambda error: (int(error), "told"))
"""HBase's gateway, whose every object but x is 7; `lost` is not told, and `bare` is of a row without a mark. An error
by its status."""
