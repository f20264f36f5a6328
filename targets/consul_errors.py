"""Error table of Consul, by the text of its answers. An operation with a definite error certainly did not happen.

Pitfall: a node passes a change on to the leader; "rpc error making call" alone does not tell whether the leader had it.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import table, text

ERRORS = table(
    # agent/consul/rpc.go, canRetry: "No leader errors are always safe to retry since no state could have been changed".
    text("No cluster leader", ErrorKind.NO_LEADER, definite=True),
    # agent/consul/rpc.go, getLeader: the leader's address is not known, and nothing was passed on.
    text("Raft leader not found", ErrorKind.NO_LEADER, definite=True),
    # agent/pool/pool.go, rpc: there is no connection to the leader, and nothing was sent.
    text("rpc error getting client", ErrorKind.UNAVAILABLE, definite=True),
    # hashicorp/raft, raft.go: answered to what a follower, a candidate or a leader that steps down takes from the queue
    # of changes, before it is in the log.
    text("node is not the leader", ErrorKind.NO_LEADER, definite=True),
    # hashicorp/raft: it is in the log, and the leader was deposed before a majority had it, as far as it knows.
    text("leadership lost", ErrorKind.NO_LEADER),
    text("rpc error making call", ErrorKind.UNAVAILABLE),
)
