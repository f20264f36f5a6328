"""Queues and stacks, some of whose operations are of unknown end: the files `perf*` of the reports."""

from pathlib import Path

from measuring import Goal, Line, Measurement, Report

from rows import common
from splitbrain.checkers.porcupine import MODELS
from splitbrain.harness.histories import read

REPORTS = Path(__file__).resolve().parent.parent.parent / "tests" / "data" / "reports"
KINDS = {"fifo": "fifo-queue", "stack": "stack"}


def known(bench: Measurement) -> Report:
    """queues and stacks of 40 to 1,000 operations, 5 to 10 clients, some dequeues of unknown end"""
    lines: list[Line] = []
    for path in sorted(REPORTS.glob("perf[0-9]_*.jsonl.gz"))[: 4 if bench.quick else None]:
        model = KINDS.get(path.name.split("_")[1])
        if model is not None:
            history = read(path)
            check = common.check(MODELS[model].make(), history, bench.seconds_max)
            lines.append(bench.against(path.name.removesuffix(".jsonl.gz"), model, history, check))
    return Report(
        "containers",
        known.__doc__ or "",
        lines,
        [common.mean(lines, 1), Goal("seconds", common.slowest(lines), "≤", 20), common.undecided(lines)],
    )
