"""Time between events of a history: reads that count only when copies have had time to meet."""

from splitbrain.harness.history import History

SECOND = 1_000_000_000


def apart(history: History, earlier: int, later: int, seconds: float) -> bool:
    """Whether two events are so far apart; any are where no time was recorded. earlier: below 0 for none."""
    if not seconds or not history.timed or earlier < 0:
        return True
    return history.time[later] - history.time[earlier] >= seconds * SECOND


def no_read_after(seconds: float) -> str:
    """The reason of a verdict for which no read came late enough."""
    return f"no read succeeded {seconds:g} s or more after the last acknowledged add, so nothing can be said to be lost"
