"""queue: a message queue on a replicated log, with acknowledgement, redelivery and a visibility timeout.

AMQP 0-9-1, sections 3.1.8 (acknowledgements) and 4.5; the visibility timeout as in Amazon's Simple Queue Service. A
message that is delivered is hidden from others until its consumer acknowledges it, or the timeout is over; then it is
delivered again. It promises that a message whose enqueue was acknowledged is delivered at least once, if consumers
acknowledge after their work (`ack=after`), and at most once, if it is gone with its delivery (`ack=delivery`). It
does not promise both, and no order of messages that were delivered again.

In reading order: `machine`, `client`, `invariants`, `target`; leases are in `stores/leases.py`.
"""

from splitbrain.targets.stores.queue.machine import QueueMachine, QueueNode
from splitbrain.targets.stores.queue.target import MessageQueue

__all__ = ["MessageQueue", "QueueMachine", "QueueNode"]
