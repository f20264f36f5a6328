"""Error tables of Kafka and of its driver, librdkafka. An operation with a definite error certainly did not happen.

What the codes mean: kafka.apache.org, "Protocol guide: Error codes". When a leader says them: its source,
`Partition.appendRecordsToLeader` before it appends, `DelayedProduce` afterwards.

Pitfall: NOT_LEADER_OR_FOLLOWER and UNKNOWN_TOPIC_OR_PARTITION are said of a message that is in the log, too, when its
leader is deposed while it waits for the copies. The driver keeps it then until it expires (`session.py`), or fails it
itself, as soon as the node of its client no longer knows the log.
"""

from dataclasses import replace

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import code, table

ABORTED, PARTLY = "aborted", "partly"
"""Codes of ours: a transaction was aborted and never begun to be committed; not all messages were acknowledged."""
ROWS = (
    code(19, ErrorKind.UNAVAILABLE, definite=True),  # NOT_ENOUGH_REPLICAS, which is said before it appends
    code(5, ErrorKind.NO_LEADER),  # LEADER_NOT_AVAILABLE, which the driver is told when it asks
    code(-188, ErrorKind.UNAVAILABLE),  # _UNKNOWN_TOPIC: the driver has nobody to send it to, perhaps any more
    code(-190, ErrorKind.UNAVAILABLE),  # _UNKNOWN_PARTITION, likewise
    code(6, ErrorKind.NO_LEADER),  # NOT_LEADER_OR_FOLLOWER
    code(3, ErrorKind.UNAVAILABLE),  # UNKNOWN_TOPIC_OR_PARTITION
    code(20, ErrorKind.UNAVAILABLE),  # NOT_ENOUGH_REPLICAS_AFTER_APPEND
    code(56, ErrorKind.OTHER),  # KAFKA_STORAGE_ERROR
    code(78, ErrorKind.UNAVAILABLE),  # OFFSET_NOT_AVAILABLE
    code(7, ErrorKind.TIMEOUT),  # REQUEST_TIMED_OUT
    code(-192, ErrorKind.TIMEOUT),  # _MSG_TIMED_OUT: it may have been sent
    code(-185, ErrorKind.TIMEOUT),  # _TIMED_OUT
    code(-195, ErrorKind.CONNECTION),  # _TRANSPORT
    code(-187, ErrorKind.CONNECTION),  # _ALL_BROKERS_DOWN
    code(-137, ErrorKind.CONNECTION),  # _DESTROY_BROKER: the broker has left
    code(PARTLY, ErrorKind.UNAVAILABLE),
    code(47, ErrorKind.CONFLICT),  # INVALID_PRODUCER_EPOCH: another producer has the name
    code(90, ErrorKind.CONFLICT),  # PRODUCER_FENCED, likewise
    code(-144, ErrorKind.CONFLICT),  # _FENCED, likewise
    code(51, ErrorKind.CONFLICT),  # CONCURRENT_TRANSACTIONS: the last one is not yet ended
    code(14, ErrorKind.UNAVAILABLE),  # COORDINATOR_LOAD_IN_PROGRESS
    code(15, ErrorKind.UNAVAILABLE),  # COORDINATOR_NOT_AVAILABLE
    code(16, ErrorKind.NO_LEADER),  # NOT_COORDINATOR
)
ABORT = code(ABORTED, ErrorKind.UNAVAILABLE, definite=True)
ERRORS = table(*ROWS, ABORT)
"""The table of a producer that sends each message once."""
ERRORS_OF_THE_LAST_TRY = table(*(replace(row, definite=False) for row in ROWS), ABORT)
"""The table of a producer that tries again: an earlier try may have succeeded, whatever the last one is told. A commit
is tried again, too; only what was aborted instead is a definite failure."""
