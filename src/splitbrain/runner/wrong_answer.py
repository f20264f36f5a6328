"""Answers that no checker of the workload can judge, such as a number where a read returns a list: which one it was, of
which node, and where the target's code makes its answers. A mistake in a target, so it is a UsageError.
"""

from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History
from splitbrain.results import format
from splitbrain.runner.checking import Judge

SMALL = Budget(seconds=1.0, configurations=10_000)
"""The budget of each prefix of the history: values are looked at before anything is searched."""


def wrong_answer(history: History, judge: Judge, target: str, place: str, error: UsageError) -> UsageError:
    """The error of a checker with the answer that it is about, if one can be found. target: as the user named it.
    place: where its code makes answers, empty if that is not known."""
    event = _first_unreadable(history, judge)
    if event is None:
        return UsageError(f"target {target}: {error}{place}")
    key = f" of key {format.value(event.key)}" if event.key else ""
    return UsageError(
        f"target {target}: {event.node} answered a `{event.f}`{key} at {event.time / 1e9:.3f} s in a way that workload "
        f"{judge.name} cannot judge: {error}{place}"
    )


def _first_unreadable(history: History, judge: Judge) -> Event | None:
    """The last event of the shortest prefix that the checkers refuse; None if none is refused, or a client's answer is
    not what ends it."""
    events = list(history)
    low, high = 0, len(events)
    while low < high:
        middle = (low + high) // 2
        if _refused(History.of(events[:middle]), judge):
            high = middle
        else:
            low = middle + 1
    if low == 0 or not _refused(History.of(events[:low]), judge):
        return None
    event = events[low - 1]
    return event if event.type == "ok" and isinstance(event.node, str) else None


def _refused(history: History, judge: Judge) -> bool:
    history.operations()
    try:
        judge.verdicts(history, SMALL)
    except UsageError:
        return True
    return False
