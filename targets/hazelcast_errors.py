"""Error table of Hazelcast and its driver. An operation with a definite error certainly did not happen.

Pitfall: none is. A member tries an operation again by itself, and what it says of the last try says nothing of the
first; of an operation on the CP subsystem whose end it does not know it says so, as it is asked to
(`fail-on-indeterminate-operation-state`).
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.objects import FALSE_ROW
from splitbrain.targets.servers.errors import Row, raised, table


def error(name: str, kind: ErrorKind) -> Row:
    """A row for one of the driver's exceptions."""
    return raised(f"hazelcast.errors.{name}", kind)


ERRORS = table(
    error("IndeterminateOperationStateError", ErrorKind.OTHER),
    error("OperationTimeoutError", ErrorKind.TIMEOUT),
    error("TargetDisconnectedError", ErrorKind.CONNECTION),
    error("HazelcastInstanceNotActiveError", ErrorKind.UNAVAILABLE),
    error("HazelcastError", ErrorKind.UNAVAILABLE),
    FALSE_ROW,
)
