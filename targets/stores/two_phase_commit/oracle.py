"""Oracle of timestamps: numbers that only grow, over restarts too.

Peng and Dabek, "Large-scale Incremental Processing Using Distributed Transactions and Notifications" (Percolator), OSDI
2010, section 2.3: a range is allocated by writing its highest number down, so that a number costs no write.
"""

from splitbrain.harness.program import Send
from splitbrain.targets.stores.two_phase_commit.context import NodeContext, StampCeiling
from splitbrain.targets.stores.two_phase_commit.messages import StampAsk, StampTold

RANGE = 1000


class StampOracle:
    """The oracle, on the first node."""

    def __init__(self, context: NodeContext) -> None:
        self.context = context
        self.last = 0
        self._ceiling = 0
        self._record = 0

    def recover(self, record: StampCeiling) -> None:
        """Go on above all that may have been given."""
        self._ceiling = self.last = record.stamp

    def on_ask(self, sender: str, message: StampAsk) -> None:
        """Give the next stamp, once its range is on disk."""
        self.last += 1
        if self.last > self._ceiling:
            self._ceiling += RANGE
            self._record = self.context.write(StampCeiling(self._ceiling))
        self.context.hold(self._record, Send(sender, StampTold(message.txn, message.purpose, self.last)))
