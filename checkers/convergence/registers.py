"""Convergence of registers: none of the final reads returns a value that was superseded (see `staleness.reads`), that
nobody wrote, or that only failed writes wrote; and no two return different values, unless writes of unknown outcome may
have taken effect in between."""

from splitbrain.checkers.common.findings import Finding
from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.convergence.final import FinalReads, converged_ms
from splitbrain.checkers.staleness.check import stale_witness
from splitbrain.checkers.staleness.reads import stale_reads


def judge(of: RegisterHistory, settle: int) -> tuple[Finding, int]:
    """The verdict of final reads, and the number of them that could have refuted it."""
    found = _final(of, settle)
    stale = {one.read: one for one in stale_reads(of)}
    open_: dict[int, set[int]] = {}
    for op in of.writes():
        if of.end[op] == NEVER:
            open_.setdefault(of.key[op], set()).add(of.value[op])
    doubt = None
    for key, reads in found.final.items():
        late = next((op for op in reads if op in stale), None)
        if late is not None:
            return Finding(stale_witness(of, stale[late])), len(reads)
        certain = [op for op in reads if of.value[op] not in open_.get(key, ())]
        other = next((op for op in certain if of.value[op] != of.value[certain[0]]), None)
        if other is not None:
            sentence = "{0} and {1} differ, though all writes of the key had ended before"
            return Finding(of.witness([certain[0], other], sentence, of.start[other])), len(reads)
        if len({of.value[op] for op in reads}) > 1:
            doubt = doubt or "final reads differ by a write of unknown outcome, which may have happened in between"
    reason = f"{found.compared:,} final reads agree, key by key, and miss no acknowledged write"
    last = converged_ms(of.history, found.quiet, (
        (of.key[op], of.start[op]) for op in of.reads()
        if of.start[op] > found.quiet.get(of.key[op], -1) and (finals := found.final.get(of.key[op]))
        and of.value[op] not in {of.value[final] for final in finals}
    ))  # fmt: skip
    return Finding(doubt=doubt, reason=reason, details={} if last is None else {"converged_ms": last}), found.compared


def _final(of: RegisterHistory, settle: int) -> FinalReads:
    updates = ((of.key[op], of.end[op]) for op in of.writes() if of.end[op] < NEVER)
    reads = ((op, of.key[op], of.start[op], of.end[op], of.session[op]) for op in of.reads())
    return FinalReads.of(of.history, updates, reads, settle)
