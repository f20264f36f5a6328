"""Workload `lock`: clients contend for locks and use what they guard; mutual exclusion, or fencing tokens in order.

Clients acquire a lock, use the guarded resource, hold on, use it again, release. A lock with a lease cannot promise
exclusion: a holder that is cut off or paused believes in it after the lease ran out (M. Kleppmann, "How to do
distributed locking", 2016). `judge=exclusion` checks who held when, `judge=fencing` the tokens that the guarded
resource accepted, which never decrease if the resource checks them; `both` checks both. How long a lease lasts, whether
it is kept alive and whether the resource checks tokens are options of the target.

Pitfall: a hold is one operation, so `hold_seconds` must be below the timeout of an operation (`--timeout`); else the
run is refused while it is planned.

Operations, each with the lock as its key: `acquire` (ok: with `token`, which grows with each holder), `hold` (value:
seconds; fails with `conflict` as soon as the client learns that it lost the lock), `use` (ok: accepted by the guarded
resource, with the `token` it saw and, where there is one, the resource's `revision`), `release`. Each but `acquire`
fails with `precondition` if the client does not hold the lock.
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.fencing import USE, FencingCheck
from splitbrain.checkers.domain.locks import ACQUIRE, HOLD, RELEASE, LockCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Generator, calls, cycle, limit, on_threads, per_thread, phases, then, until_ok
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import READ_TRIES
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("locks", 2, "number of locks; each client contends for one", least=1),
    Option("hold_seconds", 1.0, "how long a client holds on to a lock"),
    Option("judge", "exclusion", "what is judged: who held when, or the tokens", ("exclusion", "fencing", "both")),
)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Rounds of each thread: acquire until it succeeds, use, hold, use, release."""
    locks, seconds = int(settings["locks"] or 0), float(settings["hold_seconds"] or 0)
    if locks < 1 or size.concurrency < 2 * locks:
        raise UsageError(f"{locks} locks need at least {2 * max(locks, 1)} clients, two to contend for each")

    def of(f: str, value: float | None = None) -> Generator:
        return calls(lambda context: Operation(f, value, lock_of(context.thread, locks, size.concurrency)))

    rest = (limit(1, of(f, seconds if f == HOLD else None)) for f in (USE, HOLD, USE, RELEASE))
    return per_thread(cycle(then(until_ok(of(ACQUIRE)), *rest)))


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """Each lock once more, by one of its clients, after the others let go of it: it is acquired again when all is well.
    One that the end of the run stopped between `acquire` and `release` holds it, and keeps it alive."""
    locks = int(settings["locks"] or 0)

    def of(f: str) -> Generator:
        return calls(lambda context: Operation(f, None, lock_of(context.thread, locks, size.concurrency)))

    names = [lock_of(thread, locks, size.concurrency) for thread in range(size.concurrency)]
    first = [thread for thread, name in enumerate(names) if names.index(name) == thread]
    again = then(until_ok(limit(READ_TRIES, of(ACQUIRE))), limit(1, of(RELEASE)))
    return phases(per_thread(limit(1, of(RELEASE))), on_threads(first, per_thread(again)))


def lock_of(thread: int, locks: int, concurrency: int) -> str:
    """The lock that a thread contends for. Threads are pinned to the nodes in turn, so neighbours contend: if
    all contenders of a lock went through one node, a holder that is cut off would have no rival."""
    return f"lock{thread * locks // concurrency}"


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Mutual exclusion, or fencing, or both. A hold that the end of the run stopped ends there."""
    exclusion, fencing = LockCheck(held_on=False), FencingCheck()
    if settings["judge"] == "both":
        return (exclusion, fencing)
    return (exclusion,) if settings["judge"] == "exclusion" else (fencing,)


LOCK = Workload(
    name="lock",
    summary="clients contend for locks and use what they guard; held by one at a time?",
    operations={
        ACQUIRE: Shape("none", "none, with token"),
        USE: Shape("none", "none, with token and revision"),
        HOLD: Shape("seconds", "seconds", effects=False),
        RELEASE: Shape("none", "none"),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
    lasting="hold_seconds",
)
