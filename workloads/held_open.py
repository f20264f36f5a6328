"""Directed workloads of transactions that are held open while others commit: `insert-cycle` and `overtaken`.

Each plays a fixed schedule, one operation after another, again and again on new keys; it is the order that shows the
anomaly, and random load hardly ever meets it. `begin` carries out micro-operations and leaves its transaction open,
`commit` carries out further ones and commits.

- `insert-cycle`: one transaction reads what another one inserts, and inserts what that one misses, though a third is
  just then replacing it. Serializable refuses one of the two.
- `overtaken`: write skew between two transactions one of which stays open while thousands of others commit.
  Serializable refuses it, if it remembers for so long what the other one read.

Operations: `begin` and `commit`, lists of `["w", key, value]` and `["r", key, null]`, and `txn`, likewise.
"""

from collections.abc import Callable, Mapping, Sequence

from splitbrain.checkers.transactions.check import CONSISTENCY, TransactionCheck, level
from splitbrain.checkers.transactions.parts import BEGIN, COMMIT, TXN
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Context, Generator, calls, limit, nothing, on_threads, once, phases
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.workload import Size, Workload

SHAPE = Shape("micro-operations", "the same with what was read")
ROUNDS = Option("rounds", 1, "how often the schedule is played, each time on new keys", least=1)
COMMITS = Option("commits", 3000, "how many transactions commit while one is open", least=1)
LEAST_CLIENTS = 3


def step(thread: int, f: str, *steps: tuple[str, str, int | None]) -> Generator:
    """One operation of one thread."""
    return on_threads({thread}, once(Operation(f, steps)))


def insert_cycle(size: Size, settings: Mapping[str, Setting], number: int) -> Sequence[Generator]:
    """The steps of one round: reader and writer are threads 0 and 1, thread 2 replaces."""
    t, u = f"t{number}", f"u{number}"
    return (
        step(0, BEGIN, ("r", t, None)),
        step(1, BEGIN, ("w", t, 1)),
        step(0, COMMIT, ("w", u, 1)),
        step(2, BEGIN, ("w", u, 2)),
        step(1, COMMIT, ("r", u, None)),
        step(2, COMMIT),
    )


def overtaken(size: Size, settings: Mapping[str, Setting], number: int) -> Sequence[Generator]:
    """The steps of one round: thread 0 stays open, thread 1 is the other one, all but 0 commit."""
    a, b = f"a{number}", f"b{number}"

    def other(context: Context) -> Operation:
        return Operation(TXN, (("w", f"other{size.unique(context.thread, context.ordinal)}", 1),))

    return (
        step(1, TXN, ("w", a, 1), ("w", b, 1)),
        step(0, BEGIN, ("r", b, None)),
        step(1, TXN, ("r", a, None), ("w", b, 2)),
        on_threads(lambda thread: thread > 0, limit(int(settings["commits"] or 1), calls(other))),
        step(0, COMMIT, ("w", a, 2)),
    )


Round = Callable[[Size, Mapping[str, Setting], int], Sequence[Generator]]


def workload(name: str, summary: str, played: Round, operations: Sequence[str], *options: Option) -> Workload:
    """The workload of a schedule."""

    def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
        if size.concurrency < LEAST_CLIENTS:
            raise UsageError(f"workload {name} takes {LEAST_CLIENTS} clients at least: --concurrency {LEAST_CLIENTS}")
        rounds = range(int(settings["rounds"] or 1))
        return phases(*(part for number in rounds for part in played(size, settings, number)), nothing())

    def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
        return (TransactionCheck("rw-register", level(str(settings["consistency"]))),)

    return Workload(
        name=name,
        summary=summary,
        operations=dict.fromkeys(operations, SHAPE),
        options=(ROUNDS, *options, CONSISTENCY),
        main=main,
        checkers=checkers,
        level=CONSISTENCY.name,
    )


INSERT_CYCLE = workload(
    "insert-cycle",
    "a fixed schedule: two transactions miss each other's inserts, one of which is being replaced; serializable?",
    insert_cycle,
    (BEGIN, COMMIT),
)
OVERTAKEN = workload(
    "overtaken",
    "a fixed schedule: write skew with a transaction that is open while thousands commit; serializable?",
    overtaken,
    (BEGIN, COMMIT, TXN),
    COMMITS,
)
