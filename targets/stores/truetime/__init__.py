"""truetime: timestamps from a clock that tells how wrong it may be, and writes that wait until theirs has passed.

Corbett et al., "Spanner: Google's Globally-Distributed Database", OSDI 2012, sections 3 (TrueTime) and 4.1 (timestamps
and commit wait). A node's clock says an interval: its wall clock, give or take `bound_ms`. Each key is at one node, its
owner. A change gets the latest time of its owner's interval as timestamp; with `commit_wait=on` it is shown and
acknowledged once that is certainly past, and till then the next change of the key waits. A read gets the latest time of
the interval of the node that was asked, and is answered with the last change up to there.

Promised: linearizable operations as long as no wall clock is further from true time than the bound. Not promised:
answers while the owner of a key is away; anything beyond the bound, or with `commit_wait=off`, where a read through a
node whose clock is behind misses a change that was acknowledged; transactions, which Spanner has.

In reading order: `versions`, `node`, `audit`, `target`.
"""

from splitbrain.targets.stores.truetime.node import TrueTimeNode
from splitbrain.targets.stores.truetime.target import TrueTime

__all__ = ["TrueTime", "TrueTimeNode"]
