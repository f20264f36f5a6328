"""CPU seconds and memory of the models of registers, and how they grow with the history. CPU time counts, so a busy
machine disturbs little.

    python benchmarks/spectrum.py [--sizes 10000 100000] [--sessions 50] [--only MODEL …] [--limit 60] [--json]
                                  [--stale 0.1]
    python benchmarks/spectrum.py --plot docs/spectrum.svg

The history is that of a store that answers at once, with unique writes on 100 keys, and each key is read twice at the
end: every model holds, so all of it is looked at. `reading` is the time from columns to registers, which all models
share; a model's own time comes on top. Memory is that of the process, history included. A model that is not done
within --limit seconds is told as such. With --stale that share of reads returns the value before the current one:
2-atomic, and nothing stronger.
"""

import argparse
import json
import multiprocessing
import multiprocessing.connection
import resource
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import plot

from splitbrain.checkers.catalogue import entry
from splitbrain.checkers.common.registers import RegisterHistory, registers
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

KEYS = 100
SETTLED_NS = 2_000_000_000
READING = "reading"
MODELS = (
    "causal-consistency", "causal-convergence", "read-your-writes", "monotonic-reads", "monotonic-writes",
    "writes-follow-reads", "regular", "safe", "convergence", "k-atomicity", "delta-atomicity",
)  # fmt: skip
COLOURS = (
    "#1b7837", "#2166ac", "#b35806", "#762a83", "#d6604d", "#4393c3", "#8c510a", "#5aae61", "#9970ab", "#bf812d",
    "#35978f", "#666666",
)  # fmt: skip
MIB = 1 << 10
"""In the unit of `ru_maxrss`."""


@dataclass(frozen=True)
class Measured:
    """One model on one history. verdict: "" where it was stopped."""

    model: str
    operations: int
    sessions: int
    verdict: str
    seconds: float
    mib: int


def history(operations: int, sessions: int, stale: float = 0.0, seed: int = 1) -> History:
    """Reads and unique writes that overlap, each taking effect when it ends. stale: the share of reads that return the
    value before."""
    random, made = Random(f"spectrum {seed}"), History()
    begun: list[tuple[str, int, int | None] | None] = [None] * sessions
    current: dict[int, int | None] = {}
    previous: dict[int, int | None] = {}
    started = ended = 0
    while ended < operations:
        session, time_ns = random.randrange(sessions), 1000 * (started + ended)
        running = begun[session]
        if running is not None:
            f, key, value = running
            begun[session], ended = None, ended + 1
            if value is None:
                value = (previous if random.random() < stale else current).get(key)
            else:
                previous[key], current[key] = current.get(key), value
            made.add(int(EventType.OK), session, f, value, key, time_ns, None, None, ABSENT, None, None)
        elif started < operations:
            key, value = random.randrange(KEYS), started if random.random() < 0.5 else None
            begun[session] = ("read" if value is None else "write", key, value)
            started += 1
            f = begun[session][0]  # type: ignore[index]
            made.add(int(EventType.INVOKE), session, f, value, key, time_ns, None, None, ABSENT, None, None)
    for number, key in enumerate([*current, *current]):  # two final reads of each key, when all is settled
        time_ns = 1000 * (started + ended) + SETTLED_NS
        for kind, value in ((EventType.INVOKE, None), (EventType.OK, current[key])):
            made.add(int(kind), number % sessions, "read", value, key, time_ns, None, None, ABSENT, None, None)
    made.operations()
    return made


def measure(operations: int, sessions: int, models: Sequence[str], limit: float, stale: float) -> list[Measured]:
    """All models on one history, each in a process of its own."""
    made = history(operations, sessions, stale)
    began = time.process_time()
    of = registers(made, "spectrum", None)
    found = [Measured(READING, operations, sessions, "", time.process_time() - began, _peak())]
    context = multiprocessing.get_context("fork")
    for model in models:
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=_judge, args=(theirs, of, model, limit))
        child.start()
        theirs.close()
        if ours.poll(limit):
            verdict, seconds, mib = ours.recv()
        else:
            child.kill()
            verdict, seconds, mib = "", limit, 0
        child.join()
        found.append(Measured(model, operations, sessions, verdict, seconds, mib))
    return found


def _judge(out: "multiprocessing.connection.Connection", of: RegisterHistory, model: str, limit: float) -> None:
    checker, began = entry(model).make(), time.process_time()
    verdict = checker.judge(of, Budget(seconds=limit).start())  # type: ignore[attr-defined]
    out.send((verdict.value.value, time.process_time() - began, _peak()))


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB


def shown(one: Measured) -> str:
    """A line of the table."""
    if one.model != READING and not one.verdict:
        return f"| {one.model} | {one.operations:,} | {one.sessions:,} | not done in {one.seconds:.0f} s | |"
    return f"| {one.model} | {one.operations:,} | {one.sessions:,} | {one.seconds:.2f} | {one.mib:,} |"


def curves(found: Sequence[Measured]) -> list[plot.Curve]:
    """A curve a model, through the sizes that it was done with."""
    done = [one for one in found if one.verdict or one.model == READING]
    names = dict.fromkeys(one.model for one in done)
    return [
        plot.Curve(
            name, colour, name == READING,
            [(one.operations, max(one.seconds, 0.001)) for one in done if one.model == name],
        )
        for name, colour in zip(names, COLOURS, strict=False)
    ]  # fmt: skip


def main(words: Sequence[str] | None = None) -> None:
    """Measure, and print a table, JSON or a picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--only", nargs="+", default=list(MODELS), choices=MODELS, metavar="MODEL")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one model, by the clock on the wall")
    parser.add_argument("--stale", type=float, default=0.0, help="the share of reads that return the value before")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    given = parser.parse_args(words)
    found: list[Measured] = []
    if not given.json:
        print("| model | operations | sessions | CPU seconds | MiB |\n|---|--:|--:|--:|--:|")
    for size in given.sizes:
        for one in measure(size, given.sessions, given.only, given.limit, given.stale):
            found.append(one)
            print(json.dumps(asdict(one)) if given.json else shown(one), flush=True)
    if given.plot:
        given.plot.write_text(plot.svg(curves(found), "Models of registers (all hold), CPU seconds against operations"))


if __name__ == "__main__":
    main()
