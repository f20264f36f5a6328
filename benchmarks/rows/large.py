"""A million operations, in time and in memory: each case in a process of its own, which reads JSON lines.

The peer is not run here: its memory grows with the square of the length."""

from histories import HistoryShape, bomb, register
from measuring import Goal, Line, Measurement, Report

from rows import common
from rows.registers import KINDS, isolated, made, model_name


def million(bench: Measurement) -> Report:
    """10⁶ operations, concurrency 10"""
    size = 100_000 if bench.quick else 1_000_000
    lines: dict[bool, list[Line]] = {False: [], True: []}
    for kind in KINDS:
        for invalid, found in lines.items():
            history = made(size, 10, kind, invalid=invalid)
            if history is not None:
                work = f"{size:,}, {kind}, {'invalid' if invalid else 'valid'}"
                found.append(isolated(bench, work, model_name(kind), history))
    both = [*lines[False], *lines[True]]
    goals = [
        Goal("seconds, valid", common.slowest(lines[False]), "≤", 1),
        Goal("seconds, invalid", common.slowest(lines[True]), "≤", 2),
        common.memory(both, 500),
        common.undecided(both),
    ]
    return Report("million", million.__doc__ or "", both, goals)


def unique(bench: Measurement) -> Report:
    """10⁶ operations, every value written once"""
    size = 100_000 if bench.quick else 1_000_000
    line = isolated(bench, f"{size:,}, c 10", "register", register(HistoryShape(size, 10, values=0, seed=2)))
    whole = None if line.seconds is None else line.seconds + (line.read_seconds or 0)
    goals = [Goal("seconds", line.seconds, "≤", 0.2), Goal("seconds with reading", whole, "≤", 5)]
    return Report("unique-million", unique.__doc__ or "", [line], goals)


def keys(bench: Measurement) -> Report:
    """10⁶ operations over 10⁴ keys, cas, all cores"""
    size = 100_000 if bench.quick else 1_000_000
    shape = HistoryShape(size, 10, reads=0.4, cas=0.3, keys=size // 100)
    line = isolated(bench, f"{size:,}, c 10, {size // 100:,} keys", "cas-register", register(shape))
    wall = None if line.seconds is None else line.wall_seconds
    return Report("keys", keys.__doc__ or "", [line], [Goal("wall seconds", wall, "≤", 3), common.memory([line], 1024)])


def waves(bench: Measurement) -> Report:
    """40 waves of 200 concurrent operations and a crashed one each, within 5 s"""
    limited = Measurement(None, 1, 5, bench.quick, bench.folder)
    line = isolated(limited, "8,040 operations", "cas-register", bomb())
    goals = [Goal("wall seconds", line.wall_seconds, "≤", 5.5), common.memory([line], 1024)]
    return Report("bomb", waves.__doc__ or "", [line], goals)
