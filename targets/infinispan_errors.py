"""Error table of Infinispan's Memcached endpoint, by the text of its answers. An operation with a definite error
certainly did not happen.

Pitfall: none is. A member tries an operation again by itself after every change of the cluster's topology, and what it
says of the last try says nothing of the first (15.0.11, StateTransferInterceptor); "is not available" comes from a
check that each try begins with (PartitionHandlingInterceptor), and the endpoint answers CLIENT_ERROR to any
IllegalArgumentException, wherever it was raised (TextResponse).
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.objects import FALSE_ROW
from splitbrain.targets.servers.errors import table, text

ERRORS = table(
    text("is not available. Not all owners are in this partition", ErrorKind.UNAVAILABLE),
    text("ISPN000476", ErrorKind.TIMEOUT),
    text("_ERROR", ErrorKind.OTHER),
    FALSE_ROW,
)
