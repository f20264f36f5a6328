"""Workload `queue`: unique elements are put into queues, taken out, and drained at the end; none is lost, or doubled.

`judge=at-least-once` is Jepsen's `total-queue`: every element whose enqueue was acknowledged comes out. An element that
comes out twice passes, for a consumer that dies before it says that it is done is why it must. `judge=at-most-once` is
Jepsen's `queue`: no element comes out more often than it was put in. `both` asks for both.

Pitfall: an element that is out with a consumer is in no queue, so a drain waits until none is.

Operations, each with the queue as its key: `enqueue` (value: the element), `dequeue` (ok: an element, nil if there is
none; it fails if the client certainly has none), `drain` (ok: all elements, when none is left).
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.queues import DRAIN, PUT, TAKE, QueueCheck, TotalQueueCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.generator import (
    Context,
    Generator,
    calls,
    limit,
    on_threads,
    per_thread,
    phases,
    repeat,
    until_ok,
)
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType, Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import READ_TRIES
from splitbrain.workloads.workload import Size, Workload

JUDGES = ("at-least-once", "at-most-once", "both")
OPTIONS = (
    Option("queues", 1, "number of queues", least=1),
    Option("enqueue_share", 0.5, "share of enqueues among the operations, 0 to 1", most=1),
    Option("judge", "at-least-once", "what is judged: that nothing is lost, or that nothing comes out twice", JUDGES),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Enqueues of elements that are unique by thread and ordinal, and dequeues."""
    share = float(settings["enqueue_share"] or 0)
    queues = names(settings)

    def operation(context: Context) -> Operation:
        queue = context.draws.choice(queues)
        if context.draws.chance(share):
            return Operation(PUT, size.unique(context.thread, context.ordinal), queue)
        return Operation(TAKE, None, queue)

    return calls(operation)


def names(settings: Mapping[str, Setting]) -> Sequence[str]:
    """The names of the queues."""
    return [f"queue{number}" for number in range(int(settings["queues"] or 1))]


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Dequeues from each queue by all clients, as often as there may be elements, and then by one until it is empty,
    tried again until it succeeds: a drain that is not answered in time would leave all that it has in doubt."""
    each = backlog(history) // size.concurrency + 1

    def steps(queue: str) -> Sequence[Generator]:
        drain = per_thread(until_ok(limit(READ_TRIES, repeat(Operation(DRAIN, None, queue)))))
        return per_thread(limit(each, repeat(Operation(TAKE, None, queue)))), on_threads([0], drain)

    return phases(*(step for queue in names(settings) for step in steps(queue)))


def backlog(history: History) -> int:
    """The number of elements that may be in the queues, as far as a history tells."""
    operations, values = history.operations(), history.pool.values
    count = 0
    for f, ended, result in zip(operations.f, operations.ended, operations.result, strict=True):
        name, succeeded = values[f], ended == EventType.OK
        found = values[result] if succeeded and result != ABSENT else None
        if name == PUT:
            count += ended != EventType.FAIL
        elif name == DRAIN:
            count -= len(found or ())
        else:
            count -= found is not None
    return max(count, 0)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Checks that nothing is lost, or nothing comes out twice, or both."""
    least, most = TotalQueueCheck(), QueueCheck()
    judges: Mapping[str, Sequence[Checker]] = {
        "at-least-once": (least,),
        "at-most-once": (most,),
        "both": (least, most),
    }
    return judges[str(settings["judge"])]


QUEUE = Workload(
    name="queue",
    summary="unique elements are put into queues and taken out, all at the end; lost, or doubled?",
    operations={
        PUT: Shape("element", "element"),
        TAKE: Shape("none", "element, nil if there is none"),
        DRAIN: Shape("none", "[element, …]"),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
