"""Schedule of registers: one transaction after the other, built from the front, within real time.

A transaction comes next if all that ended before it began have come, what it read is there, and nobody still has to
read what it overwrites. One whose versions nobody has to read can always come at once. Among others that comes first
whose versions were seen first; where none can come, the last choice is taken back.

Pitfall: only what it finds counts. That it found nothing means nothing: states are told apart by hashes, and it gives
up after a number of steps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import numpy as np

from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.harness.budget import BudgetMeter

STEPS_EACH = 50
"""The number of steps for each transaction after which it gives up."""
LOOK_EVERY = 1024


@dataclass
class _Step:
    """A transaction that came. choices: those that may come in its place. before: what stood at the keys that it wrote.
    ended, entered: how many had come in order of their ends, and how many had been let in, before it."""

    txn: int
    choices: list[int]
    before: list[tuple[int, int]]
    ended: int
    entered: int


def schedule(of: TransactionHistory, spending: BudgetMeter) -> list[int] | None:
    """An order of the members, each of which reads what is there; None if none was found."""
    return _Scheduler(of).order(spending)


class _Scheduler:
    """The state of a schedule. there: key → its version; the initial one of a key has a number after all versions.
    reads, writes: of each member key → version, what it read of others and what it leaves. waiting: version → how many
    still have to read it. window: those that may come as far as time goes."""

    def __init__(self, of: TransactionHistory) -> None:
        self.of, versions = of, len(of.version_key)
        self.members = np.flatnonzero(np.asarray(of.member)).tolist()
        self.there = [versions + key for key in range(len(of.keys))]
        self.waiting = [0] * (versions + len(of.keys))
        self.reads: dict[int, dict[int, int]] = {}
        self.writes: dict[int, dict[int, int]] = {}
        self.torn = False
        for txn in self.members:
            self._take_in(txn, versions)
        self.start, self.end = of.start, of.end
        self.by_start = sorted(self.members, key=lambda txn: self.start[txn])
        self.by_end = sorted(self.members, key=lambda txn: self.end[txn])
        self.due = self._deadlines()
        self.window: dict[int, None] = {}
        self.came: set[int] = set()
        self.steps: list[_Step] = []
        self.ended = self.entered = self.hash = 0
        draw = Random(0).getrandbits
        self.marks = [draw(64) for _ in range(len(of))]
        self.version_marks = [draw(64) for _ in self.waiting]
        self.met: set[int] = set()

    def _take_in(self, txn: int, versions: int) -> None:
        of, reads, writes = self.of, dict[int, int](), dict[int, int]()
        for op in of.ops(txn):
            key = of.key[op]
            if of.write[op]:
                writes[key] = of.low[op]
            elif not of.own[op]:
                seen = of.elements[of.low[op]] if of.high[op] > of.low[op] else versions + key
                self.torn |= reads.setdefault(key, seen) != seen
        for version in reads.values():
            self.waiting[version] += 1
        self.reads[txn], self.writes[txn] = reads, writes

    def _deadlines(self) -> dict[int, int]:
        """The time by which each member must have come: its end, and that of the first that read of it."""
        due = {txn: self.end[txn] for txn in self.members}
        writer, versions = self.of.version_writer, len(self.of.version_writer)
        for txn in self.members:
            for version in self.reads[txn].values():
                if version < versions and writer[version] in due:
                    due[writer[version]] = min(due[writer[version]], self.end[txn])
        return due

    def order(self, spending: BudgetMeter) -> list[int] | None:
        """The order of all members; None if none was found."""
        if self.torn:
            return None
        self._let_in()
        choices = self._choices()
        for step in range(STEPS_EACH * len(self.members) + LOOK_EVERY):
            if len(self.steps) == len(self.members):
                return [one.txn for one in self.steps]
            if step % LOOK_EVERY == 0 and spending.exhausted() is not None:
                return None
            while not choices or self.hash in self.met:
                if not self.steps:
                    return None
                self.met.add(self.hash)
                choices = self._take_back()
            self._come(choices[0], choices[1:])
            choices = self._choices()
        return None

    def _choices(self) -> list[int]:
        """Members that can come next, the best first; one alone where it always can."""
        found = [txn for txn in self.window if self._can_come(txn)]
        for txn in found:
            if not any(map(self.waiting.__getitem__, self.writes[txn].values())):
                return [txn]
        return sorted(found, key=lambda txn: (self.due[txn], txn))

    def _can_come(self, txn: int) -> bool:
        there, reads = self.there, self.reads[txn]
        for key, version in reads.items():
            if there[key] != version:
                return False
        return all(self.waiting[there[key]] == (key in reads) for key in self.writes[txn])

    def _come(self, txn: int, others: list[int]) -> None:
        before = [(key, self.there[key]) for key in self.writes[txn]]
        self.steps.append(_Step(txn, others, before, self.ended, self.entered))
        for version in self.reads[txn].values():
            self.waiting[version] -= 1
        for key, version in self.writes[txn].items():
            self._put(key, version)
        self.hash ^= self.marks[txn]
        self.came.add(txn)
        del self.window[txn]
        while self.ended < len(self.by_end) and self.by_end[self.ended] in self.came:
            self.ended += 1
        self._let_in()

    def _take_back(self) -> list[int]:
        """Take the last step back; what else may come in its place."""
        last = self.steps.pop()
        for txn in self.by_start[last.entered : self.entered]:
            self.window.pop(txn, None)
        self.ended, self.entered = last.ended, last.entered
        self.hash ^= self.marks[last.txn]
        self.came.discard(last.txn)
        self.window[last.txn] = None
        self._put_all(last.before)
        for version in self.reads[last.txn].values():
            self.waiting[version] += 1
        return last.choices

    def _put_all(self, pairs: Iterable[tuple[int, int]]) -> None:
        for key, version in pairs:
            self._put(key, version)

    def _put(self, key: int, version: int) -> None:
        self.hash ^= self.version_marks[self.there[key]] ^ self.version_marks[version]
        self.there[key] = version

    def _let_in(self) -> None:
        """Let in those that began before the first end of one that has not come."""
        until = self.end[self.by_end[self.ended]] if self.ended < len(self.by_end) else None
        while self.entered < len(self.by_start):
            txn = self.by_start[self.entered]
            if until is not None and self.start[txn] > until:
                return
            self.window[txn] = None
            self.entered += 1
