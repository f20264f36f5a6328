"""Edges of sessions and of real time between transactions.

Real time goes through barriers: a barrier stands behind everything that had ended when the next transaction began, so
that there are at most three edges a transaction. An indeterminate transaction has no edge to a later one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.transactions.graph import RT, SO, Edges
from splitbrain.checkers.transactions.history import FAIL, TransactionHistory
from splitbrain.harness.history import ABSENT


@dataclass(frozen=True)
class OrderEdges:
    """sessions, realtime: the edges. times: when each node is thought to have come, transactions first, then barriers.
    starts, ends: of each transaction, its end NEVER unless it succeeded. chains: the transactions of each session in
    order of invocation."""

    sessions: Edges
    realtime: Edges
    times: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    chains: Sequence[Sequence[int]]

    @property
    def nodes(self) -> int:
        """The number of nodes with the barriers."""
        return len(self.times)


def order_edges(of: TransactionHistory) -> OrderEdges:
    """The edges of sessions and of real time between the members of the graphs."""
    members = [txn for txn, member in enumerate(of.member) if member]
    ends = {txn: of.complete[txn] if of.ended[txn] == FAIL else of.end[txn] for txn in members}
    by_session: dict[int, list[int]] = defaultdict(list)
    for txn in members:
        by_session[of.session[txn]].append(txn)
    times = _commit_times(of)
    source: list[int] = []
    target: list[int] = []
    for txns in by_session.values():
        if all(ends[one] < of.start[following] for one, following in pairwise(txns)):
            source += txns[:-1]
            target += txns[1:]
        else:
            _barriers(of.start, ends, txns, times, source, target)
    sessions = Edges.of([(source, target, SO, [ABSENT] * len(source))])
    source, target = [], []
    _barriers(of.start, {txn: of.end[txn] for txn in members}, members, times, source, target)
    realtime = Edges.of([(source, target, RT, [ABSENT] * len(source))])
    if any(of.ended[txn] == FAIL for txn in members):
        realtime = realtime.together(sessions)  # which has edges from what failed
    return OrderEdges(sessions, realtime, times, of.start, of.end, list(by_session.values()))


def _commit_times(of: TransactionHistory) -> list[int]:
    """The time at which each transaction is thought to have been committed: at its end, or when it was first read."""
    times = [end if end < NEVER else start for start, end in zip(of.start, of.end, strict=True)]
    first: dict[int, int] = {}
    for op, write in enumerate(of.write):
        reader = of.owner[op]
        for version in () if write else of.read(op):
            writer = of.version_writer[version]
            if writer != ABSENT and of.end[writer] == NEVER and of.end[reader] < first.get(writer, NEVER):
                first[writer] = of.end[reader]
    for txn, time in first.items():
        times[txn] = max(times[txn], time - 1)
    return times


def _barriers(
    start: Sequence[int], ends: dict[int, int], txns: Sequence[int], times: list[int], source: list[int],
    target: list[int],
) -> None:  # fmt: skip
    """Add edges from each of these transactions to those that began after its end, and barriers to `times`."""
    events = sorted([(start[txn], txn, True) for txn in txns] + [(ends[txn], txn, False) for txn in txns])
    ended: list[int] = []
    barrier = ABSENT
    for at, txn, begins in events:
        if not begins:
            if at < NEVER:
                ended.append(txn)
            continue
        if ended:
            if barrier != ABSENT:
                ended.append(barrier)
            source += ended
            target += [len(times)] * len(ended)
            barrier, ended = len(times), []
            times.append(at)
        if barrier != ABSENT:
            source.append(barrier)
            target.append(txn)
