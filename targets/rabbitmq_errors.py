"""Error table of RabbitMQ and its driver. An operation with a definite error certainly did not happen.

Pitfall: none is: a message that is not confirmed, or is refused (`basic.nack`), may be in the queue; see
rabbitmq.com/docs/confirms.
"""

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.servers.errors import raised, table

ERRORS = table(
    raised("aiormq.exceptions.DeliveryError", ErrorKind.UNAVAILABLE),
    raised("aiormq.exceptions.AMQPChannelError", ErrorKind.UNAVAILABLE),
    raised("aiormq.exceptions.AMQPConnectionError", ErrorKind.CONNECTION),
    raised("aiormq.exceptions.ChannelInvalidStateError", ErrorKind.CONNECTION),
    raised("aiormq.exceptions.AMQPError", ErrorKind.OTHER),
)
