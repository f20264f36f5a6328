"""Options of real servers whose values no server takes: refused in one sentence, before anything is started."""

import pytest

from splitbrain import registry
from splitbrain.harness.errors import UsageError
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
