"""Final state of a history of registers: what each node held at the end, and which acknowledged writes are not in it.

A final read began at least SETTLED_NS after the last acknowledged write of its key had ended, and after the last
invocation of any write; of each key at each node the last one counts.

An acknowledged write is lost if no write of its key began after it had ended, and every final read of its key returned
a value whose write had ended before it began, or no value at all. So nothing that came later explains why it is gone.
A write that may have been overwritten is not counted: the number is a lower bound.

It has vanished if, besides, nothing else ever wrote its key: then no rule by which one write wins over another, such as
the greater timestamp of a clock that is ahead, explains it either.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.common.registers import RegisterHistory, registers
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value

SETTLED_NS = 1_000_000_000


@dataclass(frozen=True)
class LostWrite:
    """One acknowledged write that is gone. at, ended: nanoseconds since the run began. vanished: whether nothing else
    wrote its key."""

    key: Value
    value: Value
    node: str
    at: int
    ended: int
    vanished: bool


@dataclass(frozen=True)
class FinalState:
    """compared: keys that at least two nodes were asked for. differing: those about which they disagree. looked_for:
    acknowledged writes that would be seen if they were lost. lost: those that are. silent: nodes that clients had, and
    that answered no final read."""

    compared: int
    differing: tuple[Value, ...]
    looked_for: int
    lost: tuple[LostWrite, ...]
    silent: tuple[Value, ...] = ()

    @property
    def converged(self) -> bool | None:
        """Whether all copies were equal at the end; None where nothing was compared, or not the copy of every node."""
        if self.differing:
            return False
        return True if self.compared and not self.silent else None


def final_state(history: History) -> FinalState:
    """The final state of a history of reads and writes."""
    of = registers(history, "availability", None)
    final = _final_reads(of)
    values, compared, differing = history.pool.values, 0, list[Value]()
    for key, reads in final.items():
        if len(reads) < 2:
            continue
        compared += 1
        if len({of.value[read] for read in reads.values()}) > 1:
            differing.append(values[key])
    looked_for, lost = _lost(of, final)
    nodes = dict.fromkeys(history.node[invoke] for invoke in of.start if history.node[invoke] != ABSENT)
    answered = {node for reads in final.values() for node in reads}
    silent = tuple(values[node] for node in nodes if node not in answered)
    return FinalState(compared, tuple(differing), looked_for, tuple(lost), silent)


def _final_reads(of: RegisterHistory) -> Mapping[int, Mapping[int, int]]:
    """Key → node → its last final read."""
    history, last_end = of.history, defaultdict[int, int](int)
    last_invoked = max((of.start[op] for op, write in enumerate(of.write) if write), default=ABSENT)
    for op, write in enumerate(of.write):
        if write and of.end[op] < NEVER:
            last_end[of.key[op]] = max(last_end[of.key[op]], history.time[of.end[op]])
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for op in of.reads():
        start, key = of.start[op], of.key[op]
        if start > last_invoked and history.time[start] >= last_end[key] + SETTLED_NS:
            before = found[key].get(history.node[start])
            if before is None or of.end[before] < of.end[op]:
                found[key][history.node[start]] = op
    return found


def _lost(of: RegisterHistory, final: Mapping[int, Mapping[int, int]]) -> tuple[int, list[LostWrite]]:
    """The number of writes that would be seen if they were lost, and those that are."""
    history, values = of.history, of.history.pool.values
    by_key: dict[int, list[int]] = defaultdict(list)
    for op, write in enumerate(of.write):
        if write:
            by_key[of.key[op]].append(op)
    looked_for, lost = 0, list[LostWrite]()
    for key, writes in by_key.items():
        reads = list(final.get(key, {}).values())
        latest = max((of.start[op] for op in writes), default=ABSENT)
        for op in writes:
            if not reads or of.end[op] == NEVER or of.end[op] < latest:
                continue
            looked_for += 1
            if all(_before(of, of.value[read], key, op) for read in reads):
                start, end = of.start[op], of.end[op]
                node = "" if history.node[start] == ABSENT else str(values[history.node[start]])
                lost.append(
                    LostWrite(
                        values[key], values[of.value[op]], node, history.time[start], history.time[end],
                        len(writes) == 1,
                    )
                )  # fmt: skip
    return looked_for, lost


def _before(of: RegisterHistory, value: int, key: int, write: int) -> bool:
    """Whether whatever wrote a value had ended before a write began."""
    writers: Sequence[int] = of.candidates.get((key, value), ())
    if not writers:
        return value == of.initial
    return all(of.end[other] < of.start[write] for other in writers)
