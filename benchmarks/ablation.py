"""Ablation: what each engine of the linearizability checker is worth. Each is switched off alone, over all cases.

    python benchmarks/ablation.py [--quick] [--minutes N] [--only ENGINE,…] [--among WORDS] [--groups] [--page FILE.md]

Cases are the kinds of work of `linearizability.py`, the logs of etcd and of key-value stores, histories of collections
and locks, short and long, and known answers: those of `tests/data/reports`, and of `--data`, a folder with an
`expected.tsv`. A ratio is the processor time without the engine / with it: both measured in turns, in the same process,
the median of the turns. Of a group it is the geometric mean, each case counted alike.

An engine pays if without it a group takes twice the time, or a single case that is more than a moment, or if something
is undecided. The exit code is 1 if a verdict changes with an engine: that would be a bug.

Pitfall: a case is slower only up to the budget (`--configurations`), so the ratio of one that is undecided without the
engine is a bound.
"""

import argparse
import gc
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import page
from ablation_cases import AblationCase, all_cases
from measuring import geometric
from rows import common

from splitbrain.checkers.porcupine import (
    MODELS,
    Call,
    Model,
    decide,
    kernel,
    monitor_batch,
    native_backend,
    short_history,
)
from splitbrain.checkers.porcupine.kernel.string_steps import NotStrings
from splitbrain.harness.budget import Budget
from splitbrain.harness.history import History

PAYS, WORTH = 2.0, 1.1
"""The ratio from which an engine pays; the ratio, either way, from which a group is listed by `--groups`."""
MOMENT, TURNS, ENOUGH = 0.002, 3, 0.3
"""Seconds that a measurement takes at least, by repeating the check; how many turns; seconds of measuring, of one case
with one engine off, after which there is no further turn."""
SECONDS, BYTES = 30.0, 1 << 29
"""Limits of a check besides configurations, which are the one that does not depend on how busy the machine is."""
COLUMNS = (
    "off", "what", "cases", "pays most in", "ratio", "most, in one case", "costs most in", "ratio",
    "undecided without, with", "pays",
)  # fmt: skip
GROUP_COLUMNS = ("off", "what", "group", "cases", "ratio", "most", "least", "undecided without, with")
MARK = "ablation"
"""Name of the marks between which the page has the table: `<!-- ablation: begin -->` and `end`."""


@dataclass(frozen=True)
class Engine:
    """One thing to switch off. off: for as long as a check runs. model: the model to check in place of a case's, None
    if the engine has nothing to do with it."""

    name: str
    what: str
    off: Callable[[], AbstractContextManager[Any]] = nullcontext
    model: Callable[[Model], Model | None] = lambda model: model


@contextmanager
def tuned(**options: Any) -> Iterator[None]:
    """Settings of the compiled search."""
    from splitbrain.checkers.porcupine.kernel import tuning

    tuning.tune(**options)
    try:
        yield
    finally:
        tuning.tune()


def module_of(monitor: Callable[..., Any]) -> str:
    """The module that a monitor is in, by which it is called; that of a partial one is where its function is."""
    function = monitor.func if isinstance(monitor, partial) else monitor
    return function.__module__.rpartition(".")[2]


def without(name: str) -> Callable[[Model], Model | None]:
    """The model without the monitor of this module; None if it names no such."""

    def changed(model: Model) -> Model | None:
        left = tuple(m for m in model.monitors if module_of(m) != name)
        return replace(model, monitors=left) if len(left) < len(model.monitors) else None

    return changed


def unknown_to_the_kernel(model: Model) -> Model | None:
    """The same model, whose step the kernel has to ask Python for."""
    from splitbrain.checkers.porcupine.kernel.builtin_steps import codes

    def step(state: Any, call: Call) -> Any:
        return model.step(state, call)

    return None if codes(model) is None else replace(model, step=step)


def refuse(*_: object) -> None:
    """Refuse, in place of the compiled steps of strings."""
    raise NotStrings


def of_kv(model: Model) -> Model | None:
    """The model, if it is a store of strings."""
    return model if model.name == "kv" else None


def of_register(model: Model) -> Model | None:
    """The model, if the monitor of unique writes may fit."""
    return None if without("zones")(model) is None else model


WIDTHS = (native_backend._WIDTHS[0], native_backend._WIDTHS[2])
MONITORS = sorted({module_of(monitor) for entry in MODELS.values() for monitor in entry.make().monitors} - {"zones"})
ENGINES = (
    Engine("dfs", "depth-first search", lambda: tuned(dfs=False)),
    Engine("bfs", "breadth-first search", lambda: tuned(bfs=False)),
    Engine("local", "local refutation", lambda: tuned(local=False)),
    Engine("aim", "states that begin what is seen next first", lambda: tuned(aim=False)),
    Engine("builtin", "steps of registers and strings without Python", model=unknown_to_the_kernel),
    Engine("strings", "steps of strings alone", lambda: patch.object(native_backend, "StringSteps", refuse), of_kv),
    Engine("kv-append", "monitor of strings that are appended to",
           lambda: patch.object(monitor_batch, "_of_strings", lambda *_: False), of_kv),
    Engine("zones", "monitor of registers with unique writes",
           lambda: patch.object(monitor_batch, "by_zones", lambda *_: None), of_register),
    Engine("partition", "parts of one object", lambda: patch.object(decide, "partitioned", lambda *_: None)),
    Engine("256", "sets of 4 words, between 1 and 16", lambda: patch.object(native_backend, "_WIDTHS", WIDTHS)),
    Engine("short", "short histories without a detour", lambda: patch.object(short_history, "SHORT", 0)),
    *(Engine(name, f"monitor `{name}`", model=without(name)) for name in MONITORS),
)  # fmt: skip


@dataclass(frozen=True)
class CaseWorth:
    """The time of a case without an engine. ratio: to the time with it. seconds: without it. told, verdict: what was
    said without, and with it."""

    case: AblationCase
    ratio: float
    seconds: float
    told: str
    verdict: str


@dataclass
class EngineWorth:
    """The worth of one engine."""

    engine: Engine
    groups: dict[str, list[CaseWorth]] = field(default_factory=lambda: defaultdict(list))

    def means(self) -> dict[str, float]:
        """The ratio of each group."""
        return {name: geometric([one.ratio for one in found]) or 1.0 for name, found in self.groups.items()}

    def all(self) -> list[CaseWorth]:
        """Every case."""
        return [one for found in self.groups.values() for one in found]

    def pays(self) -> bool:
        """Whether something takes twice the time without the engine, or stays undecided."""
        slow = any(one.ratio >= PAYS and one.seconds >= MOMENT for one in self.all())
        return slow or any(mean >= PAYS for mean in self.means().values()) or self.decides()

    def decides(self) -> bool:
        """Whether something is undecided without the engine alone."""
        return any(one.told == "unknown" != one.verdict for one in self.all())


def main() -> None:
    """Measure the engines that are asked for."""
    options = arguments()
    if not kernel.BUILT:
        sys.exit("the compiled search is not built: there is nothing to switch off")
    wanted = options.only.split(",") if options.only else [engine.name for engine in ENGINES]
    unknown = set(wanted) - {engine.name for engine in ENGINES}
    if unknown:
        sys.exit(f"no engine {', '.join(sorted(unknown))}; there are {', '.join(engine.name for engine in ENGINES)}")
    limits = Budget(SECONDS, options.configurations or (50_000 if options.quick else 2_000_000), BYTES)
    worths = [EngineWorth(engine) for engine in ENGINES if engine.name in wanted]
    cases = [case for case in all_cases(options.data, quick=options.quick) if options.among in case.group]
    gc.collect()
    gc.freeze()
    measured = 0
    for number, case in enumerate(in_turns(cases)):
        if time.process_time() > 60 * options.minutes:
            break
        measured = number + 1
        if number % 20 == 0:
            print(f"case {number + 1} of {len(cases)}: {case.group}", file=sys.stderr, flush=True)
        concerned = [worth for worth in worths if worth.engine.model(case.model) is not None]
        for worth, found in zip(concerned, compared(case, [worth.engine for worth in concerned], limits), strict=True):
            worth.groups[case.group].append(found)
    table = list(by_engine(worths))
    lines = [
        f"{measured} of {len(cases)} cases, {limits.configurations:,} configurations at most for each.",
        "",
        *table,
    ]
    print("\n".join([*lines, "", *by_group(worths)] if options.groups else lines), flush=True)
    if options.page:
        write(options.page, limits, table)
    changes = [line for worth in worths for line in verdict_changes(worth)]
    for line in changes:
        print(line, file=sys.stderr)
    sys.exit(bool(changes))


def write(path: Path, limits: Budget, table: Sequence[str]) -> None:
    """Put the table into the page, whose rows of other engines stay; ValueError if they had other limits."""
    head = f"{limits.configurations:,} configurations at most for each case."
    names = [f"| `{engine.name}` |" for engine in ENGINES]
    old = page.current(path, MARK)
    rows = {name: line for line in [*old, *table] for name in names if line.startswith(name)}
    if rows.keys() - {name for line in table for name in names if line.startswith(name)} and head not in old:
        raise ValueError(f"the rows of other engines had other limits than {head} Measure them too")
    page.replace(path, MARK, [head, "", *table[:2], *(rows[name] for name in names if name in rows)])


def in_turns(cases: Sequence[AblationCase]) -> list[AblationCase]:
    """The first case of every group, then the second of every group, …: a run that is cut short has seen all kinds."""
    seen: dict[str, int] = defaultdict(int)
    places: list[tuple[int, int]] = []
    for number, case in enumerate(cases):
        places.append((seen[case.group], number))
        seen[case.group] += 1
    return [cases[number] for _, number in sorted(places)]


def verdict_changes(worth: EngineWorth) -> Iterator[str]:
    """Changes of verdicts with an engine."""
    for one in worth.all():
        if one.told != one.verdict and "unknown" not in (one.told, one.verdict):
            where = f"{one.case.group}, {one.case.name}"
            yield f"{worth.engine.name}: {where}: {one.verdict}, {one.told} without"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="ENGINE,…", help=", ".join(engine.name for engine in ENGINES))
    parser.add_argument("--data", type=Path, help="a folder of known answers, with an expected.tsv")
    parser.add_argument("--among", metavar="WORDS", default="", help="only groups of cases with these words in them")
    parser.add_argument("--quick", action="store_true", help="fewer histories of each kind")
    parser.add_argument("--groups", action="store_true", help="tell each group of cases as well, not each engine alone")
    parser.add_argument("--configurations", type=int, help="budget of one check")
    parser.add_argument("--minutes", type=float, default=20.0, help="of processor time, after which no case is begun")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="write the table into a page as well")
    return parser.parse_args()


def compared(case: AblationCase, engines: Sequence[Engine], limits: Budget) -> list[CaseWorth]:
    """One case without each of these engines, in turns with all engines."""
    models = [case.model, *(changed(engine, case.model) for engine in engines)]
    arms = [TimedCheck(model, case.history, limits) for model in models]
    switches = [nullcontext, *(engine.off for engine in engines)]
    for turn in range(TURNS):
        due = [number for number, arm in enumerate(arms) if number and (not turn or arm.spent < ENOUGH)]
        for number in [0, *due] if due else ():
            with switches[number]():
                arms[number].measure()
    base, *others = arms
    return [
        CaseWorth(case, arm.ratio(base), statistics.median(arm.seconds), arm.verdict, base.verdict) for arm in others
    ]


@cache
def changed(engine: Engine, model: Model) -> Model:
    """The model to check without an engine, the same one for all cases: what it remembers is kept between histories."""
    without_it = engine.model(model)
    assert without_it is not None
    return without_it


@dataclass
class TimedCheck:
    """One way to check a history, and the processor times of it."""

    model: Model
    history: History
    limits: Budget
    times: int = 1
    seconds: list[float] = field(default_factory=list)
    verdict: str = ""
    spent: float = 0.0

    def measure(self) -> None:
        """One turn. The first, in which everything is new, tells how often a short check is repeated."""
        if not self.seconds:
            took = self._timed()
            self.times = max(1, int(MOMENT / max(took, 1e-6)))
            if took > ENOUGH / TURNS:
                self.seconds.append(took)
                return
        self.seconds.append(self._timed())

    def ratio(self, base: "TimedCheck") -> float:
        """The ratio to another: the median over the turns that both had."""
        return statistics.median(mine / its for mine, its in zip(self.seconds, base.seconds, strict=False))

    def _timed(self) -> float:
        gc.collect()
        if self.times > 1:  # what others left in the caches of the processor is gone after one
            common.value(self.model, self.history, self.limits)
        else:  # what another has asked the model for is not kept for this one
            self.model.remembered.clear()
        began = time.process_time()
        for _ in range(self.times):
            self.verdict = common.value(self.model, self.history, self.limits)
        took = time.process_time() - began
        self.spent += took
        return took / self.times


def by_engine(worths: Sequence[EngineWorth]) -> Iterator[str]:
    """A line for each engine: the group that it is worth most to, the one that it costs most, and whether it pays."""
    yield from heading(COLUMNS)
    for worth in worths:
        if not worth.groups:
            continue
        means, found = worth.means(), worth.all()
        best, worst = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
        most = max(found, key=lambda one: one.ratio)
        cost = f"{worst} | {means[worst]:.2f}" if means[worst] < 1 / WORTH else "– | –"
        yield row(
            f"`{worth.engine.name}`", worth.engine.what, len(found), best, f"{means[best]:.2f}",
            f"{most.ratio:.3g} ({most.case.group}, {most.case.name})", cost, undecided(found),
            "yes" if worth.pays() else "**no**",
        )  # fmt: skip


def by_group(worths: Sequence[EngineWorth]) -> Iterator[str]:
    """A line for each group that an engine makes a difference to; one line if there is none."""
    yield from heading(GROUP_COLUMNS)
    for worth in worths:
        told = False
        for group, mean in worth.means().items():
            found = worth.groups[group]
            most, least = max(one.ratio for one in found), min(one.ratio for one in found)
            if max(mean, 1 / mean, most) >= WORTH or any(one.told != one.verdict for one in found):
                told = True
                figures = f"{mean:.2f}", f"{most:.3g}", f"{least:.3g}"
                yield row(
                    f"`{worth.engine.name}`", worth.engine.what, group, len(found), *figures, undecided(found)
                )  # fmt: skip
        if not told:
            yield row(f"`{worth.engine.name}`", worth.engine.what, "–", len(worth.all()), "1", "1", "1", "–")


def undecided(found: Sequence[CaseWorth]) -> str:
    """The number of undecided cases, without and with an engine."""
    return f"{sum(one.told == 'unknown' for one in found)}, {sum(one.verdict == 'unknown' for one in found)}"


def heading(columns: Sequence[str]) -> list[str]:
    """The first two lines of a table."""
    return [row(*columns), "|" + "---|" * len(columns)]


def row(*cells: object) -> str:
    """A line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
