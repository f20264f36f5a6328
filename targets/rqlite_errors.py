"""Error table of rqlite. An operation with a definite error certainly did not happen.

Pitfall: a node passes a change on to the leader, and what it says of a connection that broke then does not tell whether
the leader had it ("node failed to process Execute").
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import table, text

ERRORS = table(
    # http/service.go, handleExecute: the store is not the leader, which it says before it appends, and knows of none.
    text("leader not found", ErrorKind.NO_LEADER, definite=True),
    # store/store.go, Execute: said before anything is proposed.
    text("store not ready", ErrorKind.UNAVAILABLE, definite=True),
    # hashicorp/raft: proposed, and the leader was deposed before a majority had it, as far as it knows.
    text("leadership lost", ErrorKind.NO_LEADER),
    text("not leader", ErrorKind.NO_LEADER),
    text("node failed to process", ErrorKind.UNAVAILABLE),
)
