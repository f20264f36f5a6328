"""Clients of OpenSearch, over HTTP."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.objects import NamedElements, name_of
from splitbrain.targets.opensearch.errors import ERRORS
from splitbrain.targets.servers.client import ANY
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.http import HttpConnection, Json

HTTP_PORT = 9200
OBJECTS, ELEMENTS = "splitbrain", "splitbrain-set"
PAGE = 10_000
"""As many documents as one answer to a search has at most."""
NOT_FOUND = 404
INDEX = {
    "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-all", "max_result_window": PAGE},
    "mappings": {"enabled": False},
}


class OpenSearchConnection(HttpConnection):
    """Connections to one node."""

    port = HTTP_PORT

    async def asked(self, method: str, path: str, body: Json | None = None, but: Sequence[int] = ()) -> Json:
        """The answer to a request; of a list, its `rows`. ServerError if its status is an error, and none of `but`."""
        answer: Json = (await self.respond(method, path, but, json=body)).json()
        return answer if isinstance(answer, dict) else {"rows": answer}


class OpenSearchClient(NamedElements):
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
        one = await self.connection.asked("GET", f"/{OBJECTS}/_doc/{name_of(operation)}{primary}", but=(NOT_FOUND,))
        if "error" in one:
            raise ServerError(f"HTTP 404: {one['error']}", NOT_FOUND)
        if not one["found"]:
            return None, None
        return one["_source"]["text"], f"if_seq_no={one['_seq_no']}&if_primary_term={one['_primary_term']}"

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome:
        """See `VersionedObjects`. version: of `found`."""
        verb, condition = ("_create", "") if version is None else ("_doc", "" if version is ANY else f"&{version}")
        path = f"/{OBJECTS}/{verb}/{name_of(operation)}?{self._active}{condition}"
        # A conflict is an error of unknown end: it may be with this very change, put by the node's first try.
        await self.connection.asked("PUT", path, {"text": text})
        return Outcome.ok(operation.value)

    async def elements(self) -> Iterable[str]:
        """See `NamedElements`: what a search finds after a refresh."""
        _whole(await self.connection.asked("POST", f"/{ELEMENTS}/_refresh"), "a refresh")
        where = f"/{ELEMENTS}/_search?scroll=1m&size={PAGE}&allow_partial_search_results=false"
        answer = await self.connection.asked("GET", where)
        search = {"scroll_id": answer["_scroll_id"]}
        texts: list[str] = []
        while page := _hits(answer):
            texts += page
            answer = await self.connection.asked("POST", "/_search/scroll", {"scroll": "1m", **search})
        await self.connection.asked("DELETE", "/_search/scroll", search, but=(NOT_FOUND,))
        return texts

    async def put_element(self, text: str) -> None:
        """See `NamedElements`: a document of an index of their own."""
        path = f"/{ELEMENTS}/_create/{quote(text, safe='')}?{self._active}"
        await self.connection.asked("PUT", path, {"text": text})

    @property
    def _active(self) -> str:
        return f"timeout=2s&wait_for_active_shards={self.server.word('active')}"

    async def teardown(self) -> None:
        if self.server.endpoints:
            for index in (OBJECTS, ELEMENTS):
                await self.connection.asked("DELETE", f"/{index}", but=(NOT_FOUND,))


def _whole(answer: Json, done: str) -> Json:
    """The answer. ServerError if a shard that was asked failed, or none succeeded: a copy that was not refreshed hides
    what it has.

    Pitfall: a primary that is not there counts as no failure (TransportBroadcastReplicationAction), so that nothing was
    refreshed and nothing failed. Nor does a copy without a node, which no search asks: fewer than all is no error.
    """
    shards = answer["_shards"]
    if shards["failed"] or not shards["successful"]:
        raise ServerError(f"{done} without all shards: {shards}")
    return answer


def _hits(answer: Json) -> list[str]:
    """The texts of a page of a search. ServerError if a shard did not answer."""
    _whole(answer, "a search")
    return [one["_source"]["text"] for one in answer["hits"]["hits"]]
