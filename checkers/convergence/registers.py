"""Convergence of registers: all final reads return one value, of a write that no acknowledged write of the key comes
after in causal order (see `overwritten`); never one that nobody wrote, or that only failed writes wrote, nor the
initial value once a write was acknowledged. They may differ by writes of unknown outcome, which may have taken effect
in between.

Writes need not be unique: a read is refuted if each write that it may have returned is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.findings import Finding, SearchStopped
from splitbrain.checkers.common.patterns import why_each
from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.common.session_order import path
from splitbrain.checkers.convergence.final import FinalReads, converged_ms
from splitbrain.checkers.convergence.overwritten import overwritten, rivals
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.verdict import Witness


def judge(of: RegisterHistory, settle: int, spending: BudgetMeter) -> tuple[Finding, int]:
    """The verdict of final reads, and the number of them that could have refuted it."""
    found = _final(of, settle)
    finals = FinalValues.of(of, found)
    asked = rivals(of, {write for writes in finals.possible.values() for write in writes})
    try:
        after = overwritten(of, asked, spending)
    except SearchStopped as stopped:
        return Finding(doubt=str(stopped)), found.compared
    doubt = None
    for key, reads in found.final.items():
        wrong = next((wrong for op in reads if (wrong := finals.wrong(op, after))), None) or finals.apart(key, reads)
        if wrong is not None:
            return Finding(wrong), len(reads)
        doubt = doubt or finals.doubt(reads, asked)
    reason = f"{found.compared:,} final reads agree, key by key, and none returns what was overwritten"
    last = converged_ms(of.history, found, (
        (of.key[op], of.start[op]) for op in of.reads()
        if (finals_of := found.final.get(of.key[op]))
        and of.value[op] not in {of.value[final] for final in finals_of}
    ))  # fmt: skip
    return Finding(doubt=doubt, reason=reason, details={} if last is None else {"converged_ms": last}), found.compared


@dataclass(frozen=True)
class FinalValues:
    """The values of final reads. possible: read → writes that it may have returned. first: key → the acknowledged write
    of it that ended first. open: key → values that writes of unknown outcome wrote."""

    of_history: RegisterHistory
    possible: Mapping[int, Sequence[int]]
    first: Mapping[int, int]
    open: Mapping[int, set[int]]

    @staticmethod
    def of(of: RegisterHistory, found: FinalReads) -> "FinalValues":
        """Values of the final reads of these registers."""
        possible = {
            op: [w for w in of.candidates.get((key, of.value[op]), ()) if of.start[w] < of.end[op]]
            for key, reads in found.final.items() for op in reads
        }  # fmt: skip
        first: dict[int, int] = {}
        open_: dict[int, set[int]] = {}
        for op in of.writes():
            if of.end[op] == NEVER:
                open_.setdefault(of.key[op], set()).add(of.value[op])
            elif of.key[op] not in first or of.end[op] < of.end[first[of.key[op]]]:
                first[of.key[op]] = op
        return FinalValues(of, possible, first, open_)

    def wrong(self, read: int, after: Mapping[int, int]) -> Witness | None:
        """The witness that no copy that has everything returns this. after: write → one that overwrote it."""
        of, writes = self.of_history, self.possible[read]
        key, start = of.key[read], of.start[read]
        initial = of.value[read] == of.initial
        if initial and key not in self.first:
            return None
        if not writes and initial:
            sentence = "{0} returned the initial value, though {1} had ended before"
            return of.witness([read, self.first[key]], sentence, start)
        if not writes:
            later = of.candidates.get((key, of.value[read]), ())
            if later:
                sentence = "{0} ended before {1} began, whose value it returned"
                return of.witness([read, later[0]], sentence, start)
            return of.witness([read], "{0} returned a value that nobody wrote", start)
        if any(write not in after for write in writes):
            return None
        way = path(of, writes[-1], (after[writes[-1]],))
        last = len(way) - 1
        sentence = (
            f"{{{last + 1}}} returned what {{0}} wrote, though {{{last}}} overwrote it and was acknowledged before"
        )
        return of.witness([*way, read], sentence, start, why_each(of, way))

    def apart(self, key: int, reads: Sequence[int]) -> Witness | None:
        """The witness of two final reads of a key that differ for certain."""
        of = self.of_history
        certain = [op for op in reads if of.value[op] not in self.open.get(key, ())]
        other = next((op for op in certain if of.value[op] != of.value[certain[0]]), None)
        if other is None:
            return None
        sentence = "{0} and {1} differ, though all writes of the key had ended before"
        return of.witness([certain[0], other], sentence, of.start[other])

    def doubt(self, reads: Sequence[int], asked: Mapping[int, list[int]]) -> str | None:
        """The reason why final reads of a key neither agree nor are refuted. asked: write → its rivals."""
        of = self.of_history
        if len({of.value[op] for op in reads}) > 1:
            return "final reads differ by a write of unknown outcome, which may have happened in between"
        if of.doubt and all(asked[write] for write in self.possible[reads[0]]) and self.possible[reads[0]]:
            return of.doubt
        return None


def _final(of: RegisterHistory, settle: int) -> FinalReads:
    updates = ((of.key[op], of.end[op]) for op in of.writes() if of.end[op] < NEVER)
    reads = ((op, of.key[op], of.start[op], of.end[op], of.session[op]) for op in of.reads())
    return FinalReads.of(of.history, updates, reads, settle)
