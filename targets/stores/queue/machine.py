"""Machine of a message queue: messages that are ready, and messages that are out with a consumer.

| request | value | answer |
|---|---|---|
| `enqueue` | the message | its number |
| `receive` | | [number, delivery, message] of the oldest that is ready; nothing, and how many are out, if none is |
| `take` | | the same, and the message is gone |
| `ack` | [number, delivery] | the message is gone; `precondition` if that delivery is over |

A delivery is a lease: when it lapses, the message is ready again, in its old place.
"""

from collections.abc import Iterable
from typing import Any

from splitbrain.targets.stores.leases import LeaseMachine, LeaseNode
from splitbrain.targets.stores.machine import wire_name
from splitbrain.targets.stores.messages import PRECONDITION, UNSUPPORTED, Request, Response
from splitbrain.targets.stores.raft.node import RaftParts

REQUESTS = ("enqueue", "receive", "take", "ack")
Message = tuple[int, Any, int]
"""Number, content, and delivery: the number of the grant under which it is out, 0 if it is ready."""


class QueueMachine(LeaseMachine):
    """Queues. Of each it keeps the messages that are ready, in order of their numbers, and those that are out."""

    def refusal(self, request: Request) -> Response | None:
        """See `Machine`. Only queues can be asked for, save the read with which a client sees that all serves."""
        tag = request.value
        if request.f == "ack" and not (isinstance(tag, (list, tuple)) and len(tag) == 2):
            return Response(error=UNSUPPORTED, text="the value of an ack is [number, delivery]")
        if request.f in (*REQUESTS, "read"):
            return None
        return Response(error=UNSUPPORTED, text=f"no such operation: {request.f}")

    def leases(self) -> Iterable[str]:
        """The messages that are out."""
        queues = [name for name in self._values if isinstance(name, str) and name.startswith("queue ")]
        return [f"{name} {number}" for name in queues for number, _, _ in self._queue(name)[1]]

    def grant(self, name: str) -> int | None:
        """See `LeaseMachine`."""
        queue, _, number = name.rpartition(" ")
        return next((delivery for found, _, delivery in self._queue(queue)[1] if found == int(number)), None)

    def _change(self, request: Request) -> Response:
        if request.f not in REQUESTS:
            return super()._change(request)
        key = wire_name(request.key)
        name = f"queue {key if isinstance(key, str) else key.hex()}"
        if request.f == "enqueue":
            return self._enqueue(name, request.value)
        if request.f == "ack":
            return self._ack(name, *request.value)
        return self._deliver(name, stays=request.f == "receive")

    def _enqueue(self, name: str, content: Any) -> Response:
        ready, out = self._queue(name)
        number = self._count
        self._mark("enqueued", name, number)
        self._put(name, [*ready, (number, content, 0)], out)
        return Response(number)

    def _deliver(self, name: str, *, stays: bool) -> Response:
        """Give out the oldest message. stays: until it is acknowledged."""
        ready, out = self._queue(name)
        if not ready:
            return Response(None, len(out))
        number, content, _ = ready[0]
        delivery = self._grants(f"{name} {number}")
        self._mark("delivered", f"{name} {number}", delivery)
        self._put(name, ready[1:], [*out, (number, content, delivery)])
        if not stays:
            self._mark("consumed", f"{name} {number}", delivery)
            self._remove(name, number)
        return Response([number, delivery, content])

    def _ack(self, name: str, number: int, delivery: int) -> Response:
        if self.grant(f"{name} {number}") != delivery:
            return Response(error=PRECONDITION, text="this delivery is over")
        self._mark("consumed", f"{name} {number}", delivery)
        self._remove(name, number)
        return Response()

    def _remove(self, name: str, number: int) -> None:
        """Forget a message that is out."""
        ready, out = self._queue(name)
        self._mark("removed", f"{name} {number}", 0)
        self._put(name, ready, [message for message in out if message[0] != number])

    def _lapse(self, name: str) -> None:
        queue, _, number = name.rpartition(" ")
        self._mark("lapsed", name, self.grant(name))
        self._requeue(queue, int(number))

    def _requeue(self, name: str, number: int) -> None:
        """Make a message that is out ready again, in its old place."""
        ready, out = self._queue(name)
        back = [(found, content, 0) for found, content, _ in out if found == number]
        self._put(name, sorted([*ready, *back], key=lambda message: message[0]), [m for m in out if m[0] != number])

    def _queue(self, name: str) -> tuple[list[Message], list[Message]]:
        """The messages of a queue that are ready, and those that are out."""
        ready, out = self._values.get(name, (([], []), 0))[0]
        return [(n, c, d) for n, c, d in ready], [(n, c, d) for n, c, d in out]

    def _put(self, name: str, ready: list[Message], out: list[Message]) -> None:
        self._values[name] = (ready, out), self._values.get(name, (None, 0))[1] + 1


CORRECT = RaftParts(machine=QueueMachine)


class QueueNode(LeaseNode):
    """A server of the message queue."""
