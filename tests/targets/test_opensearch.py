"""Readiness of OpenSearch, on stand-ins for nodes: a run begins, and goes on after a heal, with all copies."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.options import settle
from splitbrain.targets.opensearch import OpenSearch

from .servers.http_fakes import HttpRequest, Reply, http_node
from .servers.wire import Wire

pytest.importorskip("httpx2")
SETTINGS = settle(OpenSearch.options, {}, "opensearch")


def cluster(*healths: str) -> AbstractAsyncContextManager[Wire]:
    """A node whose cluster is of these colours, one after the other, and of the last from then on."""
    left = list(healths)

    def answer(request: HttpRequest) -> Reply:
        if not request.path.startswith("/_cluster/health"):
            return 200, "{}"
        colour = left.pop(0) if len(left) > 1 else left[0]
        timed_out = "wait_for_status" in request.path and colour != "green"
        return 408 if timed_out else 200, json.dumps({"status": colour, "number_of_nodes": 1})

    return http_node(answer, (201, "{}"), lambda error: (500, "{}"))()


def test_a_run_begins_when_all_copies_are_there() -> None:
    async def scene() -> None:
        async with cluster("yellow", "green") as node:
            client = OpenSearch(SETTINGS).client(ExternalNode("n1", node.endpoint))
            await client.open()
            with pytest.raises(ConnectionRefusedError, match="the cluster is yellow"):
                await client.setup()
            await client.setup()
            await client.close()

    asyncio.run(scene())


def test_nodes_have_settled_when_the_cluster_is_green() -> None:
    async def scene() -> None:
        async with cluster("yellow", "red", "green") as node:
            server = OpenSearch({**SETTINGS, "endpoints": node.endpoint})
            async with asyncio.timeout(10):
                await server.settle([ExternalNode("n1", node.endpoint)])
        async with cluster("yellow") as node:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await OpenSearch(SETTINGS).settle([ExternalNode("n1", node.endpoint)])

    asyncio.run(scene())


def test_disks_that_are_nearly_full_cost_no_copies() -> None:
    """OpenSearch puts none on a disk that is filled to 85 %, and a run would be of one copy."""
    place = Place("n1", "198.18.0.11", Path("/n1"), {"n1": "198.18.0.11"})
    told = OpenSearch(SETTINGS).files(place)["config/opensearch.yml"]
    assert "cluster.routing.allocation.disk.threshold_enabled: false\n" in str(told)
