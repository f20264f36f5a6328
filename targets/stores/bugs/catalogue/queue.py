"""Planted bugs of the message queue."""

from collections.abc import Sequence

from splitbrain.harness.planted_bug import PlantedBug
from splitbrain.targets.stores.bugs import queue as bugs
from splitbrain.targets.stores.bugs.catalogue.common import CUTS, INVARIANTS, KILLS
from splitbrain.targets.stores.queue.machine import CORRECT
from splitbrain.targets.stores.raft.node import RaftParts

AMQP = "AMQP 0-9-1"
LEAST = "total-queue"

QUEUE: Sequence[PlantedBug] = (
    PlantedBug(
        "gone-when-delivered",
        "a message leaves the queue with its delivery, before its consumer has acknowledged it",
        f"{AMQP}, section 3.1.8: automatic acknowledgement",
        LEAST,
        (None, RaftParts(machine=bugs.GoneWhenDelivered)),
        aim=CUTS,
    ),
    PlantedBug(
        "dropped-when-lapsed",
        "a message whose consumer is silent is dropped, and not delivered again",
        f"{AMQP}, section 4.5: unacknowledged messages are redelivered",
        LEAST,
        (None, RaftParts(machine=bugs.DroppedWhenLapsed)),
        aim=CUTS,
    ),
    PlantedBug(
        "acknowledges-all-before",
        "an acknowledgement counts for all messages before its own, those of other consumers too",
        f"{AMQP}, basic.ack: `multiple` is for the messages of one channel",
        INVARIANTS,
        (None, RaftParts(machine=bugs.AcknowledgesAllBefore)),
    ),
    PlantedBug(
        "out-not-in-snapshot",
        "a snapshot does not have the messages that are out with a consumer",
        "Raft §7: a snapshot is the whole state",
        LEAST,
        (None, RaftParts(machine=bugs.OutNotInSnapshot)),
        aim=KILLS,
    ),
    PlantedBug(
        "confirmed-before-commit",
        "the leader confirms a message when it is in its own log",
        "Kingsbury, Jepsen: RabbitMQ, 2014: confirmed messages are lost in a split",
        LEAST,
        (bugs.ConfirmsBeforeCommit, CORRECT),
        aim=CUTS,
    ),
    PlantedBug(
        "visible-too-early",
        "a message that is out with a consumer is ready again before its timeout",
        "Amazon SQS, Visibility timeout",
        INVARIANTS,
        (bugs.VisibleTooEarly, CORRECT),
    ),
)
