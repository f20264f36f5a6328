"""Ablation: what each engine of the linearizability checker is worth. Each is switched off alone, over all cases.

    python benchmarks/ablation.py [--only ENGINE,…] [--data FOLDER] [--quick] [--page docs/linearizability.md]

Cases are the kinds of work of `linearizability.py`, the logs of etcd and of key-value stores, histories of collections
and locks, and known answers: those of `tests/data/reports`, and of `--data`, a folder with an `expected.tsv`. A ratio
is the processor time without the engine / with it, over all cases of a group, each counted alike (geometric mean), and
of the case that needs it most. The exit code is 1 if a verdict changes with an engine: that would be a bug.

Pitfall: a case counts as slower only up to the budget (`--seconds`), so the ratio of one that is undecided without the
engine is a bound.
"""

import argparse
import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import logs
import page
from measuring import geometric
from rows import common, registers, written

from splitbrain.checkers.catalogue import FORMER_NAMES
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
from splitbrain.harness.errors import SplitbrainError
from splitbrain.harness.histories import read
from splitbrain.harness.history import History

ROOT = Path(__file__).resolve().parents[1]
WORTH = 1.1
"""A group is listed where an engine makes this much of a difference, either way."""
MOMENT, TURNS = 0.002, 3
"""Seconds that a measurement takes at least, by repeating the check; how many measurements, the least counts."""
COLUMNS = ("off", "what", "group", "cases", "ratio", "most", "undecided without, with")
MARK = "ablation"
"""The page has the table between `<!-- ablation: begin -->` and `end`."""


@dataclass(frozen=True)
class AblationCase:
    """A history, and the model that it is held against. group: the kind of work."""

    group: str
    name: str
    model: Model
    history: History


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


def without(name: str) -> Callable[[Model], Model | None]:
    """The model without the monitor of this module; None if it names no such."""

    def changed(model: Model) -> Model | None:
        left = tuple(m for m in model.monitors if m.__module__.rpartition(".")[2] != name)
        return replace(model, monitors=left) if len(left) < len(model.monitors) else None

    return changed


def unknown_to_the_kernel(model: Model) -> Model | None:
    """The same model, whose step the kernel has to ask Python for."""
    from splitbrain.checkers.porcupine.kernel.builtin_steps import codes

    def step(state: Any, call: Call) -> Any:
        return model.step(state, call)

    return None if codes(model) is None else replace(model, step=step)


def refuse(*_: object) -> None:
    """In place of the compiled steps of strings."""
    raise NotStrings


def of_kv(model: Model) -> Model | None:
    """The model, if it is a store of strings."""
    return model if model.name == "kv" else None


def of_register(model: Model) -> Model | None:
    """The model, if the monitor of unique writes may fit."""
    return None if without("zones")(model) is None else model


MONITORS = sorted(
    {m.__module__.rpartition(".")[2] for entry in MODELS.values() for m in entry.make().monitors} - {"zones"}
)
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
    Engine("short", "short histories without a detour", lambda: patch.object(short_history, "SHORT", 0)),
    *(Engine(name, f"monitor `{name}`", model=without(name)) for name in MONITORS),
)  # fmt: skip


def main() -> None:
    """Measure the engines that are asked for."""
    options = arguments()
    if not kernel.BUILT:
        sys.exit("the compiled search is not built: there is nothing to switch off")
    wanted = options.only.split(",") if options.only else [engine.name for engine in ENGINES]
    unknown = set(wanted) - {engine.name for engine in ENGINES}
    if unknown:
        sys.exit(f"no engine {', '.join(sorted(unknown))}; there are {', '.join(engine.name for engine in ENGINES)}")
    cases = list(all_cases(options.data, quick=options.quick))
    found: dict[AblationCase, tuple[float, str]] = {}
    changed, lines = [], [f"{len(cases)} cases, {options.seconds:g} s each.", ""]
    lines += [
        "| off | what | group | cases | ratio | most | undecided without, with |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for engine in (engine for engine in ENGINES if engine.name in wanted):
        ratios: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
        for case in cases:
            model = engine.model(case.model)
            if model is None:
                continue
            if case not in found:
                found[case] = measured(case.model, case.history, options.seconds)
            seconds, verdict = found[case]
            with engine.off():
                slower, told = measured(model, case.history, options.seconds)
            ratios[case.group].append((slower / seconds, told, verdict))
            if told != verdict and "unknown" not in (told, verdict):
                changed.append(f"{engine.name}: {case.group}, {case.name}: {verdict}, {told} without")
        rows = list(table(engine, ratios)) if ratios else []
        for row in rows:
            print(row, flush=True)
        lines += rows
    for line in changed:
        print(line, file=sys.stderr)
    if options.page:
        page.replace(options.page, MARK, lines)
    sys.exit(bool(changed))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="ENGINE,…", help=", ".join(engine.name for engine in ENGINES))
    parser.add_argument("--data", type=Path, help="a folder of known answers, with an expected.tsv")
    parser.add_argument("--quick", action="store_true", help="smaller histories, and fewer")
    parser.add_argument("--seconds", type=float, default=5.0, help="budget of one check")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="write the table into a page as well")
    return parser.parse_args()


def measured(model: Model, history: History, limit: float) -> tuple[float, str]:
    """Processor time of one check, the least of a few, and the verdict."""
    best, times = float("inf"), 1
    for _ in range(TURNS):
        gc.collect()
        began = time.process_time()
        for _ in range(times):
            verdict = common.value(model, history, common.budget(limit))
        took = (time.process_time() - began) / times
        best, times = min(best, took), max(1, int(MOMENT / max(took, 1e-6)))
        if took > limit / 10:
            break
    return best, verdict


def table(engine: Engine, ratios: dict[str, list[tuple[float, str, str]]]) -> Iterator[str]:
    """Lines of the groups that an engine makes a difference to; one line if there is none."""
    told = False
    for group, found in ratios.items():
        mean, most = geometric([ratio for ratio, _, _ in found]) or 1.0, max(ratio for ratio, _, _ in found)
        lost, had = (sum(row[side] == "unknown" for row in found) for side in (1, 2))
        if max(mean, 1 / mean, most) >= WORTH or lost != had:
            told = True
            figures = f"{len(found)} | {mean:.2f} | {most:.3g} | {lost}, {had}"
            yield f"| `{engine.name}` | {engine.what} | {group} | {figures} |"
    if not told:
        yield f"| `{engine.name}` | {engine.what} | – | {sum(map(len, ratios.values()))} | 1 | 1 | – |"


def all_cases(data: Path | None, *, quick: bool) -> Iterator[AblationCase]:
    """Every case, group by group."""
    for kind in registers.KINDS:
        model = MODELS[registers.model_name(kind)].make()
        for size, clients, crashed in ((1000, 5, 0), (1000, 10, 0), (1000, 20, 0), (1000, 10, 10), (10_000, 10, 40)):
            if quick and size > 1000:
                continue
            for invalid in (False, True):
                history = registers.made(size, clients, kind, invalid=invalid, crashed=crashed)
                if history is not None:
                    group = "registers, crashed operations" if crashed else "registers"
                    yield AblationCase(group, f"{size} c{clients} {kind}", model, history)
    for log in logs.etcd()[:: 6 if quick else 1]:
        yield AblationCase("etcd logs", log.name, MODELS["cas-register"].make(), log.history)
    for clients in (1, 10) if quick else (1, 10, 50):
        for log in logs.kv(clients):
            yield AblationCase("kv logs", log.name, MODELS["kv"].make(), log.history)
    for log in logs.kv(10):
        yield AblationCase("kv logs as one object", log.name, written.STORE_OF_KEYS, log.history)
        yield AblationCase("strings, a model in Python", log.name, written.TEXT, log.history)
    yield from collections(8 if quick else 40)
    yield from known_answers(ROOT / "tests" / "data" / "reports", "known answers, reports")
    if data is not None:
        yield from known_answers(data, "known answers, given")


def collections(count: int) -> Iterator[AblationCase]:
    """Queues, stacks, sets, lists, counters, locks: mostly different elements, 60 operations of five clients."""
    sys.path.insert(0, str(ROOT))
    from tests.checkers.porcupine.unique import SHAPES, history

    for name, shape in SHAPES.items():
        random = Random(7)
        for number in range(count):
            events = history(shape, random, 60, 5, random.choice((0, 0.04)))
            yield AblationCase(name, str(number), shape.model, History.of(events))


def known_answers(folder: Path, group: str) -> Iterator[AblationCase]:
    """Files of a folder that can be read and are about one of our models."""
    columns, *rows = [line.split("\t") for line in (folder / "expected.tsv").read_text().splitlines()]
    place = next(number for number, column in enumerate(columns) if column.startswith("model"))
    pending = columns.index("pending") if "pending" in columns else None
    for row in rows:
        name, *words = row[place].split()
        name = FORMER_NAMES.get(name, name)
        if name not in MODELS or "unreadable" in row or (pending is not None and row[pending]):
            continue
        try:
            model = MODELS[name].make(dict(word.split("=", 1) for word in words if "=" in word))
            yield AblationCase(group, row[0], model, read(folder / row[0], "auto", keyed="keyed=true" in words))
        except SplitbrainError:
            continue


if __name__ == "__main__":
    main()
