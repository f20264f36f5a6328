"""Readiness of OpenSearch, on stand-ins for nodes: a run begins, and goes on after a heal, with all copies."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.options import settle
from splitbrain.targets.opensearch import OpenSearch
from splitbrain.targets.opensearch.client import OpenSearchClient
from splitbrain.targets.opensearch.software import LATER, SOFTWARE, VERSION, newest_java, node_source
from splitbrain.targets.servers.errors import ServerError

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


def test_containers_are_of_the_release_that_their_java_runs() -> None:
    def environments(version: str) -> list[str]:
        return [one.environment for one in OpenSearch({**SETTINGS, "version": version}).deployments]

    assert environments(VERSION) == ["local", "docker"]
    assert environments(LATER) == ["local"]


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


def pages(
    *sizes: int, failed: int = 0, stale: int = 0, fresh: int = 3
) -> tuple[AbstractAsyncContextManager[Wire], list[str]]:
    """A node whose search has pages of so many elements, and what it was asked. failed, stale: how many shards a search
    and a refresh do not reach. fresh: how many copies were refreshed."""
    asked: list[str] = []
    left = [*sizes, 0]

    def answer(request: HttpRequest) -> Reply:
        asked.append(f"{request.method} {request.path.partition('?')[0]}")
        if request.path.endswith("/_refresh"):
            return 200, json.dumps({"_shards": {"total": 3, "successful": fresh, "failed": stale}})
        if "/_search" not in request.path or request.method == "DELETE":
            return 200, "{}"
        hits = [{"_source": {"text": f"{len(left)}-{number}"}} for number in range(left.pop(0))]
        shards = {"successful": 1, "failed": failed}
        return 200, json.dumps({"_scroll_id": "next", "_shards": shards, "hits": {"hits": hits}})

    return http_node(answer, (201, "{}"), lambda error: (500, "{}"))(), asked


def test_all_pages_of_a_search_are_read() -> None:
    async def scene() -> None:
        node, asked = pages(3, 2)
        async with node as there:
            client = OpenSearchClient(there.endpoint, OpenSearch(SETTINGS))
            await client.open()
            assert sorted(await client.elements()) == ["1-0", "1-1", "2-0", "2-1", "2-2"]
            await client.close()
        assert asked[-4:] == [
            "GET /splitbrain-set/_search",
            *["POST /_search/scroll"] * 2,
            "DELETE /_search/scroll",
        ]

    asyncio.run(scene())


@pytest.mark.parametrize("shards", [{"failed": 1}, {"stale": 1}, {"fresh": 0}])
def test_a_search_without_all_shards_is_an_error(shards: dict[str, int]) -> None:
    async def scene() -> None:
        node, _ = pages(3, **shards)
        async with node as there:
            client = OpenSearchClient(there.endpoint, OpenSearch(SETTINGS))
            await client.open()
            with pytest.raises(ServerError, match="without all shards"):
                await client.elements()
            await client.close()

    asyncio.run(scene())


def test_a_copy_without_a_node_makes_no_refresh_an_error() -> None:
    async def scene() -> None:
        node, _ = pages(1, fresh=2)
        async with node as there:
            client = OpenSearchClient(there.endpoint, OpenSearch(SETTINGS))
            await client.open()
            assert list(await client.elements()) == ["1-0"]
            await client.close()

    asyncio.run(scene())


def test_disks_that_are_nearly_full_cost_no_copies() -> None:
    """OpenSearch puts none on a disk that is filled to 85 %, and a run would be of one copy."""
    place = Place("n1", "198.18.0.11", Path("/n1"), {"n1": "198.18.0.11"})
    told = OpenSearch(SETTINGS).files(place)["config/opensearch.yml"]
    assert "cluster.routing.allocation.disk.threshold_enabled: false\n" in str(told)


def java(home: Path, release: str) -> Path:
    """A Java that says its release."""
    (home / "bin").mkdir(parents=True)
    (home / "bin/java").touch()
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{release}"\n')
    return home


def test_the_newest_java_is_taken_where_a_release_needs_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest_java.cache_clear()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "home", "17.0.2")))
    monkeypatch.setattr("splitbrain.targets.opensearch.software.INSTALLED", tmp_path / "jvm")
    with pytest.raises(
        InfrastructureError, match=r"OpenSearch 3\.9\.0 needs Java 21 or newer, and none is in JAVA_HOME"
    ):
        newest_java(21)
    for release in ("21.0.1", "25", "8"):
        java(tmp_path / "jvm" / release, release)
    (tmp_path / "jvm/openjdk").mkdir()
    assert newest_java(21) == str(tmp_path / "jvm/25/bin/java")
    newest_java.cache_clear()


def test_each_release_has_its_own_jars_and_its_own_way_to_name_the_transport() -> None:
    assert [[source.provides(one) for source in SOFTWARE.sources] for one in (VERSION, LATER)] == [
        [True, False],
        [False, True],
    ]
    assert SOFTWARE.default() == VERSION
    assert "Netty4Plugin.class" in node_source(VERSION) and "Netty4ModulePlugin" not in node_source(VERSION)
    assert "Netty4ModulePlugin.class" in node_source(LATER)
