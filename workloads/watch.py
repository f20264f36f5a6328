"""Workload `watch`: some clients write keys, the others watch them; every change is seen once and in order.

Each value is written once, and each watching thread is a watcher of its own. When everything is healed each watcher is
drained up to the last change.

Pitfall: a watcher that is merely behind has missed nothing; without its drain the verdict is `unknown`.

Operations: `write` (ok: with `revision`, which grows over all keys), `watch` and `drain` (key: what the names of all
keys begin with; value: the watcher's name; ok value: the changes since its last answer, each [key revision value];
`drain` waits until it has the last change that was there when it began). A watcher resumes where it was: its position
outlives its client. One that cannot, because what it missed is compacted, fails with a text that says `compacted`.
"""

from collections.abc import Mapping, Sequence

from splitbrain.checkers.domain.watches import DRAIN, WATCH, WRITE, WatchCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.client import Shape
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Context, Generator, calls, limit, on_threads, per_thread, until_ok
from splitbrain.harness.history import History
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("keys", 5, "number of keys that are written", least=1),
    Option("watchers", 0, "number of clients that watch; 0: one a node, and at most half of the clients"),
)

PREFIX = "w"
"""The beginning of the names of all keys."""
FINAL_TRIES = 20
"""Tries of each watcher's drain until it succeeds."""


def watchers(size: Size, settings: Mapping[str, Setting]) -> range:
    """The threads that watch: the last ones, which speak to different nodes. UsageError if none is left to write."""
    asked = int(settings["watchers"] or 0) or max(1, min(size.nodes, size.concurrency // 2))
    if not 0 < asked < size.concurrency:
        raise UsageError(f"{asked} watchers among {size.concurrency} clients: at least one must watch, and one write")
    return range(size.concurrency - asked, size.concurrency)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Writes of values that are unique by thread and ordinal, and watches."""
    watching, keys = watchers(size, settings), int(settings["keys"] or 1)

    def operation(context: Context) -> Operation:
        if context.thread in watching:
            return Operation(WATCH, context.thread, PREFIX)
        value = size.unique(context.thread, context.ordinal)
        return Operation(WRITE, value, f"{PREFIX}{context.draws.below(keys)}")

    return calls(operation)


def final(size: Size, settings: Mapping[str, Setting], history: History) -> Generator:
    """A drain of each watcher, tried again until it succeeds."""
    drain = calls(lambda context: Operation(DRAIN, context.thread, PREFIX))
    return on_threads(watchers(size, settings), per_thread(until_ok(limit(FINAL_TRIES, drain))))


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Every change once, in order, none missing."""
    return (WatchCheck(),)


WATCH_KEYS = Workload(
    name="watch",
    summary="some clients write keys, the others watch them; every change seen once and in order?",
    operations={
        WRITE: Shape("the value", "the value, with revision"),
        WATCH: Shape("the watcher's name", "[[key revision value] …]", effects=False),
        DRAIN: Shape("the watcher's name", "[[key revision value] …]", effects=False),
    },
    options=OPTIONS,
    main=main,
    final=final,
    checkers=checkers,
)
