"""Dependencies of transactions: ww, wr and rw edges, as far as reads tell the order of versions, and what is left open.

Of a list the versions that were read are in order; those that nobody read come after them, in any order. Of a list
whose reads contradict each other the longest read is the order of what it has, and of all other versions nothing is
said. Of a register nothing is known but that the initial value is first, and that a transaction which read a version
and wrote the key came after it. What is left open is a set of writers of one key that come after all that is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.transactions.graph import NONE, RW, WR, WW, Edges, Ints, grouped
from splitbrain.checkers.transactions.history import FAIL, TransactionHistory
from splitbrain.checkers.transactions.versions import ListOrders
from splitbrain.harness.history import ABSENT

EDGE_BYTES = 128
"""Memory that an edge takes while levels are judged, at least."""
EDGES_AN_OPERATION = 32
"""Edges for each micro-operation that no history is too small for, whatever its budget."""


class DependenciesStopped(Exception):
    """Error of a history with more dependencies than the budget of memory holds; its words are the reason."""


@dataclass(frozen=True)
class ExternalReads:
    """Reads that saw what another transaction left, in program order, in columns. version: the last version that was
    seen, and writer: ABSENT for what was there before any write. late: whether that was not the last of its writer."""

    op: Ints
    reader: Ints
    key: Ints
    version: Ints
    writer: Ints
    late: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.op)

    def where(self, kept: "npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice") -> "ExternalReads":
        """Some of the reads."""
        ints = (self.op, self.reader, self.key, self.version, self.writer)
        op, reader, key, version, writer = (column[kept] for column in ints)
        return ExternalReads(op, reader, key, version, writer, self.late[kept])


class Readers:
    """The transactions that read each version of a register, each with the first micro-operation that did. Falsy where
    there are none, as of lists, whose readers are all in edges."""

    def __init__(self, of: TransactionHistory, reads: ExternalReads) -> None:
        """reads: of versions that were the last of their writer."""
        self.of = of
        versions = len(of.version_key)
        mark = np.where(reads.version == ABSENT, versions + reads.key, reads.version)
        order = grouped(mark, versions + len(of.keys))
        mark, reader = mark[order], reads.reader[order]
        again = np.zeros(len(order), dtype=bool)
        again[1:] = (mark[1:] == mark[:-1]) & (reader[1:] == reader[:-1])
        order, self.mark, self.reader = order[~again], mark[~again], reader[~again]
        self.op = reads.op[order]
        self.starts = np.zeros(versions + len(of.keys) + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.mark, minlength=versions + len(of.keys)), out=self.starts[1:])
        self.made = np.asarray(of.after)[self.op]
        """The version that a reader made of the same key, or ABSENT."""

    def __bool__(self) -> bool:
        return len(self.op) > 0

    def of_version(self, version: int) -> Sequence[int]:
        """The transactions that read a version."""
        found: list[int] = self.reader[self.starts[version] : self.starts[version + 1]].tolist()
        return found


@dataclass(slots=True)
class Dependencies:
    """edges: what is known. reads: the reads behind wr and rw edges, in program order. open: versions that come after
    all that is known of their key, in an order unknown, those of one key together; one alone may be left out. assumed:
    those edges, the last ones, that only an assumption on keys tells."""

    of: TransactionHistory
    edges: Edges
    reads: ExternalReads
    readers: Readers
    open: Ints
    assumed: Edges = NONE

    def is_assumed(self, source: int, target: int, kind: int) -> bool:
        """Whether only an assumption on keys tells an edge."""
        edges, told = self.edges, len(self.edges) - len(self.assumed)
        same = (edges.source == source) & (edges.target == target) & (edges.kind == kind)
        return bool(same.any()) and not same[:told].any()

    def adjacent(self) -> Edges:
        """ww edges that hold where nothing lies between what a transaction read of a key and what it wrote to it: for
        cursor stability and all models above."""
        of = self.of
        rw = self.edges.of_kinds(RW)
        rw = rw.where(of.overwrites()[rw.why])
        why = [of.version_of(of.key[op], txn) for txn, op in zip(rw.target.tolist(), rw.why.tolist(), strict=True)]
        return Edges.of([(rw.source, rw.target, WW, why)])


def spread(
    rows: "npt.NDArray[np.int64]", low: "npt.NDArray[np.int64]", high: "npt.NDArray[np.int64]"
) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    """(each row, once for each number from low to high without high; these numbers)."""
    sizes = high - low
    ends = np.cumsum(sizes)
    inside = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - sizes, sizes)
    return np.repeat(rows, sizes), np.repeat(low, sizes) + inside


def open_pairs(
    of: TransactionHistory,
    rows: "npt.NDArray[np.int64]",
    low: "npt.NDArray[np.int64]",
    high: "npt.NDArray[np.int64]",
    memory: int,
) -> "tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]":
    """Pairs of a reader of a version and one that overwrites it in an order unknown, as `spread` has them: as many as
    the one times the other. DependenciesStopped where these are more than so much memory holds."""
    count, most = int((high - low).sum()), max(memory // EDGE_BYTES, EDGES_AN_OPERATION * len(of.write))
    if count > most:
        raise DependenciesStopped(
            f"{count:,} dependencies between readers of a version and those that overwrote it in an order which "
            f"nothing shows; within {memory / (1 << 30):.2g} GiB {most:,} are judged"
        )
    return spread(rows, low, high)


def before_own(of: TransactionHistory, reader: Ints, low: Ints, high: Ints) -> Ints:
    """The ends of lists `elements[low:high]`, each without what its reader had appended itself at its end."""
    writer, elements, out = np.asarray(of.version_writer), np.asarray(of.elements), high.copy()
    rows = np.flatnonzero(out > low)
    while len(rows):
        rows = rows[writer[elements[out[rows] - 1]] == reader[rows]]
        out[rows] -= 1
        rows = rows[out[rows] > low[rows]]
    return out


def external_reads(of: TransactionHistory) -> ExternalReads:
    """The reads that saw another transaction's version, or none; those of values that nobody wrote are left out, and so
    are a register's after an own write. Of a list that ends with own appends what stands before them was seen."""
    op = np.flatnonzero(np.asarray(of.write) == 0).astype(np.int32)
    if not of.lists:
        op = op[np.asarray(of.own)[op] == 0]
    low, high = np.asarray(of.low)[op], np.asarray(of.high)[op]  # copies
    reader, key = np.asarray(of.owner)[op], np.asarray(of.key)[op]
    if of.lists:
        prefix = low == np.asarray(of.base)[key]  # what contradicts the longest list tells of no order
        high[prefix] = before_own(of, reader[prefix], low[prefix], high[prefix])
    empty = high == low
    version = np.full(len(op), ABSENT, dtype=np.int32)
    version[~empty] = np.asarray(of.elements)[high[~empty] - 1]
    writer = np.full(len(op), ABSENT, dtype=np.int32)
    writer[~empty] = np.asarray(of.version_writer)[version[~empty]]
    member = np.append(np.asarray(of.member), 0)  # of the writer ABSENT
    kept = (writer != reader) & (empty | (member[writer] != 0))
    last = np.append(np.asarray(of.last), 1)
    found = ExternalReads(op, reader, key, version, writer, last[version] == 0)
    return found.where(kept)


def list_dependencies(of: TransactionHistory, lists: ListOrders, memory: int) -> Dependencies:
    """The dependencies of list-append. memory: bytes that they may take; DependenciesStopped beyond."""
    writer, made_key = np.asarray(of.version_writer), np.asarray(of.version_key)
    ended, member = np.asarray(of.ended), np.asarray(of.member)
    flat, starts = lists.flat, lists.starts
    inner = made_key[flat[:-1]] == made_key[flat[1:]]
    before, after = flat[:-1][inner], flat[1:][inner]
    written = np.flatnonzero(writer != ABSENT)
    by = writer[written]
    unread = written[
        (lists.place[written] == ABSENT) & (member[by] != 0) & (ended[by] != FAIL) & ~lists.torn[made_key[written]]
    ]
    unread = unread[grouped(made_key[unread], len(of.keys))]
    same = (made_key[unread[:-1]] == made_key[unread[1:]]) & (writer[unread[:-1]] == writer[unread[1:]])
    unread = np.delete(unread, np.flatnonzero(same))  # of several of one transaction the last stands for all
    behind = np.zeros(len(of.keys) + 1, dtype=np.int64)
    np.cumsum(np.bincount(made_key[unread], minlength=len(of.keys)), out=behind[1:])
    tail = unread[starts[made_key[unread] + 1] > starts[made_key[unread]]]
    reads = external_reads(of)
    wr = reads.where(reads.writer != ABSENT)
    placed = np.append(lists.place, 0)[reads.version]
    placed[reads.version == ABSENT] = -1
    kept = (reads.version == ABSENT) | (placed != ABSENT)  # of lists that contradict each other one is the order
    following = starts[reads.key] + placed + 1
    last = following == starts[reads.key + 1]
    nxt = reads.where(kept & ~last)
    ends = np.flatnonzero(kept & last)
    ends, late = open_pairs(of, ends, behind[reads.key[ends]], behind[reads.key[ends] + 1], memory)
    edges = Edges.of([
        (writer[before], writer[after], WW, after),
        (writer[flat[starts[made_key[tail] + 1] - 1]], writer[tail], WW, tail),
        (wr.writer, wr.reader, WR, wr.op),
        (nxt.reader, writer[flat[following[kept & ~last]]], RW, nxt.op),
        (reads.reader[ends], writer[unread[late]], RW, reads.op[ends]),
    ])  # fmt: skip
    several = unread[np.diff(behind)[made_key[unread]] > 1].astype(np.int32)
    return Dependencies(of, edges, reads, Readers(of, reads.where(slice(0, 0))), several)


def register_reads(of: TransactionHistory) -> Dependencies:
    """The dependencies of rw-register on what was read alone: wr edges."""
    reads = external_reads(of)
    seen = reads.writer != ABSENT
    edges = Edges.of([(reads.writer[seen], reads.reader[seen], WR, reads.op[seen])])
    return Dependencies(of, edges, reads, Readers(of, reads.where(slice(0, 0))), np.zeros(0, dtype=np.int32))


def register_dependencies(of: TransactionHistory, memory: int) -> Dependencies:
    """The dependencies of rw-register that hold under every order of versions: initial values come first. memory: bytes
    that they may take; DependenciesStopped beyond."""
    writer, made_key, member = np.asarray(of.version_writer), np.asarray(of.version_key), np.asarray(of.member)
    made = np.flatnonzero((np.asarray(of.last) != 0) & (np.append(member, 0)[writer] != 0))
    made = made[grouped(made_key[made], len(of.keys))]
    starts = np.zeros(len(of.keys) + 1, dtype=np.int64)
    np.cumsum(np.bincount(made_key[made], minlength=len(of.keys)), out=starts[1:])
    reads = external_reads(of)
    wr, late = reads.where(reads.writer != ABSENT), reads.where(reads.late)
    readers = Readers(of, reads.where(~reads.late))
    first = np.flatnonzero(readers.mark >= len(of.version_key))
    key = readers.mark[first] - len(of.version_key)
    first, overwrites = open_pairs(of, first, starts[key], starts[key + 1], memory)
    known = np.flatnonzero((readers.mark < len(of.version_key)) & (readers.made != ABSENT))
    mark = readers.mark[known]
    known, others = open_pairs(of, known, readers.starts[mark], readers.starts[mark + 1], memory)
    edges = Edges.of([
        (wr.writer, wr.reader, WR, wr.op),
        (late.reader, late.writer, RW, late.op),
        (readers.reader[first], writer[made[overwrites]], RW, readers.op[first]),
        (readers.reader[others], readers.reader[known], RW, readers.op[others]),
    ])  # fmt: skip
    return Dependencies(of, edges, reads, readers, made.astype(np.int32))
