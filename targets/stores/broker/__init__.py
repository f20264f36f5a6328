"""log: a broker of partitioned logs; the replicas in sync decide, the leader of a partition orders.

Kreps, Narkhede and Rao, "Kafka: a Distributed Messaging System for Log Processing", NetDB 2011; replication as in Lin
et al., "PacificA: Replication in Log-Based Distributed Storage Systems", 2008, on which Kafka's is built, and Kafka's
documentation, section 4.7 (Replication). Which replicas are in sync is decided by a service that a majority keeps.

With `acks=all` and no unclean elections it promises that each partition is one order of messages, in which no
acknowledged message is lost or stands twice, while one replica in sync is left. It does not promise answers where too
few replicas are in sync, though a majority is there. Weaker acknowledgements promise nothing about a message.

In reading order: `messages`, `compaction`, `partition`, `group`, `client`, `consumer`, `node`, `invariants`, `target`.
"""

from splitbrain.targets.stores.broker.node import BrokerNode
from splitbrain.targets.stores.broker.target import LogBroker

__all__ = ["BrokerNode", "LogBroker"]
