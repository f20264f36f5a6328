"""Dependencies of transactions: ww, wr and rw edges, as far as reads tell the order of versions, and what is left open.

Of a list the versions that were read are in order; those that nobody read come after them, in any order. Of a list
whose reads contradict each other the longest read is the order of what it has, and of all other versions nothing is
said. Of a register nothing is known but that the initial value is first, and that a transaction which read a version
and wrote the key came after it. What is left open is a set of writers of one key that come after all that is known.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from splitbrain.checkers.transactions.graph import NONE, RW, WR, WW, Edges
from splitbrain.checkers.transactions.history import FAIL, TransactionHistory
from splitbrain.checkers.transactions.versions import ListOrders
from splitbrain.harness.history import ABSENT


@dataclass(frozen=True)
class ExternalRead:
    """A read that saw what another transaction left. writer: ABSENT for what was there before any write. late: whether
    the version read was not the last of its writer."""

    op: int
    reader: int
    key: int
    writer: int
    late: bool = False


@dataclass(slots=True)
class Dependencies:
    """edges: what is known. reads: the reads behind wr and rw edges, in program order. open: key → the transactions
    whose writes come after all that is known of the key, in an order unknown. version: (key, transaction) → the last
    version that it made of the key. readers: (key, writer in open, or ABSENT) → the transactions that read its version,
    each with the first micro-operation that did."""

    edges: Edges
    reads: list[ExternalRead]
    open: dict[int, list[int]] = field(default_factory=dict)
    readers: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    version: dict[tuple[int, int], int] = field(default_factory=dict)
    adjacent: Edges = NONE
    """ww edges that hold where nothing lies between what a transaction read of a key and what it wrote to it: for
    cursor stability and all models above."""


def external_reads(of: TransactionHistory) -> list[ExternalRead]:
    """The reads that saw another transaction's version, or none; those of values that nobody wrote are left out, and so
    are a register's after an own write."""
    out = []
    for txn, member in enumerate(of.member):
        if not member:
            continue
        own: set[int] = set()
        for op in of.ops(txn):
            key = of.key[op]
            if of.write[op]:
                own.add(key)
            elif of.lists or key not in own:
                last = of.elements[of.high[op] - 1] if of.high[op] > of.low[op] else ABSENT
                writer = ABSENT if last == ABSENT else of.version_writer[last]
                if writer == txn or (last != ABSENT and (writer == ABSENT or not of.member[writer])):
                    continue
                out.append(ExternalRead(op, txn, key, writer, last != ABSENT and not of.last[last]))
    return out


def list_dependencies(of: TransactionHistory, lists: ListOrders) -> Dependencies:
    """The dependencies of list-append."""
    writer, place = of.version_writer, lists.place
    unread: dict[int, list[int]] = defaultdict(list)
    torn = {of.key[op] for op in lists.incompatible}
    version: dict[tuple[int, int], int] = {}
    for made, txn in enumerate(writer):
        if txn != ABSENT and of.member[txn]:
            key = of.version_key[made]
            version[key, txn] = made if of.last[made] else version.get((key, txn), made)
            behind = place[made] == ABSENT and of.ended[txn] != FAIL and key not in torn
            if behind and txn not in unread[key][-1:]:
                unread[key].append(txn)
    ww, wr, rw = _Rows(), _Rows(), _Rows()
    for order in lists.orders:
        for made, after in pairwise(order):
            ww.add(writer[made], writer[after], after)
    for key, txns in unread.items():
        for txn in txns if lists.orders[key] else ():
            ww.add(writer[lists.orders[key][-1]], txn, version[key, txn])
    reads = external_reads(of)
    for read in reads:
        order, at = lists.orders[read.key], ABSENT
        if read.writer != ABSENT:
            wr.add(read.writer, read.reader, read.op)
            at = place[of.elements[of.high[read.op] - 1]]
            if at == ABSENT:
                continue  # of two lists that contradict each other this one was not taken as the order
        for txn in (writer[order[at + 1]],) if at + 1 < len(order) else unread.get(read.key, ()):
            rw.add(read.reader, txn, read.op)
    edges = Edges.of([ww.part(WW), wr.part(WR), rw.part(RW)])
    several = {key: sorted(set(txns)) for key, txns in unread.items() if len(set(txns)) > 1}
    return Dependencies(edges, reads, several, version=version, adjacent=_adjacent(of, edges, version))


def register_dependencies(of: TransactionHistory) -> Dependencies:
    """The dependencies of rw-register that hold under every order of versions: initial values come first."""
    writers: dict[int, list[int]] = defaultdict(list)
    version: dict[tuple[int, int], int] = {}
    for made, txn in enumerate(of.version_writer):
        if txn != ABSENT and of.member[txn] and of.last[made]:
            writers[of.version_key[made]].append(txn)
            version[of.version_key[made], txn] = made
    reads = external_reads(of)
    readers: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    wr, rw = _Rows(), _Rows()
    for read in reads:
        if read.writer != ABSENT:
            wr.add(read.writer, read.reader, read.op)
        if read.late:
            rw.add(read.reader, read.writer, read.op)
        else:
            readers[read.key, read.writer].setdefault(read.reader, read.op)
    for (key, writer), found in readers.items():
        after = writers.get(key, []) if writer == ABSENT else [txn for txn in found if (key, txn) in version]
        for reader, op in found.items():
            for txn in after:
                rw.add(reader, txn, op)
    edges = Edges.of([wr.part(WR), rw.part(RW)])
    listed = {pair: list(found.items()) for pair, found in readers.items()}
    return Dependencies(edges, reads, dict(writers), listed, version, _adjacent(of, edges, version))


def _adjacent(of: TransactionHistory, edges: Edges, version: dict[tuple[int, int], int]) -> Edges:
    """The rw edges from a transaction that wrote the key too, as ww edges."""
    rw = edges.of_kinds(RW)
    found = _Rows()
    for reader, txn, op in zip(rw.source.tolist(), rw.target.tolist(), rw.why.tolist(), strict=True):
        if (of.key[op], reader) in version:
            found.add(reader, txn, version[of.key[op], txn])
    return Edges.of([found.part(WW)])


class _Rows:
    """Edges of one kind, as they are found."""

    def __init__(self) -> None:
        self.source: list[int] = []
        self.target: list[int] = []
        self.why: list[int] = []

    def add(self, source: int, target: int, why: int) -> None:
        """Add an edge."""
        self.source.append(source)
        self.target.append(target)
        self.why.append(why)

    def part(self, kind: int) -> tuple[list[int], list[int], int, list[int]]:
        """The edges, for `Edges.of`."""
        return self.source, self.target, kind, self.why
