"""Error table of dqlite, by the text of its driver's errors. An operation with a definite error certainly did not
happen.

Pitfall: the driver says "bad connection" of one that broke, and of a leader that was deposed (driver/driver.go,
driverError), while a change was under way that may have been carried out.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import table, text

ERRORS = table(
    # targets/dqlite_node.go: there is no connection to a leader, so no statement was sent.
    text("not connected: ", ErrorKind.NO_LEADER, definite=True),
    text("bad connection", ErrorKind.CONNECTION),
    text("database is locked", ErrorKind.CONFLICT),
)
