"""The check of one model on a grow-only set."""

from collections.abc import Callable, Mapping

from splitbrain.checkers.common.findings import Finding, verdict_of
from splitbrain.checkers.common.registers import RegisterHistory
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.common.violations import Violations
from splitbrain.checkers.grow_only import order
from splitbrain.checkers.grow_only.history import grow_only
from splitbrain.checkers.grow_only.visible import SetReads
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Verdict, Witness

ORDERS_MAX = 100_000
"""The number of operations that the orders of all sessions may have that a verdict keeps."""
Judging = Callable[[RegisterHistory, BudgetMeter], Finding]


def by_reads(guarantee: Callable[[SetReads], Violations]) -> Judging:
    """The judging of a model that is violated read by read."""

    def judging(of: RegisterHistory, spending: BudgetMeter) -> Finding:
        found = guarantee(SetReads(of))
        details: dict[str, Value] = {"violations": found.count, "judged": found.judged}
        if found.judged:
            details["rate"] = found.count / found.judged
        witness: Witness | None = None
        if found.first is not None:
            ops = [found.first.read, found.first.missed, *found.first.through]
            share = f"{found.count:,} of {found.judged:,} reads that had something to reflect did not"
            sentence = f"{{0}} does not fit {{1}}; {share}"
            witness = of.witness(ops, sentence, of.start[found.first.read], found.first.why)
        return Finding(witness, reason=f"all {found.judged:,} reads that had something to reflect did", details=details)

    return judging


def pipelined(of: RegisterHistory, spending: BudgetMeter) -> Finding:
    """PRAM of a set, with an order for each session that has reads."""
    found = by_reads(SetReads.pram)(of, spending)
    if found.witness is not None:
        return found
    orders: dict[str, Value] = {}
    for session, ops in enumerate(of.chains):
        if all(of.write[op] for op in ops):
            continue
        if limit := spending.exhausted():
            return Finding(doubt=limit)
        seen = order.session_order_of(of, session)
        wrong = order.session_objection(of, session, seen)
        if wrong is not None:
            return Finding(doubt=f"the order of a session was found but not verified: {wrong}")
        orders[of.session_name(session)] = [of.start[op] for op in seen]
    kept = {"orders": orders} if sum(map(len, orders.values())) <= ORDERS_MAX else {}
    return Finding(reason="for each session one order of all adds explains all its reads", details=kept)


def by_key(of: RegisterHistory, spending: BudgetMeter) -> Finding:
    """Sequential consistency of each key alone."""
    certificate: list[int] = []
    for part in of.parts():
        found = order.sequential(part, spending)
        if found.witness is not None or found.doubt is not None:
            return found
        certificate += found.certificate or ()
    return Finding(reason=f"an order of {len(certificate):,} operations was found and verified",
                   certificate=tuple(certificate))  # fmt: skip


MODELS: Mapping[str, Judging] = {
    "read-your-writes": by_reads(SetReads.read_your_writes),
    "monotonic-reads": by_reads(SetReads.monotonic_reads),
    "monotonic-writes": by_reads(SetReads.monotonic_writes),
    "writes-follow-reads": by_reads(SetReads.writes_follow_reads),
    "pram": pipelined,
    **dict.fromkeys(("causal-consistency", "causal-convergence", "causal-memory"), order.causal),
    "per-key-sequential": by_key,
    "sequential": order.sequential,
}


GUARANTEES = ("read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads")
"""Models that a read of what nobody added does not refute: it says nothing about the order of adds."""


def judge(model: str, history: History, spending: BudgetMeter) -> Verdict:
    """The verdict of one of MODELS on a set; UsageError for operations that are none of a set's."""
    of, strange = grow_only(history, model)
    if strange and model not in GUARANTEES:
        read, elements = next(iter(strange.items()))
        said = f"{{0}} has {shown(history.pool.values[elements[0]])}, which nobody added"
        thin = Finding(of.witness([read], said, of.start[read]), "ThinAirRead")
        return verdict_of(model, of, thin, len(of.reads()))
    found = MODELS[model](of, spending)
    doubt = found.doubt or of.doubt
    if strange and not doubt:
        doubt = f"{len(strange):,} reads returned what nobody added, which says nothing about the order of adds"
    if found.witness is None and doubt:
        found = Finding(doubt=doubt, details=found.details)
    judged = found.details.get("judged")
    return verdict_of(model, of, found, len(of.reads()), None if judged is None else int(str(judged)))
