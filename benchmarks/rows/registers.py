"""Random histories of a register: with few values and many, with cas, with crashed operations."""

from collections.abc import Sequence

from histories import HistoryShape, register, write_jsonl
from measuring import Goal, Line, Measurement, Report, alone

from rows import common
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.history import History

KINDS: dict[str, dict[str, float]] = {
    "register": {},
    "cas-register": {"reads": 0.4, "cas": 0.3},
    "register, unique": {"values": 0},
}
"""Reads and writes of five values; the same with cas; of values that are written once."""
SEEDS = 20


def made(operations: int, concurrency: int, kind: str, *, invalid: bool, crashed: int = 0) -> History | None:
    """A random history; None if no seed gives one."""
    for seed in range(1, SEEDS + 1):
        shape = HistoryShape(operations, concurrency, invalid=invalid, crashed=crashed, seed=seed, **KINDS[kind])  # type: ignore[arg-type]
        try:
            return register(shape)
        except ValueError:
            continue
    return None


def model_name(kind: str) -> str:
    """The model of a kind."""
    return kind.partition(",")[0]


def small(bench: Measurement) -> Report:
    """random registers, 10³ and 10⁴ operations, none crashed"""
    lines = _lines(bench, (1000,) if bench.quick else (1000, 10_000), (5, 10, 20))
    goals = [common.least("least ratio", lines, 25), common.mean(lines, 60), common.undecided(lines)]
    return Report("random", small.__doc__ or "", lines, goals)


def large(bench: Measurement) -> Report:
    """random registers, 10⁵ operations, none crashed"""
    lines = _lines(bench, (10_000 if bench.quick else 100_000,), (5, 10, 20))
    goals = [common.least("least ratio", lines, 300), common.undecided(lines)]
    return Report("random-large", large.__doc__ or "", lines, goals)


def crashed(bench: Measurement) -> Report:
    """random registers, crashed operations"""
    ten = _lines(bench, (1000,) if bench.quick else (1000, 10_000), (5, 10), crashed=10)
    forty = _lines(bench, (10_000,), (10,), crashed=40)
    fifty = [
        isolated(bench, _work(10_000, 10, kind, invalid, 50), model_name(kind), history)
        for kind in KINDS
        for invalid in (False, True)
        if (history := made(10_000, 10, kind, invalid=invalid, crashed=50))
    ]
    lines = [*ten, *forty, *fifty]
    goals = [
        common.least("least ratio with 10", ten, 60),
        Goal("seconds with 40", common.slowest(forty), "≤", 0.2),
        common.memory(fifty, 500),
        common.undecided(lines),
    ]
    return Report("crashed", crashed.__doc__ or "", lines, goals)


def isolated(bench: Measurement, work: str, model: str, history: History) -> Line:
    """A case in a process of its own, from a file of JSON lines."""
    path = bench.folder / "history.jsonl"
    write_jsonl(history, path)
    return alone(work, path, model, bench.seconds_max)


def _lines(bench: Measurement, sizes: Sequence[int], clients: Sequence[int], crashed: int = 0) -> list[Line]:
    """Each kind in each size, valid and invalid."""
    lines = []
    for size in sizes:
        for concurrency in clients:
            for kind in KINDS:
                model = MODELS[model_name(kind)].make()
                for invalid in (False, True):
                    history = made(size, concurrency, kind, invalid=invalid, crashed=crashed)
                    if history is not None:
                        run = common.check(model, history, bench.seconds_max)
                        work = _work(size, concurrency, kind, invalid, crashed)
                        lines.append(bench.against(work, "register", history, run))
    return lines


def _work(size: int, concurrency: int, kind: str, invalid: bool, crashed: int) -> str:
    words = f"{size:,}, c {concurrency}, {kind}, {'invalid' if invalid else 'valid'}"
    return f"{words}, {crashed} crashed" if crashed else words
