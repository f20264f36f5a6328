"""Bugs of the message queue: when a message leaves, when it comes again, and what a confirmation rests on."""

from splitbrain.targets.stores.messages import Entry, Request, Response
from splitbrain.targets.stores.queue.machine import QueueMachine, QueueNode
from splitbrain.targets.stores.requests import Origin, answer


class GoneWhenDelivered(QueueMachine):
    """Bug: a message leaves the queue with its delivery, though its consumer is to acknowledge it."""

    def _deliver(self, name: str, *, stays: bool) -> Response:
        response = super()._deliver(name, stays=stays)
        if response.value is not None and stays:
            self._remove(name, response.value[0])
        return response

    def _ack(self, name: str, number: int, delivery: int) -> Response:
        return Response()


class DroppedWhenLapsed(QueueMachine):
    """Bug: a message whose consumer is silent is dropped, and not delivered again."""

    def _requeue(self, name: str, number: int) -> None:
        self._remove(name, number)


class AcknowledgesAllBefore(QueueMachine):
    """Bug: an acknowledgement counts for all messages up to its number, those of other consumers too."""

    def _ack(self, name: str, number: int, delivery: int) -> Response:
        response = super()._ack(name, number, delivery)
        for other, _, _ in self._queue(name)[1]:
            if response.error is None and other < number:
                self._remove(name, other)
        return response


class OutNotInSnapshot(QueueMachine):
    """Bug: a snapshot does not have the messages that are out with a consumer."""

    def restore(self, state: bytes) -> None:
        """Become what another was, without those."""
        super().restore(state)
        for name in [name for name in self._values if isinstance(name, str) and name.startswith("queue ")]:
            self._values[name] = (self._queue(name)[0], []), self._values[name][1]


class ConfirmsBeforeCommit(QueueNode):
    """Bug: the leader confirms a message when it is in its own log."""

    def _lead(self, request: Request, origin: Origin) -> None:
        if request.f != "enqueue":
            super()._lead(request, origin)
            return
        self.replication.place(Entry(self.server.term, request))
        self.server.out.append(answer(origin, request, Response()))


class VisibleTooEarly(QueueNode):
    """Bug: a message that is out is ready again after a third of the timeout."""

    def _clock(self) -> int:
        return 3 * super()._clock()
