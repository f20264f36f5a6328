"""Histories written by hand: `recorded("0 invoke write 4", "0 ok write 4", …)`, one event a millisecond."""

from typing import Any

from splitbrain.checkers.common.values import meant
from splitbrain.harness.history import Event, History


def recorded(*lines: str) -> History:
    """A history of lines, each process, type, f, and a value: nil, a number, a word, [1 2]."""
    return History.of([event(index, line) for index, line in enumerate(lines)])


def event(index: int, line: str) -> Event:
    process, kind, f, value = (*line.split(" ", 3), "nil")[:4]
    optional: dict[str, Any] = {"error": ("precondition", "")} if kind == "fail" else {}
    return Event(
        index=index, time=index * 1_000_000, process=int(process), type=kind, f=f, node=f"n{int(process) + 1}",
        value=meant(value.replace(" ", ",") if value.startswith("[") else value), **optional,
    )  # fmt: skip
