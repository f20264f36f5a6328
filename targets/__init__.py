"""Systems under test: own stores, servers on a kit, Maelstrom's node programs, and servers that a file describes."""

from collections.abc import Mapping

TARGETS: Mapping[str, tuple[str, str]] = {
    "single": (
        "splitbrain.targets.stores:Single",
        "one node holds everything, the others pass requests on to it",
    ),
    "primary-backup": (
        "splitbrain.targets.stores:PrimaryBackup",
        "one node decides and the others copy (Alsberg and Day 1976): silence counts as death",
    ),
    "raft": (
        "splitbrain.targets.stores:Raft",
        "a replicated log by consensus (Ongaro and Ousterhout 2014): a majority decides",
    ),
    "chain": (
        "splitbrain.targets.stores:ChainReplication",
        "chain replication (van Renesse and Schneider 2004): the head orders, the tail answers reads",
    ),
    "paxos": (
        "splitbrain.targets.stores:Paxos",
        "a register under each key, changed by Paxos without a log or a leader (CASPaxos, Rystsov 2018)",
    ),
    "quorum": (
        "splitbrain.targets.stores.quorum:Quorum",
        "replicas without a leader (Dynamo, 2007): w of n write, r of n are read, newer versions win",
    ),
    "abd": (
        "splitbrain.targets.stores.abd:Abd",
        "an atomic register by majorities, without consensus (Attiya, Bar-Noy and Dolev 1995): reads write back",
    ),
    "multi-leader": (
        "splitbrain.targets.stores.multi_leader:MultiLeader",
        "every node accepts writes and tells the others later: conflicts are lost, kept as siblings, or merged",
    ),
    "causal": (
        "splitbrain.targets.stores.causal:Causal",
        "every node answers at once, and shows no write before what its writer had seen (COPS, 2011)",
    ),
    "crdt": (
        "splitbrain.targets.stores.crdt:Crdt",
        "replicated data types (Shapiro et al. 2011): copies that have the same updates agree",
    ),
    "cache": (
        "splitbrain.targets.stores.cache:Cache",
        "a cache in front of a store: aside, write-through or write-back, with leases on fills (Facebook, 2013)",
    ),
    "truetime": (
        "splitbrain.targets.stores.truetime:TrueTime",
        "timestamps from clocks that tell how wrong they may be, and writes that wait them out (Spanner, 2012)",
    ),
    "sharded": (
        "splitbrain.targets.stores.sharded:Sharded",
        "keys in slots that move between Raft groups while clients run (Bigtable, 2006; Spanner, 2012)",
    ),
    "two-phase-commit": (
        "splitbrain.targets.stores.two_phase_commit:TwoPhaseCommit",
        "transactions over shards by two-phase commit (Gray 1978), at five levels of isolation",
    ),
    "lock": (
        "splitbrain.targets.stores.lock:LockService",
        "locks with leases on raft, and a resource that checks fencing tokens (Chubby, 2006; Kleppmann 2016)",
    ),
    "log": (
        "splitbrain.targets.stores.broker:LogBroker",
        "a broker of partitioned logs (Kafka, 2011; PacificA, 2008): the replicas in sync decide",
    ),
    "queue": (
        "splitbrain.targets.stores.queue:MessageQueue",
        "a message queue on raft (AMQP): acknowledgement, redelivery after a visibility timeout",
    ),
    "saga": (
        "splitbrain.targets.stores.saga:Saga",
        "long transactions as steps that can be undone (Garcia-Molina and Salem 1987), without isolation",
    ),
    "gossip": (
        "splitbrain.targets.stores.gossip:GossipMembership",
        "membership by gossiped heartbeats, with a fixed timeout or phi (Van Renesse 1998; Hayashibara 2004)",
    ),
    "etcd": (
        "splitbrain.targets.etcd:Etcd",
        "etcd, a key-value store on Raft: real processes, containers, or a cluster that exists",
    ),
    "cassandra": (
        "splitbrain.targets.cassandra:Cassandra",
        "Apache Cassandra 5, a wide-column store without a leader: real processes or containers",
    ),
    "redis": (
        "splitbrain.targets.redis:Redis",
        "Redis, asynchronous replicas and Sentinel: real processes, containers, or a cluster",
    ),
    "valkey": (
        "splitbrain.targets.valkey:Valkey",
        "Valkey, asynchronous replicas and Sentinel: real processes, containers, or a cluster",
    ),
    "zookeeper": (
        "splitbrain.targets.zookeeper:ZooKeeper",
        "ZooKeeper, a replicated tree of small files: real processes, containers, or a cluster",
    ),
    "postgresql": (
        "splitbrain.targets.postgresql:PostgreSQL",
        "PostgreSQL, isolation levels and streaming replication: real processes, containers, or a cluster",
    ),
    "patroni": (
        "splitbrain.targets.patroni:Patroni",
        "Patroni, PostgreSQL whose primary is elected through etcd: real processes, or a cluster",
    ),
    "sqlite": (
        "splitbrain.targets.embedded:SQLite",
        "SQLite, a library: one node with a server of ours around it",
    ),
    "duckdb": (
        "splitbrain.targets.embedded:DuckDB",
        "DuckDB, a library for analyses: one node with a server of ours around it",
    ),
    "deltalake": (
        "splitbrain.targets.embedded.lake_target:DeltaLakeTarget",
        "Delta Lake, tables in a folder that all nodes share, with a server of ours around the library",
    ),
    "iceberg": (
        "splitbrain.targets.embedded.lake_target:IcebergTarget",
        "Iceberg, tables in a folder that all nodes share, with a server of ours around the library",
    ),
    "mariadb": (
        "splitbrain.targets.mariadb:MariaDB",
        "MariaDB with InnoDB: one real process, container, or a server that exists",
    ),
    "galera": (
        "splitbrain.targets.galera:Galera",
        "Galera, MariaDB on several nodes: real processes, containers, or a cluster",
    ),
    "nats": (
        "splitbrain.targets.nats:Nats",
        "NATS JetStream, streams replicated by Raft: real processes, containers, or a cluster",
    ),
    "kafka": (
        "splitbrain.targets.kafka:Kafka",
        "Kafka, partitioned logs copied from a leader each: real processes, containers, or a cluster",
    ),
    "memcached": (
        "splitbrain.targets.memcached:Memcached",
        "Memcached, a cache: one real process, container, or a server that exists",
    ),
    "opensearch": (
        "splitbrain.targets.opensearch:OpenSearch",
        "OpenSearch, copies of documents: real processes, containers, or a cluster",
    ),
    "ignite": (
        "splitbrain.targets.ignite:Ignite",
        "Ignite, a cache in memory with backups: real processes, containers, or a cluster",
    ),
    "tarantool": (
        "splitbrain.targets.tarantool:Tarantool",
        "Tarantool, synchronous and asynchronous spaces: real processes, containers, or one that exists",
    ),
    "rabbitmq": (
        "splitbrain.targets.rabbitmq:RabbitMQ",
        "RabbitMQ, quorum queues and mirrored ones: real processes, containers, or a cluster",
    ),
    "hazelcast": (
        "splitbrain.targets.hazelcast:Hazelcast",
        "Hazelcast, CP subsystem and maps with backups: real processes, containers, or a cluster",
    ),
    "infinispan": (
        "splitbrain.targets.infinispan:Infinispan",
        "Infinispan, a cache in memory with owners: real processes, containers, or a cluster",
    ),
    "rqlite": (
        "splitbrain.targets.rqlite:Rqlite",
        "rqlite, SQLite replicated by Raft: real processes, containers, or a cluster",
    ),
    "consul": (
        "splitbrain.targets.consul:Consul",
        "Consul, a key-value store on Raft: real processes, containers, or a cluster",
    ),
    "dqlite": (
        "splitbrain.targets.dqlite:Dqlite",
        "dqlite, SQLite replicated by Raft, a library in a program of ours: processes, containers",
    ),
    "ferretdb": (
        "splitbrain.targets.ferretdb:FerretDB",
        "FerretDB, MongoDB's protocol before SQLite: one real process, container, or one that exists",
    ),
    "dynamodb": (
        "splitbrain.targets.dynamodb:DynamoDB",
        "a mock of DynamoDB (moto, which is none): its protocol, in one process",
    ),
    "maelstrom": (
        "splitbrain.targets.maelstrom:Maelstrom",
        "node programs in any language that speak Maelstrom's protocol: maelstrom:bin=./node",
    ),
    "seaweedfs": (
        "splitbrain.targets.seaweedfs:SeaweedFS",
        "SeaweedFS, S3's conditional writes: one real process, container, or one that exists",
    ),
    "hbase": (
        "splitbrain.targets.hbase:HBase",
        "HBase on a file system of its node: one real process, container, or one that exists",
    ),
    "binary": (
        "splitbrain.targets.binary:Binary",
        "a server of your own, described by a file: binary:FILE.toml",
    ),
}
"""Every target of ours by name: its class as `module:attribute`, and its summary, so that `splitbrain list` need import
none. A test compares the summaries with the classes."""

STORES = tuple(name for name, (where, _) in TARGETS.items() if where.startswith("splitbrain.targets.stores"))
"""The own stores."""
