"""Clients of OpenSearch, over HTTP."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.opensearch.errors import ERRORS
from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.client import ANY, ServerClient, VersionedObjects
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.http import HttpConnection, Json, translated
from splitbrain.targets.values import in_order, packed, unpacked

HTTP_PORT = 9200
OBJECTS, ELEMENTS = "splitbrain", "splitbrain-set"
MOST = 10_000
"""As many documents as a search gives at most."""
CREATED, NOT_FOUND = (200, 201), 404
INDEX = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-all", "max_result_window": MOST},
    "mappings": {"enabled": False},
}


class OpenSearchConnection(HttpConnection):
    """Connections to one node."""

    port = HTTP_PORT

    def __init__(self, address: str, access: Access = PLAIN) -> None:
        super().__init__(address, access)
        if access.user:
            self.http.auth = (access.user, access.password)

    async def asked(self, method: str, path: str, body: Json | None = None, but: Sequence[int] = ()) -> Json:
        """The answer to a request; of a list, its `rows`. ServerError if its status is an error, and none of `but`."""
        with translated():
            response = await self.http.request(method, path, json=body)
        if response.status_code not in (*CREATED, *but):
            raise self.failure(response.status_code, None, response.content)
        answer: Json = response.json()
        return answer if isinstance(answer, dict) else {"rows": answer}


class OpenSearchClient(VersionedObjects, ServerClient):
    """One logical client."""

    errors = ERRORS
    connection: Any

    async def open(self) -> None:
        self.connection = OpenSearchConnection(self.address, self.server.access)
        await self.connection.asked("GET", "/")

    async def setup(self) -> None:
        """Make the two indices. ConnectionRefusedError while they do not have all their copies."""
        for index in (OBJECTS, ELEMENTS):
            await self.connection.asked("PUT", f"/{index}", INDEX, but=(400,))  # it is there already
        health = await self.connection.asked("GET", "/_cluster/health?wait_for_status=green&timeout=2s", but=(408,))
        if health["status"] != "green":
            raise ConnectionRefusedError(f"not all copies are there yet: the cluster is {health['status']}")

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of the object's document; its version is what a conditional put names."""
        primary = "?preference=_primary" if self.server.word("reads") == "primary" else ""
        one = await self.connection.asked("GET", f"/{OBJECTS}/_doc/k{operation.key}{primary}", but=(NOT_FOUND,))
        if "error" in one:
            raise ServerError(f"HTTP 404: {one['error']}", NOT_FOUND)
        if not one["found"]:
            return None, None
        return one["_source"]["text"], f"if_seq_no={one['_seq_no']}&if_primary_term={one['_primary_term']}"

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome:
        """See `VersionedObjects`. version: of `found`."""
        verb, condition = ("_create", "") if version is None else ("_doc", "" if version is ANY else f"&{version}")
        path = f"/{OBJECTS}/{verb}/k{operation.key}?{self._active}{condition}"
        # A conflict is an error of unknown end: it may be with this very change, put by the node's first try.
        await self.connection.asked("PUT", path, {"text": text})
        return Outcome.ok(operation.value)

    async def read(self, operation: Operation) -> Outcome:
        if operation.key is not None:
            text, _ = await self.found(operation)
            return Outcome.ok(None if text is None else unpacked(text))
        await self.connection.asked("POST", f"/{ELEMENTS}/_refresh")
        answer = await self.connection.asked(
            "GET", f"/{ELEMENTS}/_search?size={MOST}&allow_partial_search_results=false"
        )
        return Outcome.ok(in_order(one["_source"]["text"] for one in answer["hits"]["hits"]))

    async def add(self, operation: Operation) -> Outcome:
        """Add to the set without a key, which is an index; another one is kept as a list."""
        if operation.key is not None:
            return await self.append(operation)
        text = packed(operation.value)
        path = f"/{ELEMENTS}/_create/{quote(text, safe='')}?{self._active}"
        await self.connection.asked("PUT", path, {"text": text})
        return Outcome.ok(operation.value)

    @property
    def _active(self) -> str:
        return f"timeout=2s&wait_for_active_shards={self.server.word('active')}"

    async def teardown(self) -> None:
        if self.server.endpoints:
            for index in (OBJECTS, ELEMENTS):
                await self.connection.asked("DELETE", f"/{index}", but=(NOT_FOUND,))
