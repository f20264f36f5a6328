"""Analysis of a transactional history: from columns to what is allowed and refuted, with evidence."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.lattice import implies, maximal, minimal, refuted_by, stronger
from splitbrain.checkers.transactions.assumption_names import NOTHING, SEQUENTIAL
from splitbrain.checkers.transactions.assumptions import with_assumption
from splitbrain.checkers.transactions.certificate import disorder, positions, serial_objection, snapshot_objection
from splitbrain.checkers.transactions.choices import SERIAL, SNAPSHOT, Encoding
from splitbrain.checkers.transactions.conditions import OF_READS, PLAIN, SESSION, STRONG, ConditionChecks, Conditions
from splitbrain.checkers.transactions.dependencies import (
    DependenciesStopped,
    list_dependencies,
    register_dependencies,
    register_reads,
)
from splitbrain.checkers.transactions.direct import DirectAnomalies, direct_anomalies
from splitbrain.checkers.transactions.evidence import Evidence, cycle_evidence, direct_evidence
from splitbrain.checkers.transactions.graph import Ints
from splitbrain.checkers.transactions.history import TransactionHistory
from splitbrain.checkers.transactions.judgement import Judgement, judge, transaction_models
from splitbrain.checkers.transactions.key_replay import backwards
from splitbrain.checkers.transactions.order_edges import order_edges
from splitbrain.checkers.transactions.version_replay import REPLAYED_MAX, RULES, Sees, replay_objection
from splitbrain.checkers.transactions.versions import ListOrders, list_orders
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Witness

EXECUTED: dict[str, tuple[Encoding, str]] = {
    "strict-serializable": (SERIAL, STRONG),
    "strong-session-serializable": (SERIAL, SESSION),
    "serializable": (SERIAL, PLAIN),
    "strong-snapshot-isolation": (SNAPSHOT, STRONG),
    "strong-session-snapshot-isolation": (SNAPSHOT, SESSION),
    "snapshot-isolation": (SNAPSHOT, PLAIN),
}
"""Levels with an order that is carried out on a store; for those of `version_replay` all versions are kept."""
ORDERS = {SERIAL.name: "an order of them", SNAPSHOT.name: "an order of their begins and commits"}


def analysed(
    of: TransactionHistory, spending: BudgetMeter, level: str, assume: str = NOTHING, *, only: bool = False
) -> tuple[dict[str, Any], Witness | None, tuple[int, ...] | None]:
    """Details as of `spectrum`; the witness against a level, or against the weakest level refuted; the order of
    transactions, by the positions of their invocations, that shows a serializable level.

    assume: an assumption on the keys of registers. Where it does not hold nothing is assumed, and the details have the
    objection. only: whether no other level is looked at where this one is allowed."""
    lists = list_orders(of) if of.lists else None
    direct = direct_anomalies(of, lists)
    try:
        checks, found, objection = _judged(of, lists, direct, spending, level, assume, only=only)
    except DependenciesStopped as limit:
        found = judge(direct, Conditions(doubts=dict.fromkeys(transaction_models(), str(limit))))
        details, witness = _details(of, found, direct, direct_evidence(direct), level)
        return details | _assumed(assume, None), witness, None
    certificates = certified(checks, found, level)
    if certificates.wrong is None and assume != NOTHING and objection is None:
        certificates.wrong = _against_assumption(checks, certificates, assume)
    if certificates.wrong is not None:
        words = "an order was found but not verified, which is a bug of splitbrain"
        found = found.doubting(f"{words}: {certificates.wrong}")
    evidence = direct_evidence(direct) | cycle_evidence(checks, found.cycles)
    details, witness = _details(of, found, direct, evidence, level)
    details["shown"] = certificates.shown if certificates.wrong is None else {}
    return details | _assumed(assume, objection), witness, certificates.order


def _judged(
    of: TransactionHistory,
    lists: ListOrders | None,
    direct: DirectAnomalies,
    spending: BudgetMeter,
    level: str,
    assume: str,
    *,
    only: bool,
) -> tuple[ConditionChecks, Judgement, str | None]:
    """The conditions, what is found by them, and the objection to an assumption. DependenciesStopped as by the
    dependencies."""
    memory, objection = spending.budget.bytes, None
    of_reads = only and lists is None and assume == NOTHING and level in OF_READS
    if of_reads:
        realtime = level.startswith(STRONG) and not level.startswith(SESSION)
        checks = ConditionChecks(of, register_reads(of), order_edges(of, realtime=realtime))
        found = judge(direct, checks.one(level, spending))
        if level in found.allowed:
            return checks, found, None
    order = order_edges(of)
    known = list_dependencies(of, lists, memory) if lists is not None else register_dependencies(of, memory)
    if assume != NOTHING:
        known, objection = with_assumption(known, order, assume)
    if only and not of_reads:
        checks = ConditionChecks(of, known, order)
        found = judge(direct, checks.one(level, spending))
        if level in found.allowed:
            return checks, found, objection
    checks = ConditionChecks(of, known, order)  # anew: what is named depends on the order of the questions
    return checks, judge(direct, checks.all(spending)), objection


def _assumed(assume: str, objection: str | None) -> dict[str, Value]:
    """The details of an assumption, where one was made."""
    return {} if assume == NOTHING else {"assumption": assume, "assumption_objection": objection}


def _details(
    of: TransactionHistory, found: Judgement, direct: DirectAnomalies, evidence: dict[str, Evidence], level: str
) -> tuple[dict[str, Any], Witness | None]:
    """The details of a judgement, without orders that were carried out; and the witness."""
    refuted = {model: _told(of, found, model, evidence) for model in found.refuted}
    weakest = sorted(minimal(found.refuted), key=list(found.refuted).index)
    told = level if level in found.refuted else next(iter(weakest), None)
    witness = _evidence(found, told, evidence).witness(of) if told is not None else None
    strongest = maximal(found.allowed)
    details: dict[str, Any] = {
        "consistency": level,
        "anomalies": found.anomalies,
        "allowed": found.allowed,
        "strongest": [model for model in found.allowed if model in strongest],
        "refuted": refuted,
        "weakest_refuted": weakest,
        "undecided": found.undecided,
        "not_judged": found.not_judged,
        "shown": {},
        "transactions": len(of),
        "reads": of.reads(),
        "writes": of.writes(),
        "counts": dict(sorted(direct.counts.items())),
        "cycles": {name: _cycle(of, evidence[name]) for name in found.cycles},
    }
    return details, witness


def _cycle(of: TransactionHistory, evidence: Evidence) -> dict[str, Value]:
    return {
        "transactions": [of.start[txn] for txn in evidence.txns],
        "components": evidence.components,
        "words": list(evidence.sentences),
    }


def _evidence(found: Judgement, model: str, evidence: dict[str, Evidence]) -> Evidence:
    """The finding against a model: an anomaly that refutes it by itself, direct ones first; where none has a name that
    does, a cycle that no stronger model permits, as far as cycles refute these."""
    direct = found.refuted[model]
    if direct in evidence:
        return evidence[direct]
    names = [*found.cycles, *evidence]
    known = [name for name in names if model in refuted_by([name])]
    if not known:
        above = set(stronger(model)) & set(refuted_by(found.cycles))
        known = [name for name in names if above <= set(refuted_by([name]))]
    return evidence[next(iter(known or names))]


def _told(of: TransactionHistory, found: Judgement, model: str, evidence: dict[str, Evidence]) -> dict[str, Value]:
    shown = _evidence(found, model, evidence)
    return {"reason": f"{shown.anomaly}: {'; '.join(shown.sentences)}", "anomaly": shown.anomaly}


@dataclass
class Certificates:
    """The orders that were carried out. shown: level → what kind of order shows it. order: that of transactions, by the
    positions of their invocations, where it shows a serializable level that was asked for. wrong: what is wrong with
    one of them."""

    shown: dict[str, str] = field(default_factory=dict)
    order: tuple[int, ...] | None = None
    wrong: str | None = None
    nodes: dict[str, Ints] = field(default_factory=dict)
    """Level → the order of the nodes of its graph."""


def certified(checks: ConditionChecks, found: Judgement, level: str) -> Certificates:
    """The orders that show the strongest levels that are allowed, once they were carried out."""
    of, out = checks.of, Certificates()
    for model in sorted(maximal({model for model in found.allowed if model in (*EXECUTED, *RULES)})):
        if model not in EXECUTED and len(of) > REPLAYED_MAX:
            continue
        above = () if model in EXECUTED else sorted(stronger(model))
        known = [name for name in (model, *above) if name in checks.out.orders]
        if not known and model in RULES:
            continue  # it is implied, and nothing was searched
        if not known:
            out.wrong = f"there is none for {model}"
            break
        nodes = out.nodes[model] = checks.out.orders[known[0]]
        if model in EXECUTED:
            encoding, family = EXECUTED[model]
            wrong = _objection(of, nodes, encoding, family, checks.order.nodes)
            out.shown[model] = ORDERS[encoding.name]
        else:
            wrong = _replay_objection(of, nodes, model, checks.order.nodes)
            out.shown[model] = "an order of versions"
        if wrong is not None:
            out.wrong = f"{model}: {wrong}"
            break
        if EXECUTED.get(model, (None, ""))[0] is SERIAL and implies(model, level):
            txns = nodes[nodes < len(of)]
            out.order = tuple(np.asarray(of.start)[txns[np.asarray(of.member)[txns] != 0]].tolist())
    return out


def _against_assumption(checks: ConditionChecks, certificates: Certificates, assume: str) -> str | None:
    """The reason that an order of a level that was shown contradicts the assumption on keys."""
    of, split = checks.of, checks.order.nodes
    for model, nodes in certificates.nodes.items():
        commits = nodes[nodes >= split] - split if (nodes >= split).any() else nodes
        txns = commits[commits < len(of)]
        txns = txns[np.asarray(of.member)[txns] != 0]
        wrong = backwards(of.history, txns.tolist(), sessions=assume == SEQUENTIAL)
        if wrong is not None:
            return f"{model}: {wrong}, which {assume} forbids"
    return None


def _replay_objection(of: TransactionHistory, nodes: Ints, model: str, split: int) -> str | None:
    """The reason that an order does not show a level below snapshot isolation."""
    rule = RULES[model]
    txns = nodes % split
    kept = txns < len(of)
    kept[kept] = np.asarray(of.member)[txns[kept]] != 0
    txns, late = txns[kept], nodes[kept] >= split
    begins = None
    if late.any():
        before: npt.NDArray[np.int64] = np.cumsum(late) - late
        count = np.zeros(len(of), dtype=np.int64)
        count[txns[~late]] = before[~late]
        txns = txns[late]
        begins = count[txns].tolist() if rule.sees is Sees.EARLIER else None
    wrong = replay_objection(of.history, txns.tolist(), rule, lists=of.lists, begins=begins)
    if wrong is None and model == "strong-read-committed":
        places = positions(txns, len(of))
        wrong = disorder(of.history, places, places, realtime=True)
    return wrong


def _objection(of: TransactionHistory, nodes: Ints, encoding: Encoding, family: str, split: int) -> str | None:
    txns = nodes % split
    kept = txns < len(of)
    kept[kept] = np.asarray(of.member)[txns[kept]] != 0
    txns, late = txns[kept], nodes[kept] >= split
    if encoding is SERIAL:
        wrong = serial_objection(of.history, txns, lists=of.lists)
        begins = commits = positions(txns, len(of))
    else:
        wrong = snapshot_objection(of.history, np.stack([txns, late], axis=1), lists=of.lists)
        places = np.arange(len(txns), dtype=np.int32)
        begins, commits = (np.full(len(of), ABSENT, dtype=np.int32) for _ in range(2))
        begins[txns[~late]], commits[txns[late]] = places[~late], places[late]
    if wrong is None and family != PLAIN:
        wrong = disorder(of.history, begins, commits, realtime=family == STRONG)
    return wrong
