"""Comparison of all procedures on random small histories: for every family of models the compiled search, the monitors
and the reference search are compared, and every result is proved; `together` says how.

    python -m tests.checkers.porcupine.agreement --count 1000000 --families register,fifo-queue

Everything follows from the seed, the family and the number of the chunk: the one command that repeats a disagreement is
printed with it."""

import argparse
import gc
import re
import secrets
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import Pool
from random import Random

from splitbrain.checkers.porcupine import kernel

from .together import Tally, Together, WrongAnswer, subjects

CHUNK = 1_000
"""Histories that are drawn from one seed, and asked about at once."""
SHARES = 0.10, 0.60
"""Of histories that are not linearizable: with fewer, or more, agreement would say little."""
SAY_EVERY = 60.0
"""Seconds between two lines that say how far it is."""
MOST_USED = ("register", "cas-register", "kv", "fifo-queue", "lin-set", "lin-counter", "lin-list", "mutex", "owner")
"""Beginnings of families' names, by which families are sorted."""


def _rank(name: str) -> int:
    name = name.removeprefix("unique ")
    return next((rank for rank, first in enumerate(MOST_USED) if name.startswith(first)), len(MOST_USED))


SUBJECTS = {subject.name: subject for subject in sorted(subjects(), key=lambda subject: _rank(subject.name))}
"""Every family by name, the most used first."""


class Disagreement(Exception):
    """Two answers that differ, or one that is not proved: what, the history, and how to see it again."""


def compared(name: str, seed: int, chunk: int, count: int = CHUNK) -> Tally:
    """The first histories of one chunk of a family. Disagreement at one that is not agreed on."""
    subject, random, begun, tally = SUBJECTS[name], Random(f"{seed} {name} {chunk}"), time.process_time(), Tally()
    again = f"again: python -m tests.checkers.porcupine.agreement --seed {seed} --families '{name}' --chunk {chunk}"
    histories = [subject.make(random) for _ in range(count)]
    for some in [histories] if subject.model.by_key else ([history] for history in histories):
        try:
            tally.add(Together(subject, some).judge())
        except WrongAnswer as wrong:
            told = f"{name}: disagreement in chunk {chunk}: {wrong}"
            raise Disagreement("\n".join([told, *map(str, some[wrong.number]), again])) from None
        except Exception as error:
            error.add_note(again)
            raise
    tally.seconds = time.process_time() - begun
    return tally


def of_family(name: str, seed: int, count: int, jobs: int = 1) -> Tally:
    """Check `count` histories of a family, in chunks. Disagreement."""
    tasks = [(name, seed, chunk, min(CHUNK, count - first)) for chunk, first in enumerate(range(0, count, CHUNK))]
    tally, said = Tally(), time.monotonic()
    for part in _done(tasks, jobs):
        tally.add(part)
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            print(f"{name}: {tally.histories:,} of {count:,}", file=sys.stderr, flush=True)
    return tally


def _done(tasks: Iterable[tuple[str, int, int, int]], jobs: int) -> Iterator[Tally]:
    if jobs == 1:
        yield from map(_task, tasks)
        return
    with Pool(jobs, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:  # Ctrl-C is for this process
        yield from pool.imap_unordered(_task, tasks)


def _task(task: tuple[str, int, int, int]) -> Tally:
    tally = compared(*task)
    if not gc.isenabled():
        gc.collect()
    return tally


def _line(name: str, tally: Tally, seed: int) -> str:
    invalid, unobserved = (share / tally.histories for share in (tally.invalid, tally.unobserved))
    return (
        f"{name}: {tally.histories:,} histories, {invalid:.1%} not linearizable, {unobserved:.1%} unobserved, 0 "
        f"undecided; fast procedures proved {tally.proved:,} and refuted {tally.refuted:,}; {tally.seconds:.0f} s, "
        f"seed {seed}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 if all agree, 1 for a disagreement or for histories of which too few or too many are wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.checkers.porcupine.agreement")
    parser.add_argument("--count", type=int, default=CHUNK, help=f"histories of each family ({CHUNK:,})")
    parser.add_argument("--families", default=",".join(SUBJECTS), help="which, with commas (all)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="to repeat a run (a new one)")
    parser.add_argument("--chunk", type=int, help=f"one chunk alone, of {CHUNK:,} histories: to repeat a disagreement")
    options = parser.parse_args(arguments)
    if not kernel.BUILT:
        parser.error("the compiled search is not built: install a C compiler, then splitbrain again")
    names = re.split(r",(?! )", options.families)  # a comma of a name has a blank behind it
    if unknown := [name for name in names if name not in SUBJECTS]:
        parser.error(f"no family is called {unknown[0]!r}; there are {', '.join(SUBJECTS)}")
    if options.count < 1 or options.jobs < 1:
        parser.error("--count and --jobs are numbers from 1 on")
    print(f"seed {options.seed}", flush=True)
    unbalanced = []
    try:
        for name in names:
            if options.chunk is None:
                tally = of_family(name, options.seed, options.count, options.jobs)
            else:
                tally = compared(name, options.seed, options.chunk)
            print(_line(name, tally, options.seed), flush=True)
            if tally.histories >= CHUNK and not SHARES[0] <= tally.invalid / tally.histories <= SHARES[1]:
                unbalanced.append(name)
    except Disagreement as found:
        print(found, flush=True)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    for name in unbalanced:
        print(f"{name}: of its histories {SHARES[0]:.0%} to {SHARES[1]:.0%} should not be linearizable")
    return int(bool(unbalanced))


if __name__ == "__main__":
    gc.freeze()
    gc.disable()  # it is called once after each chunk
    sys.exit(main())
