"""Do all procedures say the same? On random small histories of every family of models the compiled search (one history
at a time, and many at once), the fast procedures and the clear search are compared, and whatever they say is proved.

    python -m tests.checkers.porcupine.agreement --count 1000000 --families register,fifo-queue

No search is believed. That a history is linearizable is proved by its order (`porcupine.objection`); that it is not, by
trying every order (`brute`), which is done for a share of the others too. So is what each fast procedure says, by its
order or by its core. Everything follows from the seed, the family and the number of the chunk: the one command that
repeats a disagreement is printed with it.
"""

import argparse
import gc
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing import Pool
from random import Random

from splitbrain.checkers import porcupine
from splitbrain.checkers.porcupine import Model
from splitbrain.checkers.porcupine.answer import Problems
from splitbrain.checkers.porcupine.fast.case import Case
from splitbrain.checkers.porcupine.kernel.by_heart import codes
from splitbrain.checkers.porcupine.known import known
from splitbrain.checkers.porcupine.prepare import Prepared, prepare
from splitbrain.checkers.porcupine.search import search
from splitbrain.checkers.porcupine.table import Table
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import ABSENT, Event, History
from splitbrain.harness.verdict import Validity

from . import small, unique
from .brute import linearizable

CHUNK = 2_000
"""Histories that are drawn from one seed, and asked about at once."""
EVERY = 20
"""Of one history in so many all orders are tried whatever is said of it, and it is checked as users check it, fast
procedures first."""
SHARES = 0.10, 0.60
"""Of histories that are not linearizable: with fewer, or more, agreement would say little."""
ENOUGH = Budget(seconds=10**6)
"""Nothing so small can reach a limit, and no clock matters, even if the process is paused: so an undecided history is a
disagreement."""
SEARCHED = 1 << 40
"""Configurations."""
SAY_EVERY = 60.0
"""Seconds between two lines that say how far it is."""
MOST_USED = ("register", "cas-register", "kv", "fifo-queue", "lin-set", "lin-counter", "append-list", "mutex", "owner")
"""What comes first: families are sorted by the first of these that their names begin with."""


@dataclass(frozen=True)
class Subject:
    """A family. model: with its fast procedures; searched: without."""

    name: str
    model: Model
    searched: Model
    make: Callable[[Random], list[Event]]


@dataclass
class Tally:
    """What became of some histories. invalid: not linearizable; unobserved: nothing could have refuted the
    model; proved, refuted: objects that a fast procedure decided; seconds: of a processor."""

    histories: int = 0
    invalid: int = 0
    unobserved: int = 0
    proved: int = 0
    refuted: int = 0
    seconds: float = 0.0

    def add(self, other: "Tally") -> None:
        """Both together."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class Claim:
    """What a procedure says of one object. order, core: invocations by position; the order is None if it refutes."""

    by: str
    key: int
    order: Sequence[int] | None
    core: Sequence[int]


class Disagreement(Exception):
    """Two answers that differ, or one that is not proved: what, the history, and how to see it again."""


class _Wrong(Exception):
    """The same, of the history at hand."""


def _subjects() -> dict[str, Subject]:
    made = [
        Subject(
            name, replace(family.model, fast=small.PROCEDURES[name]), family.model,
            lambda random, family=family: small.history(family, random),
        )
        for name, family in small.FAMILIES.items()
    ]  # fmt: skip
    made += [
        Subject(
            f"unique {name}", shape.model, replace(shape.model, fast=()),
            lambda random, shape=shape: unique.history(shape, random),
        )
        for name, shape in unique.SHAPES.items()
    ]  # fmt: skip
    return {subject.name: subject for subject in sorted(made, key=lambda subject: _rank(subject.name))}


def _rank(name: str) -> int:
    name = name.removeprefix("unique ")
    return next((rank for rank, first in enumerate(MOST_USED) if name.startswith(first)), len(MOST_USED))


SUBJECTS = _subjects()
"""Every family by name, the most used first. `unique`: with mostly different values, as fast procedures want them."""


def compared(name: str, seed: int, chunk: int, count: int = CHUNK) -> Tally:
    """The first histories of one chunk of a family. Disagreement at the first one that is not agreed on."""
    subject, random, tally, begun = SUBJECTS[name], Random(f"{seed} {name} {chunk}"), Tally(), time.process_time()
    again = f"again: python -m tests.checkers.porcupine.agreement --seed {seed} --families '{name}' --chunk {chunk}"
    histories: list[History] = []
    values: list[Validity] = []
    try:
        for number in range(count):
            events = subject.make(random)
            histories.append(History.of(events))
            values.append(_judged(subject, events, histories[-1], tally, thorough=number % EVERY == 0))
        for number, value in enumerate(porcupine.values_of(subject.searched, histories, ENOUGH)):
            if value is not values[number]:
                events = list(histories[number])
                raise _Wrong(f"many at once: {value.value}, not {values[number].value}")
    except _Wrong as wrong:
        title = f"{name}: disagreement on history {number} of chunk {chunk}: {wrong}"
        raise Disagreement("\n".join([title, *map(str, events), again])) from None
    except Exception as error:
        error.add_note("\n".join([f"on history {number} of chunk {chunk}:", *map(str, events), again]))
        raise
    tally.histories, tally.seconds = count, time.process_time() - begun
    return tally


def _judged(subject: Subject, events: list[Event], history: History, tally: Tally, *, thorough: bool) -> Validity:
    """The value that every verdict on a history must have, all procedures having been asked; _Wrong."""
    searched, spending = subject.searched, ENOUGH.start()
    prepared = prepare(searched, history, spending)
    table = Table(searched, prepared.classes)
    legal = {each.key: search(each, prepared, table, spending, SEARCHED).linearizable for each in prepared.problems}
    right = all(legal.values())
    if (thorough or not right) and linearizable(searched, events) != right:
        raise _Wrong(f"the clear search says {right}, trying every order says {not right}")
    observed = any(problem.observations for problem in prepared.problems)
    value = Validity.INVALID if not right else Validity.VALID if observed else Validity.UNKNOWN
    _check(searched, history, value)
    if subject.model.fast:
        if thorough:
            _check(subject.model, history, value)
        decided = set()
        for claim in _claims(subject.model, history, prepared):
            _prove(claim, subject.searched, events, history, legal)
            decided.add(claim.key)
        tally.proved += sum(bool(legal[key]) for key in decided)
        tally.refuted += sum(not legal[key] for key in decided)
    tally.invalid += not right
    tally.unobserved += value is Validity.UNKNOWN
    return value


def _check(model: Model, history: History, value: Validity) -> None:
    """The public verdict must have this value; and an order, if it is valid."""
    verdict = porcupine.check(model, history, ENOUGH, explain=False)
    if verdict.value is not value:
        raise _Wrong(f"the verdict is {verdict.value.value}, not {value.value}: {verdict.reason}")
    if value is Validity.VALID:
        wrong = porcupine.objection(model, history, verdict.certificate or ())
        if wrong is not None:
            raise _Wrong(f"the order {verdict.certificate} is no proof: {wrong}")


def _claims(model: Model, history: History, prepared: Prepared) -> Iterator[Claim]:
    """What every fast procedure of the model says, the compiled ones too."""
    revisions = history.operations().revision
    for problem in prepared.problems:
        case = Case(model, problem, prepared, ENOUGH.start(), revisions)
        invoked = problem.call.__getitem__
        for number, procedure in enumerate(model.fast):
            found = procedure(case)
            if found is not None:
                order = None if found.order is None else list(map(invoked, found.order))
                yield Claim(f"fast procedure {number}", problem.key, order, list(map(invoked, found.core)))
    if codes(model) is None:
        return
    compiled = known(model, history, ENOUGH.start(), _never_asked)
    for answer in map(compiled.answer, range(len(compiled))) if compiled is not None else ():
        if answer.searched:
            yield Claim("compiled procedure", answer.key, answer.order if answer.linearizable else None, answer.core)


def _never_asked(keys: set[int]) -> Problems:
    raise AssertionError("only what needs no search is asked for")


def _prove(claim: Claim, model: Model, events: list[Event], history: History, legal: Mapping[int, bool | None]) -> None:
    """_Wrong if a claim is not that of the search, or is not proved."""
    if (claim.order is not None) != legal[claim.key]:
        raise _Wrong(f"the clear search says {legal[claim.key]}, and not so {claim}")
    if claim.order is None:
        core = {place for invoked in claim.core for place in (invoked, history.partner[invoked])} - {ABSENT}
        if linearizable(model, [events[place] for place in sorted(core)]):
            raise _Wrong(f"linearizable is the core of {claim}")
        return
    order = claim.order
    if len(legal) > 1:
        kept = [place for place, key in enumerate(history.key) if key == claim.key]
        history, order = History.of(events[place] for place in kept), list(map(kept.index, order))
    wrong = porcupine.objection(model, history, order)
    if wrong is not None:
        raise _Wrong(f"{wrong}: so nothing is proved by {claim}")


def _of_family(name: str, seed: int, count: int, jobs: int) -> Tally:
    """All chunks of a family."""
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
    with Pool(jobs) as pool:
        yield from pool.imap_unordered(_task, tasks)


def _task(task: tuple[str, int, int, int]) -> Tally:
    tally = compared(*task)
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
    names = options.families.split(",")
    if unknown := [name for name in names if name not in SUBJECTS]:
        parser.error(f"no family is called {unknown[0]!r}; there are {', '.join(SUBJECTS)}")
    if options.count < 1 or options.jobs < 1:
        parser.error("--count and --jobs are numbers from 1 on")
    print(f"seed {options.seed}", flush=True)
    gc.freeze()
    gc.disable()  # a chunk is looked through once, when it is done
    few = []
    try:
        for name in names:
            if options.chunk is None:
                tally = _of_family(name, options.seed, options.count, options.jobs)
            else:
                tally = compared(name, options.seed, options.chunk)
            print(_line(name, tally, options.seed), flush=True)
            if tally.histories >= CHUNK and not SHARES[0] <= tally.invalid / tally.histories <= SHARES[1]:
                few.append(name)
    except Disagreement as found:
        print(found, flush=True)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    for name in few:
        print(f"{name}: not linearizable should be {SHARES[0]:.0%} to {SHARES[1]:.0%}")
    return int(bool(few))


if __name__ == "__main__":
    sys.exit(main())
