"""Session guarantees on registers, each in one pass over the reads, with the reads that violate it.

What a client can see of them. That a session *saw* a write means that an earlier read of it returned that write. A
read violates a guarantee if no order of the writes that the guarantee names, and of the write that it returned,
explains it; writes of one session stand in the order of their session, others in any.

    read-your-writes      each earlier write of the session
    monotonic-reads       each write that the session saw
    monotonic-writes      each write that the session saw, w2, after each earlier write of w2's session to the key
    writes-follow-reads   each write that the session saw, w2, after each write to the read's key that w2's session saw
                          before it

A session that reads new and then old values violates monotonic reads, and monotonic writes too where both were written
by one session: an answer from a copy that lags and one from a copy that applied them in the wrong order look the same.

O(n·k) at most, for n operations and k sessions.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import INITIAL, RegisterHistory
from splitbrain.checkers.common.session_order import KeyWrites
from splitbrain.checkers.common.violations import Violation, Violations

Guarantee = Callable[[RegisterHistory], Violations]


def read_your_writes(registers: RegisterHistory) -> Violations:
    """Violations of this: a read reflects every earlier write of its session."""
    out = Violations()
    for ops in registers.chains:
        latest: dict[int, int] = {}
        for op in ops:
            key = registers.key[op]
            if registers.write[op]:
                latest[key] = op
            elif key in latest and registers.source[op] >= INITIAL:
                own, source = latest[key], registers.source[op]
                missed = source == INITIAL or _older(registers, source, own)
                why = ("{0} came after {1} in its session",)
                out.note(Violation(op, own, (), why) if missed else None)
    return out


def monotonic_reads(registers: RegisterHistory) -> Violations:
    """Violations of this: a read reflects every write that an earlier read of its session returned."""
    out, after = Violations(), _successors(registers)
    for ops in registers.chains:
        seen: dict[int, dict[int, tuple[int, int]]] = {}
        for op in ops:
            source = registers.source[op]
            if registers.write[op] or source < INITIAL:
                continue
            known = seen.setdefault(registers.key[op], {})
            if known:
                # What is newer than a value that was returned stands in the same session.
                chains = after[registers.chain[source]] if source >= 0 else known
                candidates = (known[chain] for chain in chains if chain in known)
                missed = next((saw for saw in candidates if _newer(registers, source, saw[0])), None)
                why = ("{2}, earlier in the session, saw {1}",)
                out.note(Violation(op, missed[0], (missed[1],), why) if missed is not None else None)
            if source >= 0:
                chain = registers.chain[source]
                if chain not in known or _older(registers, known[chain][0], source):
                    known[chain] = (source, op)
    return out


def _newer(registers: RegisterHistory, source: int, other: int) -> bool:
    """Whether a write is newer for certain than what a read returned."""
    return source == INITIAL or _older(registers, source, other)


def _older(registers: RegisterHistory, one: int, other: int) -> bool:
    """Whether one operation stands before another in the same session."""
    one_chain, other_chain = registers.chain[one], registers.chain[other]
    if one_chain == other_chain:
        return registers.position[one] < registers.position[other]
    before = registers.before[other_chain]
    return (
        before >= 0 and registers.chain[before] == one_chain and registers.position[one] <= registers.position[before]
    )


def _successors(registers: RegisterHistory) -> list[list[int]]:
    """The chains, for each chain, whose operations may come after one of it in its session: itself, and those beside
    it."""
    found = [[chain] for chain in range(len(registers.chains))]
    for chain, before in enumerate(registers.before):
        if before >= 0:
            found[registers.chain[before]].append(chain)
    return found


def monotonic_writes(registers: RegisterHistory) -> Violations:
    """Violations of this: a session that sees a write sees the earlier writes of its session before it."""
    out, writes, after = Violations(), KeyWrites(registers), _successors(registers)
    first = {key: {chain: at[0] for chain, (at, _) in writes.chains(key).items()} for key in set(registers.key)}
    for ops in registers.chains:
        seen: dict[int, tuple[int, int]] = {}
        owed: set[int] = set()
        for op in ops:
            source, key = registers.source[op], registers.key[op]
            if registers.write[op] or source < INITIAL:
                continue
            if key not in owed and _owes(registers, first[key], seen):
                owed.add(key)
            if key in owed:
                # What overwrote a value that was returned stands in the same session.
                chains = after[registers.chain[source]] if source >= 0 else seen
                overwriting = {chain: seen[chain] for chain in chains if chain in seen}
                out.note(_reordered(registers, writes, op, overwriting))
            if source >= 0:
                chain = registers.chain[source]
                if chain not in seen or _older(registers, seen[chain][0], source):
                    seen[chain] = (source, op)
    return out


def _owes(registers: RegisterHistory, first: Mapping[int, int], seen: Mapping[int, tuple[int, int]]) -> bool:
    """Whether a write that was seen comes, in its session, after what a session (a chain) did first, by position."""
    for chain in first.keys() & seen.keys():
        if first[chain] < registers.position[seen[chain][0]]:
            return True
    if not registers.parted:
        return False
    beside = (before for chain in seen if (before := registers.before[chain]) >= 0)
    return any(first.get(registers.chain[before], NEVER) <= registers.position[before] for before in beside)


def _reordered(
    registers: RegisterHistory, writes: KeyWrites, op: int, seen: dict[int, tuple[int, int]]
) -> Violation | None:
    source, key = registers.source[op], registers.key[op]
    for chain, (newest, by) in seen.items():
        position = registers.position[newest]
        first = source == INITIAL
        strictly = [(chain, position - 1)]
        if (before := registers.before[chain]) >= 0:
            strictly.append((registers.chain[before], registers.position[before]))
        for place, until in strictly:
            missed = writes.last_until(key, place, until)
            if missed >= 0 and (first or _older(registers, source, missed)):
                why = ("{1} came before {3} in its session", "{2}, earlier in the session of {0}, saw {3}")
                return Violation(op, missed, (by, newest), why)
        if not first and registers.key[newest] == key and _older(registers, source, newest):
            why = ("{0} returned {4}, which came before {3} in its session", "{2}, earlier, saw {3}")
            return Violation(op, newest, (by, newest, source), why)
    return None


@dataclass(slots=True)
class _Author:
    """One session's reads of one key, in order. positions, reads: of the reads of it. first: write → position of the
    first read of it. newest: chain → (positions, newest write of the chain read so far)."""

    positions: list[int] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    first: dict[int, int] = field(default_factory=dict)
    newest: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)


def writes_follow_reads(registers: RegisterHistory) -> Violations:
    """Violations of this: a session that sees a write sees the writes that its session had seen before it."""
    out = Violations()
    authors, after, suspects = _authors(registers), _successors(registers), _suspects(registers)
    write, sources, keys = registers.write, registers.source, registers.key
    chains, positions, suspected = registers.chain, registers.position, 1 in suspects
    first = {key: {chain: by.positions[0] for chain, by in of_key.items()} for key, of_key in authors.items()}
    for ops in registers.chains:
        seen: dict[int, tuple[int, int]] = {}
        of_key: dict[tuple[int, int], tuple[int, int]] = {}
        owed: set[int] = set()
        for op in ops:
            source = sources[op]
            if write[op] or source < INITIAL:
                continue
            key = keys[op]
            if key not in owed and _owes(registers, first[key], seen):
                owed.add(key)
            if key in owed:
                out.note(_not_followed(registers, authors, after, op, seen, of_key) if suspects[op] else None)
            if source >= 0:
                chain, position = chains[source], positions[source]
                if chain not in seen or positions[seen[chain][0]] < position:
                    seen[chain] = (source, op)
                if not suspected:
                    continue  # what a session saw of each key tells suspects alone
                at = (chain, key)
                if at not in of_key or positions[of_key[at][0]] < position:
                    of_key[at] = (source, op)
    return out


def _suspects(registers: RegisterHistory) -> bytes:
    """Reads that may violate: those that returned a write, or the initial value, after a read that had ended returned
    one of its key that began later. All, where a read returned what was written after it: time tells nothing then.

    What a read that violates misses was seen by the author of what its session saw, before that was written.
    """
    start, end, key, source = registers.start, registers.end, registers.key, registers.source
    reads = [op for op in registers.judged() if registers.chain[op] >= 0]
    if any(source[op] >= 0 and start[source[op]] > end[op] for op in reads):
        return b"\1" * len(registers)
    out, newest = bytearray(len(registers)), dict[int, int]()
    ended = sorted(reads, key=end.__getitem__, reverse=True)
    for op in reads:
        while end[ended[-1]] < start[op]:
            seen = ended.pop()
            if source[seen] > newest.get(key[seen], INITIAL):
                newest[key[seen]] = source[seen]
        out[op] = newest.get(key[op], INITIAL) > source[op]
    return bytes(out)


def _authors(registers: RegisterHistory) -> dict[int, dict[int, _Author]]:
    """key → chain → what it read of the key."""
    found: dict[int, dict[int, _Author]] = {key: {} for key in set(registers.key)}
    chains, positions, before = registers.chain, registers.position, registers.before
    keys, sources, write = registers.key, registers.source, registers.write
    for op in (op for ops in registers.chains for op in ops if not write[op]):
        source = sources[op]
        if source < 0:
            continue
        own, chain, position = chains[op], chains[source], positions[op]
        if (own == chain or before[chain] >= 0) and _older(registers, op, source):
            continue  # a session that read what it wrote later itself
        of_key = found[keys[op]]
        author = of_key.get(own)
        if author is None:
            author = of_key[own] = _Author()
        author.positions.append(position)
        author.reads.append(op)
        author.first.setdefault(source, position)
        known = author.newest.get(chain)
        if known is None:
            author.newest[chain] = ([position], [source])
        elif positions[known[1][-1]] < positions[source]:
            known[0].append(position)
            known[1].append(source)
    return found


def _before(registers: RegisterHistory, write: int) -> tuple[int, int]:
    """The chain of the session of a write, and the position in it that the write comes after."""
    chain = registers.chain[write]
    before = registers.before[chain]
    if before >= 0:
        return registers.chain[before], registers.position[before] + 1
    return chain, registers.position[write]


def _not_followed(
    registers: RegisterHistory,
    authors: dict[int, dict[int, _Author]],
    after: list[list[int]],
    op: int,
    seen: dict[int, tuple[int, int]],
    of_key: dict[tuple[int, int], tuple[int, int]],
) -> Violation | None:
    source, key = registers.source[op], registers.key[op]
    known = authors.get(key, {})
    for chain, (newest, by) in seen.items():
        session, position = _before(registers, newest)
        author = known.get(session)
        if author is None:
            continue
        read = _missed(registers, author, after, source, position)
        if read >= 0:
            why = ("{4} saw {1} before {3} in its session", "{2}, earlier in the session of {0}, saw {3}")
            return Violation(op, registers.source[read], (by, newest, read), why)
        on_key = of_key.get((chain, key))
        if source >= 0 and on_key is not None and source in author.first:
            later, saw = on_key
            if author.first[source] < _before(registers, later)[1]:
                read = author.reads[bisect_left(author.positions, author.first[source])]
                why = ("{4} saw what {0} returned, before {3} in its session", "{2}, earlier, saw {3}")
                return Violation(op, later, (saw, later, read), why)
    return None


def _missed(registers: RegisterHistory, author: _Author, after: list[list[int]], source: int, position: int) -> int:
    """A read of the author's, before a position, of a write that is newer than the source; -1 if there is none."""
    if source == INITIAL:
        return author.reads[0] if author.positions[0] < position else -1
    for chain in after[registers.chain[source]]:
        positions, newest = author.newest.get(chain, ([], []))
        at = bisect_left(positions, position)
        if at and _older(registers, source, newest[at - 1]):
            return author.reads[bisect_left(author.positions, positions[at - 1])]
    return -1
