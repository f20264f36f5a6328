"""Own stores: small replicated key-value stores, written to be read, and to be tested like any real system.

- `single`           one node holds everything
- `primary_backup/`  one node decides, the others copy
- `raft/`            a majority decides
- `chain/`           the head of a chain decides, its tail answers
- `paxos/`           a majority decides about each key by itself

What they share: `messages` (what goes over the wire), `machine` (the state), `log`, `journal` and `codec` (how it gets
to disk), `requests` (which request waits for which entry), `client`, `operators` and `target` (the side that
the harness sees).
"""

from splitbrain.targets.operations import shapes
from splitbrain.targets.stores.chain import ChainReplication
from splitbrain.targets.stores.messages import Request, Response
from splitbrain.targets.stores.paxos import Paxos
from splitbrain.targets.stores.primary_backup import PrimaryBackup
from splitbrain.targets.stores.raft import Raft
from splitbrain.targets.stores.single import Single
from splitbrain.targets.stores.target import StoreTarget

__all__ = [
    "ChainReplication",
    "Paxos",
    "PrimaryBackup",
    "Raft",
    "Request",
    "Response",
    "Single",
    "StoreTarget",
    "shapes",
]
