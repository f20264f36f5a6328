"""Direct anomalies: those that the values of transactions show, with no graph.

Names and meaning as in `lattice.toml`. What an indeterminate or failed transaction claims to have read means nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from splitbrain.checkers.common.values import shown
from splitbrain.checkers.transactions.history import FAIL, OK, TransactionHistory
from splitbrain.checkers.transactions.suspects import suspects
from splitbrain.checkers.transactions.versions import ListOrders
from splitbrain.harness.history import ABSENT

KEPT = 8
"""The number of sightings of one anomaly that are kept with their words; all are counted."""


@dataclass(frozen=True)
class Sighting:
    """One occurrence of an anomaly: the transactions it needs, and a sentence."""

    txns: Sequence[int]
    words: str


@dataclass(slots=True)
class DirectAnomalies:
    """sightings: anomaly → its first ones. counts: anomaly → how many. own_write_missed: whether a transaction did not
    read what it had written itself, which read committed as an axiom forbids."""

    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    own_write_missed: bool = False

    def add(self, anomaly: str, txns: Sequence[int], words: str) -> None:
        """Note an occurrence."""
        self.counts[anomaly] = self.counts.get(anomaly, 0) + 1
        if self.counts[anomaly] <= KEPT:
            self.sightings.setdefault(anomaly, []).append(Sighting(txns, words))


def direct_anomalies(of: TransactionHistory, lists: ListOrders | None) -> DirectAnomalies:
    """The direct anomalies of a history. lists: the orders of list-append."""
    out, where = DirectAnomalies(), suspects(of, lists)
    for op in where.reads:
        _look_at_read(of, op, out)
    for txn in where.inside:
        _look_inside(of, txn, out)
    if lists is not None:
        _look_at_lists(of, lists, where.scrambled, out)
    _look_for_lost_updates(of, where.lost, out)
    return out


def _look_at_read(of: TransactionHistory, op: int, out: DirectAnomalies) -> None:
    reader, key = of.owner[op], shown(of.keys[of.key[op]])
    versions, writers = of.read(op), of.version_writer
    last = writers[versions[-1]]
    fine = last in (ABSENT, reader) or of.last[versions[-1]]
    plain = all(writers[v] not in (ABSENT, reader) and of.ended[writers[v]] != FAIL for v in versions)
    if fine and plain and len(set(versions)) == len(versions):
        return
    told = f"{of.name(reader)} read {key} = {of.seen(op)}"
    for version in versions:
        writer = writers[version]
        if writer == ABSENT:
            out.add("unwritten-read", (reader,), f"{told}, but nobody wrote {of.told(version)} to {key}")
        elif writer == reader and of.version_op[version] > op:
            words = f"{told}, but wrote {of.told(version)} only after this read"
            out.add("future-read", (reader,), words)
        elif of.ended[writer] == FAIL:
            words = f"{told}, but {of.name(writer)}, which wrote {of.told(version)}, failed"
            out.add("G1a", (writer, reader), words)
    if of.lists and len(set(versions)) < len(versions):
        twice = next(version for place, version in enumerate(versions) if version in versions[:place])
        out.add("duplicate-elements", (reader,), f"{told}, with {of.told(twice)} in it twice")
    if not fine:
        words = f"{told}, but {of.name(last)} wrote {key} again after {of.told(versions[-1])}"
        out.add("G1b", (last, reader), words)


def _look_inside(of: TransactionHistory, txn: int, out: DirectAnomalies) -> None:
    """Compare reads with what the transaction itself read and wrote before.

    Of each key: what it must hold, whole, or only its end where no read told what lies before own appends."""
    ops = of.ops(txn)
    if len({of.key[op] for op in ops}) == len(ops):
        return
    held: dict[int, tuple[bool, list[int]]] = {}
    wrote: dict[int, int] = {}
    for op in ops:
        key = of.key[op]
        if of.write[op]:
            whole, versions = held.get(key, (False, [])) if of.lists else (True, [])
            held[key] = (whole, [*versions, of.low[op]])
            wrote[key] = of.low[op]
            continue
        seen = list(of.read(op))
        whole, versions = held.get(key, (False, []))
        if seen != versions if whole else versions and seen[-len(versions) :] != versions:
            name, expected = shown(of.keys[key]), [of.version_value[version] for version in versions]
            must = shown(tuple(expected)) if of.lists else shown(expected[0] if expected else None)
            words = f"{of.name(txn)} read {name} = {of.seen(op)}, but by what it did before {name} "
            out.add("internal", (txn,), words + (f"is {must}" if whole else f"ends with {must}"))
            own = wrote.get(key)
            out.own_write_missed |= own is not None and seen[-1:] != [own]
        held[key] = (True, seen)


def _look_at_lists(of: TransactionHistory, lists: ListOrders, scrambled: Iterable[int], out: DirectAnomalies) -> None:
    for op in lists.incompatible.tolist():
        longest = of.longest[of.key[op]]
        one, other, name = of.owner[op], of.owner[longest], shown(of.keys[of.key[op]])
        words = f"{of.name(one)} read {name} = {of.seen(op)}, and {of.name(other)} {of.seen(longest)}: neither is "
        out.add("incompatible-order", (one, other), words + "the beginning of the other")
    failed = np.asarray(of.ended)[np.asarray(of.version_writer)[lists.flat]] == FAIL
    for key in np.unique(np.asarray(of.version_key)[lists.flat[failed]]).tolist():
        _look_for_dirty_updates(of, key, lists.order(key), out)
    _look_for_scrambled(of, lists, scrambled, out)


def _look_for_dirty_updates(of: TransactionHistory, key: int, order: Sequence[int], out: DirectAnomalies) -> None:
    at = next(at for at, version in enumerate(order) if of.ended[of.version_writer[version]] == FAIL)
    failed, after = order[at], order[at + 1 :]
    built = next((version for version in after if of.ended[of.version_writer[version]] == OK), None)
    if built is not None:
        aborted, writer = of.version_writer[failed], of.version_writer[built]
        words = f"{of.name(writer)} appended {of.told(built)} to {shown(of.keys[key])} after {of.told(failed)} of "
        out.add("dirty-update", (aborted, writer), words + f"{of.name(aborted)}, which failed")


def _look_for_scrambled(of: TransactionHistory, lists: ListOrders, txns: Iterable[int], out: DirectAnomalies) -> None:
    """Own appends of one transaction to one key that stand in another order, or of which an earlier one is missing."""
    for txn in txns:
        if not of.member[txn] or of.ended[txn] == FAIL:
            continue
        before: dict[int, int] = {}
        for op in of.ops(txn):
            key = of.key[op]
            if not of.write[op] or of.longest[key] == ABSENT:
                continue
            earlier = before.get(key)
            before[key] = of.low[op]
            if earlier is None:
                continue
            places = [lists.place[earlier], lists.place[of.low[op]]]
            if places[1] != ABSENT and (places[0] == ABSENT or places[0] > places[1]):
                name, read = shown(of.keys[key]), of.longest[key]
                words = (
                    f"{of.name(txn)} appended {of.told(earlier)} and then {of.told(of.low[op])} to {name}, but "
                    f"{of.name(of.owner[read])} read {name} = {of.seen(read)}"
                )
                out.add("scrambled-appends", (txn, of.owner[read]), words)


def _look_for_lost_updates(of: TransactionHistory, txns: Iterable[int], out: DirectAnomalies) -> None:
    """Transactions that read the same version of a key, each before it wrote this key; no order is needed."""
    first: dict[object, tuple[int, int]] = {}
    for txn in txns:
        read: dict[int, int] = {}
        wrote: set[int] = set()
        for op in of.ops(txn):
            key = of.key[op]
            if not of.write[op]:
                read.setdefault(key, op)
            elif key not in wrote:
                wrote.add(key)
                if key in read:
                    base = read[key]
                    short = of.lists and of.prefix(base)
                    mark = (key, of.high[base] - of.low[base] if short else tuple(of.read(base)))
                    other = first.setdefault(mark, (txn, base))
                    if other[0] != txn:
                        name = shown(of.keys[key])
                        words = f"{of.name(other[0])} and {of.name(txn)} both read {name} = {of.seen(base)} and wrote"
                        out.add("lost-update", (other[0], txn), f"{words} {name} upon it")
