"""Final reads of each key at each node, and when all reads agreed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from splitbrain.harness.history import ABSENT, History


@dataclass(frozen=True)
class FinalReads:
    """quiet: key → position at which its last acknowledged update had ended. final: key → the final reads, one a node
    (a session, where the history has no nodes), by the number that they came with."""

    quiet: Mapping[int, int]
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
        milliseconds from the last update on after which reads are final."""
        quiet: dict[int, int] = {}
        for key, end in updates:
            if quiet.get(key, ABSENT) < end:
                quiet[key] = end
        last: dict[int, dict[tuple[bool, int], tuple[int, int]]] = {}
        for number, key, start, end, session in reads:
            ended = quiet.get(key, ABSENT)
            if start < ended or (ended >= 0 and not _settled(history, ended, start, settle)):
                continue
            node = history.node[start]
            at = (True, session) if node == ABSENT else (False, node)
            of_key = last.setdefault(key, {})
            if at not in of_key or of_key[at][0] < end:
                of_key[at] = (end, number)
        return FinalReads(quiet, {key: [number for _, number in ends.values()] for key, ends in last.items()})


def _settled(history: History, quiet: int, start: int, settle: int) -> bool:
    if settle == 0:
        return True
    return history.timed and history.time[start] - history.time[quiet] >= settle * 1_000_000


def converged_ms(history: History, quiet: Mapping[int, int], differing: Iterable[tuple[int, int]]) -> float | None:
    """Milliseconds from the last acknowledged update of a key to the beginning of the last read of it that did not
    return what final reads returned, of the key where that was longest; None without times. differing: key and start of
    such reads."""
    if not history.timed:
        return None
    spans = (history.time[start] - history.time[quiet[key]] for key, start in differing if key in quiet)
    return max(spans, default=0) / 1e6
