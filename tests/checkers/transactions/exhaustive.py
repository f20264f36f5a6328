"""Isolation levels of tiny transactional histories by exhaustive search, from the definitions alone.

Two roads: every order of versions that reads permit, with the dependency relations as bit rows (Adya; Cerone & Gotsman;
Biswas & Enea); and, for the serializable levels and those of snapshots, every order in which a store could have carried
the transactions out. No code is shared with the checkers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from math import factorial, prod
from typing import Any

from splitbrain.harness.history import Event

INF = 1 << 60
Rows = list[int]


@dataclass(frozen=True)
class Tx:
    number: int
    process: int
    status: str
    begin: int
    end: int
    ops: tuple[tuple[str, Any, Any], ...]

    def written(self, key: Any) -> list[Any]:
        return [value for f, k, value in self.ops if f != "r" and k == key]


def transactions_of(events: Sequence[Event], lists: bool) -> list[Tx]:
    begun: dict[Any, tuple[int, Any]] = {}
    found: list[Tx] = []

    def add(process, status, begin, end, value):
        ops = tuple((f, k, _read(v, lists) if f == "r" else v) for f, k, v in value)
        found.append(Tx(len(found), process, status, begin, end, ops))

    for at, event in enumerate(events):
        if event.type == "invoke":
            begun[event.process] = (at, event.value)
        else:
            begin, asked = begun.pop(event.process)
            ok = event.type == "ok"
            add(event.process, event.type, begin, at if ok else INF, event.value if ok else asked)
    for process, (begin, asked) in begun.items():
        add(process, "info", begin, INF, asked)
    return found


def _read(value, lists):
    return tuple(value or ()) if lists else value


class Small:
    """A history with what its values alone say."""

    def __init__(self, txns: Sequence[Tx], lists: bool) -> None:
        self.lists = lists
        self.writer: dict[Any, Tx] = {(k, v): t for t in txns for f, k, v in t.ops if f != "r"}
        ok = [t for t in txns if t.status == "ok"]
        self.ok_reads = [(t, i, k, v) for t in ok for i, (f, k, v) in enumerate(t.ops) if f == "r"]
        seen = {(k, x) for _, _, k, v in self.ok_reads for x in (v if lists else () if v is None else (v,))}
        self.unwritten = bool(seen - self.writer.keys())
        read_of = {self.writer[pair] for pair in seen & self.writer.keys()}
        kept = ("ok", "info", "fail") if lists else ("ok", "info")
        self.txns = [t for t in txns if t.status == "ok" or (t.status in kept and t in read_of)]
        self.index = {t: i for i, t in enumerate(self.txns)}
        self.anomalies: set[str] = {"unwritten-read"} if self.unwritten else set()
        self.blind_to_own = False
        for t in ok:
            self._inside(t)
        self.torn: set[Any] = set()
        self.longest: dict[Any, tuple[Any, ...]] = {}
        if lists:
            self._lists()
        self._lost_updates(ok)

    def _inside(self, t: Tx) -> None:
        for i, (f, k, v) in enumerate(t.ops):
            if f != "r":
                continue
            elements: tuple[Any, ...] = v if self.lists else () if v is None else (v,)
            for x in elements:
                writer = self.writer.get((k, x))
                if writer is t and x not in [value for g, kk, value in t.ops[:i] if g != "r" and kk == k]:
                    self.anomalies.add("future-read")
                if writer is not None and writer.status == "fail":
                    self.anomalies.add("G1a")
            last = self.writer.get((k, elements[-1])) if elements else None
            if last is not None and last is not t and last.written(k)[-1] != elements[-1]:
                self.anomalies.add("G1b")
            before = [(g, value) for g, kk, value in t.ops[:i] if kk == k]
            at = max((j for j, (g, _) in enumerate(before) if g != "append"), default=None)
            own = [value for _, value in before[(-1 if at is None else at) + 1 :]]
            if at is not None:
                base = before[at][1]
                bad = v != ((*base, *own) if self.lists else base)
            else:
                bad = bool(own) and list(v[-len(own) :]) != own
            written = [value for g, value in before if g != "r"]
            if bad:
                self.anomalies.add("internal")
                self.blind_to_own |= bool(written) and (not elements or elements[-1] != written[-1])

    def _lists(self) -> None:
        for key in {k for _, _, k, _ in self.ok_reads}:
            values = {v for _, _, k, v in self.ok_reads if k == key}
            top = max(values, key=lambda v: (len(v), repr(v)))
            if any(len(set(v)) < len(v) for v in values):
                self.anomalies.add("duplicate-elements")
            if any(top[: len(v)] != v for v in values):
                self.anomalies.add("incompatible-order")
                self.torn.add(key)
            order = tuple(x for x in dict.fromkeys(top) if (key, x) in self.writer)
            self.longest[key] = order
            kinds = [self.writer[key, x].status for x in order]
            if "fail" in kinds and "ok" in kinds[kinds.index("fail") :]:
                self.anomalies.add("dirty-update")
            for t in self.txns:
                places = [order.index(x) if x in order else INF for x in t.written(key)]
                if t.status != "fail" and places != sorted(places):
                    self.anomalies.add("scrambled-appends")

    def _lost_updates(self, ok: Sequence[Tx]) -> None:
        found = set()
        for t in ok:
            for key in {k for _, k, _ in t.ops}:
                steps = [(f, v) for f, k, v in t.ops if k == key]
                first = next((i for i, (f, _) in enumerate(steps) if f != "r"), 0)
                if first:
                    if (key, steps[0][1]) in found:
                        self.anomalies.add("lost-update")
                    found.add((key, steps[0][1]))

    def left_open(self) -> list[tuple[Any, tuple[Any, ...], list[Any]]]:
        """The versions of each key that reads put in order, and those that may follow them in any order."""
        keys = {k: None for t in self.txns for f, k, _ in t.ops if f != "r"}
        found = []
        for key in keys:
            known = self.longest.get(key, ())
            made = [t.written(key) if self.lists else t.written(key)[-1:] for t in self.txns]
            rest = [] if key in self.torn else [
                x for values in made for x in values
                if x not in known and not (self.lists and self.writer[key, x].status == "fail")
            ]  # fmt: skip
            found.append((key, known, rest))
        return found

    def order_count(self) -> int:
        """The number of orders of versions, which may be too many to make."""
        return prod(factorial(len(rest)) for _, _, rest in self.left_open())

    def choices(self) -> list[list[tuple[Any, tuple[Any, ...]]]]:
        """Every order of the versions of each key that reads permit."""
        return [[(key, known + more) for more in permutations(rest)] for key, known, rest in self.left_open()]

    def orders(self) -> Iterator[dict[Any, tuple[Any, ...]]]:
        """Every combination of these."""
        for chosen in product(*self.choices()):
            yield dict(chosen)


def then(one: Rows, other: Rows) -> Rows:
    return [_any(row, other) for row in one]


def _any(row: int, other: Rows) -> int:
    out = 0
    for at, bits in enumerate(other):
        if row >> at & 1:
            out |= bits
    return out


def plus(rows: Rows) -> Rows:
    rows = rows[:]
    for k in range(len(rows)):
        for i in range(len(rows)):
            if rows[i] >> k & 1:
                rows[i] |= rows[k]
    return rows


def union(*relations: Rows) -> Rows:
    out = [0] * len(relations[0])
    for rows in relations:
        out = [a | b for a, b in zip(out, rows, strict=True)]
    return out


def loops(rows: Rows) -> bool:
    return any(row >> at & 1 for at, row in enumerate(rows))


def cyclic(rows: Rows) -> bool:
    return loops(plus(rows))


@dataclass
class Relations:
    """ww, wr, rw to the next and to any later version, session order, real time, ww and rw key by key, and reads."""

    ww: Rows
    wr: Rows
    rw: Rows
    later: Rows
    so: Rows
    rt: Rows
    of_key: dict[Any, tuple[Rows, Rows]]
    reads: list[tuple[Tx, int, Any, Any]]


def relations(small: Small, orders: dict[Any, tuple[Any, ...]]) -> Relations:
    n, index = len(small.txns), small.index
    empty = [0] * n
    out = Relations(empty, empty[:], empty[:], empty[:], empty[:], empty[:], {}, [])
    for key, order in orders.items():
        ww = [0] * n
        out.of_key[key] = (ww, [0] * n)
        for a, b in pairwise(order):
            i, j = index[small.writer[key, a]], index[small.writer[key, b]]
            if i != j:
                ww[i] |= 1 << j
        out.ww = union(out.ww, ww)
    for t, at, key, value in small.ok_reads:
        seen = list(value or ()) if small.lists else [value]
        agreed = small.lists and tuple(seen) == tuple(small.longest.get(key, ()))[: len(seen)]
        while agreed and seen and small.writer.get((key, seen[-1])) is t:
            seen.pop()  # what stands before own appends was read, too
        last = seen[-1] if seen else None
        writer = None if last is None else small.writer.get((key, last))
        own = any(f != "r" and k == key for f, k, _ in t.ops[:at])
        if (last is not None and writer not in index) or writer is t or (own and not small.lists):
            continue
        i, order = index[t], orders.get(key, ())
        if writer is not None:
            out.wr[index[writer]] |= 1 << i
        out.reads.append((t, at, key, writer))
        if last is None:
            place = -1
        elif last in order:
            place = order.index(last)
        elif small.lists or writer is None:
            continue
        else:
            place = order.index(writer.written(key)[-1]) - 1
        for step, x in enumerate(order[place + 1 :]):
            j = index[small.writer[key, x]]
            if j != i:
                out.later[i] |= 1 << j
                if step == 0:
                    out.rw[i] |= 1 << j
                    out.of_key[key][1][i] |= 1 << j
    for a in small.txns:
        for b in small.txns:
            if a is not b:
                out.so[index[a]] |= (a.process == b.process and a.begin < b.begin) << index[b]
                out.rt[index[a]] |= (a.end < b.begin) << index[b]
    return out


def conditions(small: Small, orders: dict[Any, tuple[Any, ...]]) -> set[str]:
    """The models whose conditions on cycles hold under these orders of versions. Real time has session order in
    it, of a failed transaction that was read too, whose end counts for nobody else."""
    r = relations(small, orders)
    holds: set[str] = set()
    none = [0] * len(small.txns)
    for family, extra in (("", none), ("strong-session-", r.so), ("strong-", union(r.rt, r.so))):
        d, seen = union(r.ww, r.wr, extra), union(r.wr, extra)
        strict = "strict-serializable" if family == "strong-" else family + "serializable"
        if not cyclic(union(r.ww, extra)):
            holds.add(family + "read-uncommitted")
        if not cyclic(union(d, r.rw)):
            holds |= {strict} | ({"repeatable-read"} if not family else set())
        if not cyclic(union(d, then(d, r.rw))):
            holds.add(family + "snapshot-isolation")
        if not cyclic(d):
            holds.add(family + "read-committed")
            if not loops(then(plus(d), r.rw)):
                holds |= {family + "parallel-snapshot-isolation"} | ({"consistent-view"} if not family else set())
            if family != "strong-":
                plain = "" if family else "-plain"
                if not loops(then(seen, r.later)):
                    holds.add("read-atomic" + plain)
                if not loops(then(plus(seen), r.later)):
                    holds.add("causal" + plain)
        if family != "strong-" and not cyclic(union(seen, then(seen, r.rw), r.ww)):
            holds.add(family + "prefix")
    if "read-committed" in holds and not any(loops(then(plus(ww), rw)) for ww, rw in r.of_key.values()):
        holds.add("cursor-stability")
    if "strong-session-read-committed" in holds and not _axiom_broken(small, r):
        holds.add("read-committed-axiom")
    return holds - {"strong-parallel-snapshot-isolation"}


def _axiom_broken(small: Small, r: Relations) -> bool:
    order = union(r.ww, r.wr, r.so)
    for t, at, key, writer in r.reads:
        for other in {w for u, before, _, w in r.reads if u is t and before < at and w is not None}:
            if other is not writer and other.written(key):
                if writer is None:
                    return True
                order[small.index[other]] |= 1 << small.index[writer]
    return cyclic(order)


def by_orders(small: Small) -> set[str]:
    """The models whose conditions hold under some order of versions."""
    found: set[str] = set()
    for orders in small.orders():
        found |= conditions(small, orders)
        if len(found) == 24:
            break
    return found


def carried_out(t: Tx, state: dict[Any, Any], lists: bool) -> dict[Any, Any] | None:
    state = dict(state)
    for f, k, v in t.ops:
        if f == "append":
            state[k] = (*state.get(k, ()), v)
        elif f == "w":
            state[k] = v
        elif t.status == "ok" and state.get(k, () if lists else None) != v:
            return None
    return state


Before = Callable[[Tx, Tx], bool]
BEFORE: dict[str, Before] = {
    "": lambda a, b: False,
    "session": lambda a, b: a.process == b.process and a.begin < b.begin,
    "real time": lambda a, b: a.end < b.begin,
}


def serial(txns: Sequence[Tx], lists: bool, before: Before) -> bool:
    """Whether the transactions can have been carried out one after the other."""
    must = [t for t in txns if t.status == "ok"]
    everyone = [t for t in txns if t.status != "fail"]
    seen = set()

    def go(done: frozenset[int], state) -> bool:
        if all(t.number in done for t in must):
            return True
        mark = done, frozenset(state.items())
        if mark in seen:
            return False
        seen.add(mark)
        for t in everyone:
            if t.number not in done and all(u.number in done for u in must if before(u, t)):
                after = carried_out(t, state, lists)
                if after is not None and go(done | {t.number}, after):
                    return True
        return False

    found = go(frozenset(), {})
    seen.clear()  # which the search holds, and itself, until cycles are collected
    return found


def snapshots(txns: Sequence[Tx], lists: bool, before: Before) -> bool:
    """Whether a store with snapshots, in which the first committer wins, can have carried them out."""
    must = [t for t in txns if t.status == "ok"]
    everyone = [t for t in txns if t.status != "fail"]
    seen = set()

    def go(begun: tuple, done: frozenset[int], state) -> bool:
        if all(t.number in done for t in must):
            return True
        mark = frozenset(begun), done, frozenset(state.items())
        if mark in seen:
            return False
        seen.add(mark)
        open_now = dict(begun)
        for t in everyone:
            if t.number in done:
                continue
            if t.number not in open_now:
                if any(before(u, t) and u.number not in done for u in must) or carried_out(t, state, lists) is None:
                    continue
                taken = tuple(sorted(((k, state.get(k)) for f, k, _ in t.ops if f != "r"), key=repr))
                if go((*begun, (t.number, taken)), done, state):
                    return True
            elif all(state.get(k) == v for k, v in open_now[t.number]):
                blind = Tx(t.number, t.process, "info", t.begin, t.end, t.ops)
                rest = tuple(pair for pair in begun if pair[0] != t.number)
                if go(rest, done | {t.number}, carried_out(blind, state, lists)):
                    return True
        return False

    found = go((), frozenset(), {})
    seen.clear()
    return found


EXECUTED = {
    "serializable": (serial, ""), "strong-session-serializable": (serial, "session"),
    "strict-serializable": (serial, "real time"), "snapshot-isolation": (snapshots, ""),
    "strong-session-snapshot-isolation": (snapshots, "session"), "strong-snapshot-isolation": (snapshots, "real time"),
}  # fmt: skip


def by_execution(txns: Sequence[Tx], lists: bool) -> set[str]:
    """The levels of which an order of execution exists."""
    return {model for model, (search, before) in EXECUTED.items() if search(txns, lists, BEFORE[before])}
