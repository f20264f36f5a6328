"""Systems under test: own stores, servers on a kit, and servers that a file describes."""

SUMMARIES = {
    "single": "one node holds everything, the others pass requests on to it",
    "primary-backup": "one node decides and the others copy (Alsberg and Day 1976): silence counts as death",
    "raft": "a replicated log by consensus (Ongaro and Ousterhout 2014): a majority decides",
    "etcd": "etcd, a key-value store on Raft: real processes, containers, or a cluster that exists",
    "cassandra": "Apache Cassandra 5, a wide-column store without a leader: real processes or containers",
    "redis": "Redis, asynchronous replicas and Sentinel: real processes, containers, or a cluster",
    "zookeeper": "ZooKeeper, a replicated tree of small files: real processes, containers, or a cluster",
    "binary": "a server of your own, described by a file: binary:FILE.toml",
}
"""The targets' summaries for `splitbrain list`, which imports no target for it. A test compares them with the classes;
a target that is missing here is imported."""
