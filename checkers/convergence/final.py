"""Final reads of each key at each node, and when all reads agreed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from splitbrain.checkers.common.fault_times import FaultTimes
from splitbrain.harness.history import ABSENT, History


@dataclass(frozen=True)
class FinalReads:
    """quiet: key → position at which its last acknowledged update had ended. calm: key → position from which on nothing
    kept its copies from agreeing: no update, and no fault. final: key → the final reads, one a node (a session, where
    the history has no nodes), by the number that they came with."""

    quiet: Mapping[int, int]
    calm: Mapping[int, int]
    final: Mapping[int, list[int]]

    @property
    def compared(self) -> int:
        """The number of final reads that have another one to be compared with."""
        return sum(len(reads) for reads in self.final.values() if len(reads) > 1)

    @staticmethod
    def of(
        history: History,
        updates: Iterable[tuple[int, int]],
        reads: Iterable[tuple[int, int, int, int, int]],
        settle: int,
    ) -> "FinalReads":
        """updates: key and end of each acknowledged one. reads: number, key, start, end and session of each. settle:
        milliseconds after which reads are final, from the last update of the key and from the last fault on."""
        quiet: dict[int, int] = {}
        for key, end in updates:
            if quiet.get(key, ABSENT) < end:
                quiet[key] = end
        faults = FaultTimes.of(history)
        calm: dict[int, int] = {}
        last: dict[int, dict[tuple[bool, int], tuple[int, int]]] = {}
        for number, key, start, end, session in reads:
            since = max(quiet.get(key, ABSENT), faults.over(end))
            if start < since or (since >= 0 and not _settled(history, since, start, settle)):
                continue
            calm[key] = max(calm.get(key, ABSENT), since)
            node = history.node[start]
            at = (True, session) if node == ABSENT else (False, node)
            of_key = last.setdefault(key, {})
            if at not in of_key or of_key[at][0] < end:
                of_key[at] = (end, number)
        return FinalReads(quiet, calm, {key: [number for _, number in ends.values()] for key, ends in last.items()})


def _settled(history: History, since: int, start: int, settle: int) -> bool:
    if settle == 0:
        return True
    return history.timed and history.time[start] - history.time[since] >= settle * 1_000_000


def converged_ms(history: History, found: FinalReads, differing: Iterable[tuple[int, int]]) -> float | None:
    """Milliseconds from the last acknowledged update of a key, or the last fault if that was later, to the beginning of
    the last read of it that did not return what final reads returned, of the key where that was longest; None without
    times. differing: key and start of reads that did not."""
    if not history.timed:
        return None
    late = ((start, found.calm.get(key, ABSENT)) for key, start in differing)
    return (
        max((history.time[start] - history.time[since] for start, since in late if 0 <= since < start), default=0) / 1e6
    )
