"""Configuration and calls of nodes, and lines of their logs that say that they are ill."""

import itertools
import json
from pathlib import Path

import pytest

from splitbrain.harness.deployment import BuiltImage, Container, Place, Process
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Compact, Flush, Repair
from splitbrain.harness.logs import examine
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.targets.cassandra import Cassandra, configuration
from splitbrain.targets.cassandra.target import DEFAULT

ADDRESSES = {f"n{number}": f"198.18.0.{10 + number}" for number in range(1, 6)}

CALM = """\
INFO  [main] 2026-11-21T11:25:24.138 Config - Node configuration:[corrupted_tombstone_strategy=disabled; x=null]
INFO  [main] 2026-11-21T11:25:24.138 CassandraDaemon - JVM Arguments: [-XX:+ExitOnOutOfMemoryError, -XX:+UseSerialGC]
WARN  [main] 2026-11-21T11:25:24.138 StartupChecks - The JVM is not configured to stop on OutOfMemoryError
ERROR [COMMIT-LOG-WRITER] 2026-11-21T12:11:04.095 JVMStabilityInspector - Exiting forcefully due to:
org.apache.cassandra.io.FSWriteError: java.io.IOException: Input/output error
"""


def cassandra(**options: str) -> Cassandra:
    return Cassandra(settle(Cassandra.options, options, "cassandra"))


def place(name: str = "n1", nodes: int = 3, folder: Path = Path("/f")) -> Place:
    return Place(name, ADDRESSES[name], folder, dict(list(ADDRESSES.items())[:nodes]))


def configured(**options: str) -> dict[str, object]:
    (process,) = (one for one in cassandra(**options).deployments if isinstance(one, Process))
    found: dict[str, object] = json.loads(process.files(place())["conf/cassandra.yaml"])
    return found


@pytest.mark.parametrize("nodes", [1, 3, 5])
def test_all_tokens_stand_at_even_distances_and_take_turns(nodes: int) -> None:
    owners = {token: name for name in list(ADDRESSES)[:nodes] for token in configuration.tokens(place(name, nodes), 4)}
    ring = sorted(owners)
    assert len(ring) == 4 * nodes and ring[0] > -(2**63) and ring[-1] < 2**63
    steps = {later - earlier for earlier, later in itertools.pairwise(ring)}
    assert len(steps) == 1
    assert [owners[token] for token in ring] == list(ADDRESSES)[:nodes] * 4


def test_options_reach_the_configuration() -> None:
    plain = configured()
    assert plain["commitlog_sync"] == "batch" and "commitlog_sync_period" not in plain
    assert plain["hinted_handoff_enabled"] is True and plain["internode_timeout"] is True
    assert plain["paxos_variant"] == "v1" and plain["auto_bootstrap"] is False
    assert plain["seed_provider"] == [
        {
            "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
            "parameters": [{"seeds": "198.18.0.11,198.18.0.12,198.18.0.13"}],
        }
    ]
    weak = configured(commitlog="periodic", commitlog_period_ms="500", commitlog_compression="off")
    assert (weak["commitlog_sync"], weak["commitlog_sync_period"]) == ("periodic", "500ms")
    assert "commitlog_compression" in plain and "commitlog_compression" not in weak
    other = configured(hints="off", paxos="v2", internode_timeout="off", timeout_ms="700", vnodes="2")
    assert other["hinted_handoff_enabled"] is False and other["internode_timeout"] is False
    assert other["paxos_variant"] == "v2" and other["num_tokens"] == 2
    assert str(other["initial_token"]).count(",") == 1
    timeouts = {value for name, value in other.items() if name.endswith(("request_timeout", "contention_timeout"))}
    assert timeouts == {"700ms"}


def test_options_that_make_no_sense_are_refused() -> None:
    for name in ("heap_mb", "vnodes", "commitlog_period_ms", "timeout_ms"):
        with pytest.raises(UsageError, match=f"option {name} is a whole number of at least"):
            cassandra(**{name: "0"})
    with pytest.raises(UsageError, match="no meaning with option image"):
        cassandra(image="cassandra:5.0", version="5.0.6")


def test_nodes_are_called_alike_in_containers_and_as_processes() -> None:
    process, container = cassandra(heap_mb="300").deployments
    assert isinstance(process, Process) and isinstance(container, Container)
    words = list(container.command(place()))
    assert "-Xmx300m" in words and words[-3:] == ["-cp", "/opt/cassandra/lib/*", configuration.DAEMON]
    assert container.memory_mb > 300
    assert "-Dcassandra.system_distributed.default_rf=3" in words
    assert isinstance(container.image, BuiltImage) and container.image.official == f"cassandra:{DEFAULT}"
    assert not container.relative_waits and not process.relative_waits
    (only,) = cassandra(image="my/cassandra").deployments
    assert isinstance(only, Container) and only.image == "my/cassandra"
    for deployment in (process, container):
        assert set(deployment.admin_commands) == {Flush, Repair, Compact}
    assert list(container.admin_commands[Repair](place()))[-2:] == ["repair", "--full"]


def test_calm_lines_are_no_alarm_and_damage_is(tmp_path: Path) -> None:
    log = tmp_path / "n1.log"
    log.write_text(CALM)
    calm = examine(tmp_path, Cassandra.log_patterns)
    assert calm is not None and calm.value is Validity.VALID, calm
    for line in (
        "org.apache.cassandra.io.sstable.CorruptSSTableException: Corrupted: /f/data/k/r/nb-1-big-Statistics.db",
        "org.apache.cassandra.db.commitlog.CommitLogReadHandler$CommitLogReadException: Mutation checksum failure",
        "Terminating due to java.lang.OutOfMemoryError: Java heap space",
        "# A fatal error has been detected by the Java Runtime Environment:",
    ):
        log.write_text(CALM + line + "\n")
        ill = examine(tmp_path, Cassandra.log_patterns)
        assert ill is not None and ill.value is Validity.UNKNOWN, line
