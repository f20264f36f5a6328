"""Evidence: the words for anomalies, an edge of a cycle a sentence, and witnesses made of them.

A transaction is called by the position of its invocation in the history: T12.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from splitbrain.checkers.common.event_format import EventFormat
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.transactions.choices import PREFIX, SERIAL, OrderSearch
from splitbrain.checkers.transactions.conditions import ConditionChecks
from splitbrain.checkers.transactions.cycles import Step, contracted, shortest_cycle
from splitbrain.checkers.transactions.direct import DirectAnomalies
from splitbrain.checkers.transactions.graph import KINDS, NONE, RT, RW, SO, WR, Edges, cyclic_nodes
from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.harness.history import ABSENT
from splitbrain.harness.verdict import Witness

SUFFIXES = ("-process", "-realtime")
ASSUMED_ORDER = "by the assumption on keys"


@dataclass(frozen=True)
class Evidence:
    """Evidence of an anomaly: transactions, sentences; components: of a cycle, in how many components one is, None
    where the order of versions is not known; kinds: of a cycle, what leads from each transaction to the next, whose
    sentences are the first ones."""

    anomaly: str
    txns: Sequence[int]
    sentences: Sequence[str]
    components: int | None = None
    kinds: Sequence[str] = ()

    def witness(self, of: TransactionHistory) -> Witness:
        """The witness: the sentences, then the transactions."""
        partner = of.history.partner
        txns = sorted(set(self.txns))
        starts = [of.start[txn] for txn in txns]
        events = tuple(sorted({*starts, *(partner[start] for start in starts if partner[start] != ABSENT)}))
        tell = EventFormat(of.history, events)
        lines = [
            f"{of.name(txn)}, {tell.who(start)}, {tell.span(start, of.complete[txn])}: {program(of, txn)}"
            for txn, start in zip(txns, starts, strict=True)
        ]
        first = f"{self.anomaly}: {self.sentences[0]}"
        links = [f"{kind}: {words}" for kind, words in zip(self.kinds, self.sentences, strict=False)]
        cycle = tuple(zip([of.start[txn] for txn in self.txns], links, strict=False)) if links else ()
        alone = of.start[txns[-1]] if len(txns) == 1 else None
        return Witness(events, (first, *self.sentences[1:], *lines), alone, cycle)


def program(of: TransactionHistory, txn: int) -> str:
    """The micro-operations of a transaction: `append x 1, x → [1 2]`."""
    steps = []
    for op in of.ops(txn):
        key = shown(of.keys[of.key[op]])
        word = "append" if of.lists else "write"
        steps.append(f"{word} {key} {of.told(of.low[op])}" if of.write[op] else f"read {key} → {of.seen(op)}")
    return ", ".join(steps) or "nothing that is known"


def direct_evidence(direct: DirectAnomalies) -> dict[str, Evidence]:
    """The first sighting of each direct anomaly."""
    return {name: Evidence(name, found[0].txns, [found[0].words]) for name, found in direct.sightings.items()}


def cycle_evidence(checks: ConditionChecks, names: Iterable[str]) -> dict[str, Evidence]:
    """A short cycle of each of these names."""
    return {name: _of_cycle(checks, name) for name in names}


def _of_cycle(checks: ConditionChecks, name: str) -> Evidence:
    suffix = next((end for end in SUFFIXES if name.endswith(end)), "")
    order = {"": NONE, "-process": checks.order.sessions, "-realtime": checks.order.realtime}[suffix]
    edges = checks.known.edges.together(order)
    name_of_class = name.removesuffix(suffix)
    cycle = shortest_cycle(name_of_class, edges, checks.order.nodes)
    searched = cycle is None
    if cycle is None:
        cycle = _under_a_guess(checks, name_of_class, edges)
    if cycle is None:
        return Evidence(
            name, [0], [f"every order of versions has a cycle of this kind among {len(checks.of):,} transactions"]
        )
    steps = contracted(cycle, len(checks.of))
    sentences = [_with_assumption(checks, step, sentence(checks.of, step, searched)) for step in steps]
    if searched:
        sentences.append("each other order of the versions that no read tells has such a cycle too, which was searched")
    components = None if searched else _components(checks, edges)
    return Evidence(name, [step[0] for step in steps], sentences, components, [KINDS[step[2]] for step in steps])


def _with_assumption(checks: ConditionChecks, step: Step, words: str) -> str:
    source, target, kind, _ = step
    assumed = checks.known.is_assumed(source, target, kind)
    return f"{words} ({ASSUMED_ORDER})" if assumed else words


def _under_a_guess(checks: ConditionChecks, name: str, edges: Edges) -> list[Step] | None:
    """A short cycle under the order of versions that time suggests; None if none was found."""
    for encoding in (SERIAL, PREFIX):
        search = OrderSearch(encoding, checks.known, checks.blocks, edges, checks.order)
        try:
            guessed = edges.together(search.guess(edges))
        except KeyError:
            continue  # the known edges have a cycle themselves, so that no order goes along them
        for one in classes_up_to(name):
            cycle = shortest_cycle(one, guessed, checks.order.nodes)
            if cycle is not None:
                return cycle
    return None


def classes_up_to(name: str) -> list[str]:
    """Classes of cycles to look for: this one, then the worse ones, worst last, then the milder ones."""
    order = ["G0", "G1c", "G-single", "G-nonadjacent", "G2-item"]
    at = order.index(name)
    return [*order[at::-1], *order[at + 1 :]]


def _components(checks: ConditionChecks, edges: Edges) -> int:
    return cyclic_nodes(checks.order.nodes, edges)[0]


def sentence(of: TransactionHistory, step: Step, searched: bool) -> str:
    """The sentence of an edge: which transaction comes after which, and why."""
    source, target, kind, why = step
    one, other = of.name(source), of.name(target)
    if kind == SO:
        return f"{one} ended before {other} began, in one session"
    if kind == RT:
        return f"{one} ended before {other} began"
    word = "appended" if of.lists else "wrote"
    if kind == WR:
        read = f"{other} read {shown(of.keys[of.key[why]])} = {of.seen(why)}"
        seen = of.read(why)
        if of.version_writer[seen[-1]] != source:  # what stands behind are appends of the reader
            last = next(version for version in reversed(seen) if of.version_writer[version] == source)
            return f"{read}, of which {one} {word} {of.told(last)}, so {other} came after {one}"
        return f"{read}, {'the last of ' if of.lists else ''}which {one} {word}, so {other} came after {one}"
    if kind == RW:
        seen, key = of.read(why), of.key[why]
        made = [of.low[op] for op in of.ops(target) if of.write[op] and of.key[op] == key]
        later = next((version for version in made if version not in seen), made[-1])
        read = f"{one} read {shown(of.keys[key])} = {of.seen(why)}"
        return f"{read}, so {other}, which {word} {of.told(later)}, came after it"
    key = of.version_key[why]
    before = of.version_of(key, source)
    earlier = f" after {of.told(before)} of {one}" if before != ABSENT else ""
    assumed = ", as it is assumed" if searched and not of.lists else ""
    return f"{other} {word} {of.told(why)} to {shown(of.keys[key])}{earlier}, so {other} came after {one}{assumed}"
