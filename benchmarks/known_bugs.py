"""Known bugs of real systems, and runs that a correct one must survive: how often each is seen.

Each row is one command, run with seeds 1, 2, … one after the other.
The tables of docs/known-bugs.md are what this prints. `--write` goes on with the runs that the page tells of, until
each row has as many as it should, and puts the lines there; `--anew` leaves out what the page has.

    python benchmarks/known_bugs.py [--only stale,lock-faults] [--runs 3] [--write] [--anew]

Pitfall: a busy machine. Faults last for a given time while everything else is slower, so fewer runs are refuted there.
"""

import argparse
import sys
from pathlib import Path

from bug_rows import EITHER, INVALID, VALID, BugRow, once, page_runs, table
from page import replace_rows

PAGE = Path(__file__).parents[1] / "docs" / "known-bugs.md"

FIVE = "--env local --nodes 5"
LOCKS = f"{FIVE} --workload lock"
HARD = "--nemesis partition:topology=majority-minority,pause:size=minority --nemesis-interval 12 --nemesis-duration 9"
LONG = f"{LOCKS} --set locks=8 --set hold_seconds=8 --concurrency 40 --timeout 12 --time-limit 36"
EXPIRING = f"{LOCKS} --set hold_seconds=4 --time-limit 20"
FULL = "--env local --nodes 1 --workload set --nemesis enospc --nemesis-interval 3 --rate 0 --time-limit 21"
FAULTS = f"{FIVE} --nemesis partition,kill,pause,clock"
LOAD = f"{FIVE} --workload set --nemesis kill --nemesis-interval 3 --concurrency 50 --rate 0 --time-limit 30"

THREE = "--env local --nodes 3"
CUT = f"{THREE} --nemesis partition --time-limit 20"
SPARSE = f"{CUT} --workload unique-register --concurrency 120 --rate 120 --set write_share=0.3"
ALL_KILLED = (
    f"{THREE} --workload set --nemesis kill:size=all --nemesis-interval 20 --nemesis-duration 4 --time-limit 20"
)

SPACED = "--nemesis kill,pause,powerloss,clock --nemesis-interval 8 --nemesis-duration 2"
ALL_POWER = "--workload set --nemesis powerloss:size=all --nemesis-interval 8 --nemesis-duration 1 --time-limit 14"
LOST_POWER = (
    "--env local --nodes 1 --workload set --nemesis powerloss --nemesis-interval 5 --nemesis-duration 1 --time-limit 12"
)
LOGS = f"{THREE} --workload log"
BATCHES, TRANSACTED = f"{THREE} --workload batched-log", f"{THREE} --workload transactional-log"
LONG_CUT = "--nemesis partition:topology=leader-isolated --nemesis-interval 12 --nemesis-duration 8 --time-limit 40"
UNANSWERED = "--nemesis client,pause --time-limit 40"
SHORT_CUTS = "--nemesis partition --nemesis-interval 10 --nemesis-duration 4 --time-limit 30"
SLOW_POWER = "--nemesis powerloss:size=all --nemesis-interval 20 --nemesis-duration 2 --time-limit 60"
ONE = "--env local --nodes 1 --time-limit 10"
SOON_KILLED = "--workload set --nemesis kill:size=all --nemesis-interval 8 --nemesis-duration 1 --time-limit 14"
HBASE = f"--env local --nodes 1 {SOON_KILLED}"
APART = (
    "--workload unique-register --nemesis partition:topology=majority-minority --nemesis-interval 20 "
    "--nemesis-duration 14 --time-limit 40"
)
VOTED = (
    "--nemesis partition:topology=leader-isolated --nemesis-interval 8 --nemesis-duration 5 --time-limit 24 "
    "--workload unique-register"
)
PARTED = "--workload queue --time-limit 40 --nemesis partition --nemesis-interval 20 --nemesis-duration 15"
MESSAGE_LOCKS = "--workload lock --set locks=8 --set hold_seconds=40 --concurrency 32 --timeout 50 --time-limit 60"
HOLDER_PAUSED = "--nemesis pause:size=minority --nemesis-interval 36 --nemesis-duration 28"
LISTS = "--workload list-append --concurrency 10 --rate 0"
SERIAL = "--set consistency=serializable"
FIXED = "--env local --nodes 1 --time-limit 60"
LEADER_CUT = (
    "--workload unique-register --set write_share=0.3 --timeout 2 --nemesis partition:topology=leader-isolated "
    "--nemesis-interval 20 --nemesis-duration 14 --time-limit 60"
)
PROMOTED = (
    "--workload set --nemesis partition:topology=leader-isolated --nemesis-interval 20 --nemesis-duration 12 "
    "--time-limit 20"
)
DEMOTED = (
    "--workload set --nemesis partition:topology=leader-isolated --nemesis-interval 20 --nemesis-duration 12 "
    "--time-limit 40"
)
ELECTED = (
    "--workload set --nemesis partition:topology=leader-isolated --nemesis-interval 40 --nemesis-duration 32 "
    "--time-limit 45"
)
READERS = "--workload unique-register --concurrency 12 --rate 0 --time-limit 10 --model regular"


ROWS = (
    BugRow("stale", "serializable reads are stale on the side that is cut off", "etcd:reads=serializable",
        f"{FIVE} --nemesis partition --time-limit 60", INVALID, runs=10),
    BugRow("survives", "linearizable reads and writes survive", "etcd",
        f"{FAULTS} --time-limit 60", VALID),
    BugRow("survives-3.5.17", "the same", "etcd:version=3.5.17", f"{FAULTS} --time-limit 30", VALID),
    BugRow("survives-3.4.23", "the same", "etcd:version=3.4.23", f"{FAULTS} --time-limit 30", VALID),
    BugRow("all", "every fault of `all`: a cycle, then storms", "etcd", f"{FIVE} --nemesis all --time-limit 60", VALID,
        runs=10),
    BugRow("no-sync", "acknowledged before it is on disk, and the power of all members is lost", "etcd:fsync=off",
        f"{THREE} --nemesis powerloss:size=all --time-limit 20", INVALID),
    BugRow("members", "members are removed and join again as learners, under other faults", "etcd:version=3.5.17",
        f"{FIVE} --nemesis membership,kill,partition --time-limit 40", VALID, runs=5),
    BugRow("members-3.4.23", "the same", "etcd:version=3.4.23",
        f"{FIVE} --nemesis membership,kill,partition --time-limit 45", VALID, runs=5),
    BugRow("upgrade-3.5.1", "a rolling upgrade", "etcd:version=3.4.23,upgrade_to=3.5.1",
        f"{FIVE} --nemesis upgrade --time-limit 30", VALID),
    BugRow("upgrade-3.5.17", "a rolling upgrade", "etcd:version=3.5.1,upgrade_to=3.5.17",
        f"{FIVE} --nemesis upgrade --time-limit 30", VALID),
    BugRow("watch", "watchers see every change once and in order", "etcd",
        f"{FIVE} --workload watch --nemesis partition,kill,pause --time-limit 30", VALID),
    BugRow("list", "lists that grow by transactions", "etcd",
        f"{FIVE} --workload list --nemesis partition,kill,pause --time-limit 30", VALID),
    BugRow("lock", "a lock that is kept alive, and no fault", "etcd", f"{LOCKS} --time-limit 20", VALID),
    BugRow("lock-faults", "kept alive, but the holder's member is cut off or stopped for longer than the lease",
        "etcd:election_ms=500", f"{LONG} {HARD}", INVALID, "11456, 11457", 8),
    BugRow("lock-timed", "the same, and a holder that could not renew for a whole lease stops by itself",
        "etcd:election_ms=500,lease_loss=timed", f"{LONG} {HARD}", VALID),
    BugRow("lock-expires", "held for longer than its lease, not kept alive, no fault", "etcd:keep_alive=off",
        EXPIRING, INVALID, "11457"),
    BugRow("fenced", "the same; the guarded resource checks tokens", "etcd:keep_alive=off",
        f"{EXPIRING} --set judge=fencing", VALID),
    BugRow("unfenced", "the same; the guarded resource takes any token", "etcd:keep_alive=off,fencing=off",
        f"{EXPIRING} --set judge=fencing", INVALID),
    BugRow("fenced-faults", "kept alive, long faults; the guarded resource checks tokens", "etcd:election_ms=500",
        f"{LONG} {HARD} --set judge=fencing", VALID),
    BugRow("full-disk-3.5.1", "one member whose disk is full loses acknowledged adds", "etcd:version=3.5.1",
        FULL, INVALID, "14370", 10),
    BugRow("full-disk-3.4.23", "the same, an older release", "etcd:version=3.4.23", FULL, VALID, "14370", 10),
    BugRow("full-disk-3.5.17", "the same, mended", "etcd:version=3.5.17", FULL, VALID, "14370"),
    BugRow("killed-3.5.1", "members killed under load hold different data (HashKV)", "etcd:version=3.5.1",
        LOAD, EITHER, "13766", 6),
    BugRow("killed-3.5.17", "the same, mended", "etcd:version=3.5.17", LOAD, VALID, "13766"),
    BugRow("one", "reads and writes at ONE are stale", "cassandra:cl=ONE", f"{CUT} --workload unique-register", INVALID,
        runs=10),
    BugRow("quorum-unmended", "QUORUM without read repair: a new value is read, then the old one",
        "cassandra:read_repair=none,timeout_ms=1000", SPARSE, INVALID, runs=10),
    BugRow("quorum", "the same with blocking read repair", "cassandra:timeout_ms=1000", SPARSE, VALID, runs=10),
    BugRow("quorum-clock", "QUORUM, and clocks that differ: acknowledged writes are lost",
        "cassandra:internode_timeout=off", f"{THREE} --workload unique-register --nemesis clock --time-limit 20",
        INVALID,
        runs=10),
    BugRow("clock-of-clients", "the same, stamped by the one clock of the clients",
        "cassandra:internode_timeout=off,timestamps=client",
        f"{THREE} --workload unique-register --nemesis clock --time-limit 20", VALID),
    BugRow("lwt", "lightweight transactions under partitions", "cassandra:lwt=on", CUT, VALID, runs=10),
    BugRow("lwt-faults", "lightweight transactions under partitions, kills and skewed clocks",
        "cassandra:lwt=on,internode_timeout=off",
        f"{THREE} --nemesis partition,kill,clock --nemesis-interval 12 --time-limit 60", VALID, runs=10),
    BugRow("lwt-all", "the same under every fault of `all`: a cycle, then storms",
        "cassandra:lwt=on,internode_timeout=off", f"{THREE} --nemesis all --time-limit 60", VALID),
    BugRow("set-all", "a set, added to at QUORUM and read at ALL in the end", "cassandra:read=ALL",
        f"{THREE} --workload set --nemesis partition,kill,pause --time-limit 20", VALID, runs=10),
    BugRow("counter-again", "increments that timed out are sent again, and counted twice",
        "cassandra:read=ALL,retry_timeouts=on,timeout_ms=500", f"{CUT} --workload counter", INVALID, runs=10),
    BugRow("counter-once", "the same, and none is sent again", "cassandra:read=ALL,timeout_ms=500",
        f"{CUT} --workload counter", VALID),
    BugRow("append-blind", "lists that are read and written back, and no fault", "cassandra",
        f"{THREE} --workload list --time-limit 10", INVALID),
    BugRow("append-lwt", "the same by lightweight transactions", "cassandra:lwt=on",
        f"{THREE} --workload list --time-limit 10", VALID),
    BugRow("deletes-forgot", "removed elements come back: no hints, and removals forgotten after a second",
        "cassandra:read=ALL,hints=off,gc_grace_seconds=1", f"{CUT} --workload deletes", INVALID, runs=10),
    BugRow("deletes", "the same, and removals are remembered", "cassandra:read=ALL,hints=off",
        f"{CUT} --workload deletes", VALID),
    BugRow("log-periodic", "the commit log is synced now and then, and all nodes are killed",
        "cassandra:read=ALL,commitlog=periodic", ALL_KILLED, INVALID, "CASSANDRA-13987", 10),
    BugRow("log-batch", "the same, and it is synced before a write is acknowledged", "cassandra:read=ALL",
        ALL_KILLED, VALID, "CASSANDRA-13987"),
    BugRow("sentinel", "a failover by Sentinel under partitions loses acknowledged writes", "redis",
        f"{CUT} --workload set", INVALID, runs=5),
    BugRow("sentinel-alone", "the same load on one primary that is never replaced", "redis:failover=none",
        f"{CUT} --workload set", VALID, runs=5),
    BugRow("slots", "a failover by vote under partitions loses acknowledged writes", "redis:failover=cluster",
        f"--env local --nodes 6 {VOTED}", INVALID),
    BugRow("slots-alone", "the same load on primaries that have no replicas", "redis:failover=cluster",
        f"{THREE} {VOTED}", VALID),
    BugRow("zookeeper-local", "plain reads are stale on a server that is cut off", "zookeeper:reads=local,tick_ms=2000",
        f"{CUT} --workload unique-register", INVALID, runs=5),
    BugRow("zookeeper-sync", "the same, and each read is preceded by sync", "zookeeper:tick_ms=2000",
        f"{CUT} --workload unique-register", VALID, runs=5),
    BugRow("pg-committed", "read committed is no snapshot isolation, and no fault",
        "postgresql:isolation=read-committed", f"{ONE} {LISTS} --set consistency=snapshot-isolation", INVALID),
    BugRow("pg-repeatable", "repeatable read is strong snapshot isolation", "postgresql:isolation=repeatable-read",
        f"{ONE} {LISTS} --set consistency=strong-snapshot-isolation", VALID),
    BugRow("pg-skew", "and lets write skew through", "postgresql:isolation=repeatable-read",
        f"{ONE} {LISTS} --set consistency=serializable", INVALID),
    BugRow("pg-serializable", "serializable, under kills, pauses, power losses and skewed clocks", "postgresql",
        f"--env local --nodes 1 {LISTS} --set consistency=serializable {SPACED} --time-limit 34", VALID),
    BugRow("pg-failover", "asynchronous replication and a promotion: acknowledged adds are lost",
        "postgresql:failover=promote", f"{THREE} {PROMOTED}", INVALID),
    BugRow("pg-quorum", "the same, and a commit waits for one of two standbys", "postgresql:failover=promote,quorum=1",
        f"{THREE} {PROMOTED}", VALID),
    BugRow("pg-standby", "reads of a standby that has the commit on disk, and has not carried it out",
        "postgresql:reads=node,quorum=2", f"{THREE} {READERS}", INVALID),
    BugRow("pg-apply", "the same, and a commit waits until standbys have carried it out",
        "postgresql:reads=node,quorum=2,commit=remote_apply", f"{THREE} {READERS}", VALID),
    BugRow("patroni-async", "Patroni promotes a standby that lacks what was acknowledged", "patroni",
        f"{THREE} {ELECTED}", INVALID),
    BugRow("patroni-strict", "the same, and a commit waits for a standby", "patroni:synchronous=strict",
        f"{THREE} {ELECTED}", VALID),
    BugRow("pg-bank", "reads of all accounts at read committed see half a transfer",
        "postgresql:isolation=read-committed", f"{ONE} --workload bank --rate 0", INVALID),
    BugRow("pg-bank-snapshot", "and at repeatable read do not", "postgresql:isolation=repeatable-read",
        f"{ONE} --workload bank --rate 0", VALID),
    BugRow("pg-g2", "a row is inserted where there was none, twice", "postgresql:isolation=repeatable-read",
        f"{ONE} --workload g2 --rate 0", INVALID),
    BugRow("pg-g2-serial", "the same, serializable", "postgresql", f"{ONE} --workload g2 --rate 0", VALID),
    BugRow("pg-cycle-12.3", "serializable: a fixed schedule of two inserts that miss each other",
        "postgresql:version=12.3", f"{ONE} --workload insert-cycle --rate 0 {SERIAL}", INVALID),
    BugRow("pg-cycle-13.2", "the same, mended", "postgresql:version=13.2",
        f"{ONE} --workload insert-cycle --rate 0 {SERIAL}", VALID),
    BugRow("pg-overtaken", "serializable: write skew with a transaction that is open while 3,000 others commit",
        "postgresql", f"{FIXED} --workload overtaken --rate 0 {SERIAL}", INVALID),
    BugRow("pg-overtaken-20", "the same, while 20 others commit", "postgresql",
        f"{FIXED} --workload overtaken --set commits=20 --rate 0 {SERIAL}", VALID),
    BugRow("sqlite-normal", "the journal is synced at checkpoints only, and the power is lost",
        "sqlite:synchronous=normal", LOST_POWER, INVALID),
    BugRow("sqlite-full", "the same, and it is synced at each commit", "sqlite", LOST_POWER, VALID),
    BugRow("sqlite-dirty", "sessions that share a cache and see into it", "sqlite:isolation=read-uncommitted",
        f"{ONE} {LISTS} --set consistency=read-committed", INVALID),
    BugRow("sqlite-clean", "sessions that do not", "sqlite", f"{ONE} {LISTS}", VALID),
    BugRow("duckdb-skew", "snapshots let write skew through", "duckdb",
        f"{ONE} {LISTS} --set consistency=serializable", INVALID),
    BugRow("duckdb-snapshot", "and are strong snapshot isolation", "duckdb",
        f"{ONE} {LISTS} --set consistency=strong-snapshot-isolation", VALID),
    BugRow("mariadb-default", "repeatable read loses updates", "mariadb",
        f"{ONE} {LISTS} --set consistency=snapshot-isolation", INVALID),
    BugRow("mariadb-snapshot", "the same with innodb_snapshot_isolation", "mariadb:snapshot=on",
        f"{ONE} {LISTS} --set consistency=snapshot-isolation", VALID),
    BugRow("mariadb-serial", "serializable", "mariadb:isolation=serializable",
        f"{ONE} {LISTS} --set consistency=serializable", VALID),
    BugRow("mariadb-flush", "commits are acknowledged before they are written, and the power is lost",
        "mariadb:flush=0", LOST_POWER, INVALID),
    BugRow("mariadb-synced", "the same, and they are synced first", "mariadb", LOST_POWER, VALID),
    BugRow("nats-power", "acknowledged before they are on disk, and the power of all nodes is lost", "nats",
        f"{THREE} {ALL_POWER}", INVALID),
    BugRow("nats-synced", "the same, and each is synced first", "nats:sync=always", f"{THREE} {ALL_POWER}", VALID),
    BugRow("nats-any", "any replica answers, and one is cut off", "nats:reads=any",
        f"{CUT} --workload unique-register", INVALID),
    BugRow("nats-leader", "the same, and the leader answers", "nats", f"{CUT} --workload unique-register", VALID),
    BugRow("nats-cut", "the leader is cut off for 14 s, and answers reads until it steps down", "nats",
        f"{THREE} {LEADER_CUT}", INVALID),
    BugRow("kafka-one", "the leader acknowledges alone, and is cut off", "kafka:acks=1", f"{LOGS} {LONG_CUT}", INVALID),
    BugRow("kafka-all", "the same, and all copies in sync have it first", "kafka", f"{LOGS} {LONG_CUT}", VALID),
    BugRow("kafka-again", "a producer sends again what was not answered", "kafka:retries=5",
        f"{LOGS} {UNANSWERED}", INVALID),
    BugRow("kafka-numbered", "the same, and messages are numbered", "kafka:idempotence=on",
        f"{LOGS} {UNANSWERED}", VALID),
    BugRow("kafka-flight", "five messages under way, and those without an answer are sent again",
        "kafka:retries=5,in_flight=5", f"{BATCHES} {UNANSWERED}", INVALID),
    BugRow("kafka-flown", "the same, and messages are numbered", "kafka:idempotence=on,in_flight=5",
        f"{BATCHES} {UNANSWERED}", VALID),
    BugRow("kafka-uncommitted", "polls show the messages of aborted transactions",
        "kafka:transactions=on,isolation=read-uncommitted", f"{TRANSACTED} {SHORT_CUTS}", INVALID),
    BugRow("kafka-committed", "the same, and polls show committed ones alone", "kafka:transactions=on",
        f"{TRANSACTED} {SHORT_CUTS}", VALID),
    BugRow("kafka-power", "acknowledged before they are on disk, and the power of all nodes is lost", "kafka",
        f"{LOGS} {SLOW_POWER}", INVALID),
    BugRow("kafka-synced", "the same, and each is synced first", "kafka:sync=always", f"{LOGS} {SLOW_POWER}", VALID),
    BugRow("memcached-kill", "a cache is killed and forgets", "memcached",
        "--env local --nodes 1 --workload set --nemesis kill --nemesis-interval 6 --nemesis-duration 1 --time-limit 12",
        INVALID),
    BugRow("memcached-pause", "a cache is paused and does not", "memcached",
        "--env local --nodes 1 --workload register --nemesis pause --nemesis-interval 6 --nemesis-duration 1 "
        "--time-limit 12", VALID),
    BugRow("rqlite-none", "any node answers from what it has, and one is cut off", "rqlite:reads=none",
        f"{CUT} --workload unique-register", INVALID),
    BugRow("rqlite-linear", "the same, and reads are linearizable", "rqlite",
        f"{CUT} --workload unique-register", VALID),
    BugRow("consul-stale", "any server answers from what it has, and one is cut off", "consul:reads=stale",
        f"{CUT} --workload unique-register", INVALID),
    BugRow("consul-consistent", "the same, and the leader asks a majority before it answers", "consul",
        f"{CUT} --workload unique-register", VALID),
    BugRow("ferretdb-many", "increments of several clients overwrite each other, and no fault", "ferretdb",
        f"{ONE} --workload counter", INVALID),
    BugRow("ferretdb-one", "the same increments of one client", "ferretdb",
        f"{ONE} --workload counter --concurrency 1", VALID),
    BugRow("dqlite", "nodes are cut off", "dqlite", f"{CUT} --workload unique-register", VALID),
    BugRow("dqlite-set", "nodes are killed, and cut off", "dqlite",
        f"{THREE} --workload set --nemesis kill,partition --time-limit 20", VALID),
    BugRow("galera-default", "repeatable read loses updates between nodes", "galera",
        f"{THREE} --time-limit 10 {LISTS} --set consistency=snapshot-isolation", INVALID),
    BugRow("galera-serial", "serializable, with waits before reads, and writes at three nodes",
        "galera:isolation=serializable,sync_wait=7",
        f"{THREE} --time-limit 10 {LISTS} --set consistency=serializable", INVALID),
    BugRow("galera-alone", "the same at one node", "galera:isolation=serializable,sync_wait=7",
        f"{ONE} {LISTS} --set consistency=serializable", VALID),
    BugRow("galera-behind", "a node answers before it has what another one committed", "galera", f"{THREE} {READERS}",
        INVALID),
    BugRow("galera-waits", "the same, and it waits", "galera:sync_wait=1", f"{THREE} {READERS}", VALID),
    BugRow("tarantool-dirty", "others see a change before most nodes have it, and it is rolled back", "tarantool",
        f"{THREE} --workload unique-register --nemesis kill,partition --time-limit 20", INVALID),
    BugRow("tarantool-set", "and what is acknowledged is kept", "tarantool",
        f"{THREE} --workload set --nemesis kill,partition --time-limit 20", VALID),
    BugRow("tarantool-cut", "the same, and none is killed", "tarantool", f"{CUT} --workload set", VALID),
    BugRow("opensearch", "the node of the primary is cut off and comes back: an acknowledged document is gone",
        "opensearch", f"{THREE} {DEMOTED}", EITHER),
    BugRow("opensearch-all", "the same, and all copies must be there before a change", "opensearch:active=all",
        f"{THREE} {DEMOTED}", INVALID),
    BugRow("opensearch-3.9", "the same, mended", "opensearch:version=3.9.0,active=all", f"{THREE} {DEMOTED}", VALID,
        "21456"),
    BugRow("rabbitmq-mirrored", "mirrors part, each side goes on, and the smaller one's messages are dropped",
        "rabbitmq:queue=mirrored,partitions=autoheal", f"{THREE} {PARTED}", INVALID),
    BugRow("rabbitmq-quorum", "the same, and queues are replicated by Raft", "rabbitmq:partitions=autoheal",
        f"{THREE} {PARTED}", VALID),
    BugRow("rabbitmq-lock", "a queue of one message as a lock, and the holder's node is paused", "rabbitmq",
        f"{THREE} {MESSAGE_LOCKS} {HOLDER_PAUSED}", INVALID),
    BugRow("rabbitmq-locked", "the same load, and none is", "rabbitmq", f"{THREE} {MESSAGE_LOCKS}", VALID),
    BugRow("hazelcast-map", "both sides of a cut go on with a map, and one's entries are dropped after it",
        "hazelcast:objects=map", f"{THREE} {APART}", INVALID),
    BugRow("hazelcast-cp", "the same, with references of the CP subsystem", "hazelcast", f"{THREE} {APART}", VALID),
    BugRow("ignite-memory", "entries in memory alone, and all nodes are killed", "ignite",
        f"{THREE} {SOON_KILLED}", INVALID),
    BugRow("ignite-whole", "the same load, and none is", "ignite", f"{THREE} --workload set --time-limit 14", VALID),
    BugRow("hbase-async", "changes do not wait for the log, and the node is killed", "hbase:durability=async", HBASE,
        INVALID),
    BugRow("hbase-sync", "the same, and they do", "hbase", HBASE, VALID),
    BugRow("infinispan-deny", "a part of a cut refuses what it does not hold wholly, and reads are stale after it "
        "all the same", "infinispan:split=deny", f"{THREE} {APART}", INVALID),
    BugRow("infinispan-whole", "the same load, and none is cut off", "infinispan:split=deny",
        f"{THREE} --workload unique-register --time-limit 20", VALID),
)  # fmt: skip


def main() -> None:
    options = _options()
    rows = [row for row in ROWS if not options.only or row.name in options.only]
    if options.list:
        for row in rows:
            print(f"{row.name:<18}{row.command}")
        return
    for row in rows:
        seen = list(page_runs(PAGE.read_text(), [row])) if options.write and not options.anew else []
        begun = len(seen)
        for number in range(max(0, row.runs - begun) if options.runs is None else options.runs):
            result = once(row, begun + number + 1, options.out)
            seen.append(result)
            print(f"{row.name}, seed {result['seed']}: {result['verdict']}: {result['reason']}", file=sys.stderr)
        print("\n".join(lines := table([row], seen)), flush=True)
        if options.write:
            replace_rows(PAGE, lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = {row.name for row in ROWS}

    def chosen(text: str) -> list[str]:
        wrong = sorted(set(text.split(",")) - names)
        if wrong:
            raise argparse.ArgumentTypeError(f"there is no row {', '.join(wrong)}; see --list")
        return text.split(",")

    parser.add_argument("--only", type=chosen, default=[], metavar="ROW,ROW")
    parser.add_argument("--list", action="store_true", help="the rows and their commands")
    parser.add_argument("--runs", type=int, default=None, help="how many to run, whatever the page has")
    parser.add_argument("--anew", action="store_true", help="with --write: the runs that the page has do not count")
    parser.add_argument("--out", type=Path, default=Path("runs"))
    parser.add_argument("--write", action="store_true", help="put the lines into docs/known-bugs.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
