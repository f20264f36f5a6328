"""Error table of Ignite's thin protocol, by the status of its answers. An operation with a definite error certainly did
not happen.

Read in Ignite 2.17.0, ClientStatus and ClientRequestHandler: a status of 1 is any failure of an operation, also of one
whose primary went away while it was carried out; 10 is any "Grid is in invalid state" or "grid is stopping", also of a
node that stops while it carries out an operation.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.objects import FALSE_ROW
from splitbrain.targets.servers.errors import code, table

ERRORS = table(
    # The request was not begun: there is none of this number (ClientMessageParser), the cache is not there
    # (ClientCacheRequest.cacheDescriptor, before it is opened), or the handshake was refused
    # (ClientListenerNioListener).
    code(2, ErrorKind.OTHER, definite=True),
    code(1000, ErrorKind.UNAVAILABLE, definite=True),
    code(2000, ErrorKind.OTHER, definite=True),
    code(1, ErrorKind.UNAVAILABLE),
    code(10, ErrorKind.UNAVAILABLE),
    FALSE_ROW,
)
