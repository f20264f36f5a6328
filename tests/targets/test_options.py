"""Options of real servers whose values no server takes: refused in one sentence, before anything is started."""

import pytest

from splitbrain import registry
from splitbrain.harness.errors import UsageError
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec
from splitbrain.targets import TARGETS

JAVA = sorted(name for name in TARGETS if any(one.name == "heap_mb" for one in registry.target_class(name).options))


def test_every_java_server_is_looked_at() -> None:
    assert {"cassandra", "hbase", "ignite", "infinispan", "kafka", "opensearch", "zookeeper", "hazelcast"} <= set(JAVA)


@pytest.mark.parametrize("heap", ["0", "63", "-1"])
@pytest.mark.parametrize("name", JAVA)
def test_a_heap_with_which_no_server_starts(name: str, heap: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: option heap_mb is a whole number of at least 64, not '{heap}'"):
        registry.target(f"{name}:heap_mb={heap}")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("zookeeper:tick_ms=0", "option tick_ms is a whole number of at least 1"),
        ("etcd:heartbeat_ms=0", "option heartbeat_ms is a whole number of at least 1"),
        ("etcd:election_ms=0", "election_ms is at least five times heartbeat_ms, 500, and at most 50000, not 0"),
        ("etcd:heartbeat_ms=300", "election_ms is at least five times heartbeat_ms, 1500, and at most 50000, not 1000"),
        ("etcd:election_ms=50001", "at most 50000, not 50001"),
        ("hazelcast:objects=map,backups=7", "option backups is a whole number from 0 to 6"),
    ],
)
def test_a_number_that_the_server_refuses(target: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        registry.target(target)


@pytest.mark.parametrize(
    ("target", "option", "least"),
    [
        ("kafka:min_isr=3", "min_isr=3", 3),
        ("kafka", "min_isr=2", 2),
        ("nats:replicas=5", "replicas=5", 5),
        ("nats", "replicas=3", 3),
        ("postgresql:quorum=2", "quorum=2", 3),
        ("patroni:synchronous=strict", "synchronous=strict", 2),
        ("opensearch:active=2", "active=2", 2),
        ("cassandra:rf=2", "rf=2", 2),
        ("redis:wait=2", "wait=2", 3),
        ("valkey:min_replicas=1", "min_replicas=1", 2),
        ("redis:failover=cluster,wait=1", "wait=1", 6),
        ("hazelcast", "objects=cp", 3),
    ],
)
def test_an_option_that_so_few_nodes_cannot_do_is_refused_while_planning(target: str, option: str, least: int) -> None:
    with pytest.raises(UsageError, match=f": {option} needs at least {least} --nodes, not {least - 1}: take more, or "):
        plan(RunSpec(target, env="local", nodes=least - 1))
    assert plan(RunSpec(target, env="local", nodes=least)).spec.nodes == least


@pytest.mark.parametrize(
    "target",
    [
        *("kafka:min_isr=1", "kafka:acks=1", "nats:replicas=1", "postgresql", "patroni:synchronous=on"),
        *("opensearch:active=all", "cassandra:rf=1", "redis", "redis:failover=cluster", "hazelcast:objects=map"),
    ],
)
def test_one_node_will_do_for_other_values(target: str) -> None:
    assert plan(RunSpec(target, env="local", nodes=1)).spec.nodes == 1


def test_endpoints_need_not_be_all_nodes() -> None:
    assert plan(RunSpec("redis:wait=2,endpoints=redis://127.0.0.1:1")).spec.nodes == 1


def test_a_second_replica_that_a_cluster_does_not_give() -> None:
    with pytest.raises(UsageError, match="failover=cluster gives a primary one replica, and wait=2 asks for more"):
        registry.target("redis:failover=cluster,wait=2")
