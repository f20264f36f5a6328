"""Spectrum: which consistency models a history still allows, and the witness of each refuted one.

Of registers every model is judged; of sets those of sessions and causality, of sets, lists and counters convergence and
linearizability. What is defined for registers only, or cannot be seen in what reads of a type return, is not judged.

Each model is judged by its own checker, cheap ones first; each gets an equal part of the budget that is left. Then the
lattice speaks (`lattice.py`): what implies a refuted model is refuted too, what an allowed one implies is allowed.
The verdict is that of linearizability, the strongest model of single operations; of a history of transactions it is
that of strict serializability, as `transactions` finds it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from splitbrain.checkers.causal.check import MODELS as CAUSAL
from splitbrain.checkers.causal.check import CausalCheck
from splitbrain.checkers.common.data_types import DataType, data_type
from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.per_key import UNOBSERVED
from splitbrain.checkers.common.registers import INITIAL_OPTION, RegisterHistory, initial_of, registers
from splitbrain.checkers.convergence.check import SETTLE, ConvergenceCheck
from splitbrain.checkers.grow_only import check as grow_only
from splitbrain.checkers.lattice import SPECTRUM_NAME, lattice, maximal, minimal, stronger, weaker
from splitbrain.checkers.linearizability import LinearizabilityByType
from splitbrain.checkers.sequential import SequentialCheck
from splitbrain.checkers.sessions.check import MODELS as SESSIONS
from splitbrain.checkers.sessions.check import SessionCheck
from splitbrain.checkers.staleness.check import DeltaAtomicity, KAtomicity, RegularCheck
from splitbrain.checkers.staleness.reads import distribution
from splitbrain.checkers.transactions.check import TransactionCheck, transactional
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity, Verdict

STRONGEST = "linearizable"
COSTLY = frozenset(["causal-memory", "pram", "per-key-sequential", "sequential"])
"""Models that are not judged once one that implies them holds."""
OF_REGISTERS = frozenset(["regular", "safe", "k-atomicity", "delta-atomicity"])
"""Models that are defined of registers alone."""
SEARCHED = frozenset([STRONGEST, "k-atomicity", "per-key-sequential", "sequential"])
"""Models that take a search, and so use configurations."""
Judging = Callable[[BudgetMeter], Verdict]


@dataclass(frozen=True)
class SpectrumCheck:
    """Every model of registers. settle: see `convergence`. initial: the value of each key before any write, as on the
    command line."""

    initial: str = "nil"
    settle: int = 1000
    name: str = SPECTRUM_NAME

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict of linearizability, with all models in its details; UsageError for an operation that is none of
        a register's, set's, list's or counter's, or no transaction."""
        workload = transactional(history)
        if workload is not None:
            return replace(TransactionCheck(workload).check(history, budget), checker=self.name)
        kind = data_type(history)
        of = registers(history, self.name, initial_of(self.initial)) if kind is DataType.REGISTER else None
        shared = budget.start()
        checks = self._of_registers(history, of) if of is not None else self._of_collections(history, kind)
        found: dict[str, Verdict] = {}
        for count, (name, judging) in enumerate(checks.items()):
            if name in COSTLY and any(
                known in stronger(name) and found[known].value is Validity.VALID for known in found
            ):
                continue  # implied
            spending = part(shared, [*checks][count:])
            found[name] = judging(spending)
            shared.configurations += spending.configurations
        return combined(of, kind, found)

    def _of_registers(self, history: History, of: RegisterHistory) -> Mapping[str, Judging]:
        """The checkers of registers, cheap ones first."""
        initial, linear = initial_of(self.initial), LinearizabilityByType(self.initial)
        checks: dict[str, Callable[[RegisterHistory, BudgetMeter], Verdict]] = {
            **{name: SessionCheck(name, guarantee, initial).judge for name, (_, guarantee) in SESSIONS.items()},
            "safe": RegularCheck(True, initial).judge,
            "regular": RegularCheck(False, initial).judge,
            "convergence": ConvergenceCheck(self.settle, initial).judge,
            "strong-convergence": ConvergenceCheck(self.settle, initial, strong=True).judge,
            "delta-atomicity": DeltaAtomicity(None, initial).judge,
            STRONGEST: lambda of, spending: linear.judge(history, spending),
            **{name: CausalCheck(name, judging, initial).judge for name, (_, judging) in CAUSAL.items()},
            "k-atomicity": KAtomicity(None, initial).judge,
            "per-key-sequential": SequentialCheck(True, initial).judge,
            "sequential": SequentialCheck(False, initial).judge,
        }
        return {name: partial(judging, of) for name, judging in checks.items()}

    def _of_collections(self, history: History, kind: DataType) -> Mapping[str, Judging]:
        """The checkers of sets, lists or counters."""
        checks: dict[str, Judging] = {}
        if kind is DataType.SET:
            checks |= {name: partial(grow_only.judge, name, history) for name in grow_only.MODELS}
        for strong in (False, True):
            check = ConvergenceCheck(self.settle, strong=strong)
            checks[check.name] = lambda spending, check=check: check.check(history, spending.left())  # type: ignore[misc]
        linear = LinearizabilityByType()
        checks[STRONGEST] = lambda spending: linear.judge(history, spending)
        return checks


def part(shared: BudgetMeter, models: Sequence[str]) -> BudgetMeter:
    """The budget of the first of some models: of what is left, an equal part of the seconds for each of them, and of
    the configurations for each that searches."""
    budget, searched = shared.budget, sum(name in SEARCHED for name in models)
    seconds = float(f"{shared.seconds_left() / len(models):.3g}")
    if models[0] not in SEARCHED:
        return replace(budget, seconds=seconds).start()
    left = max(0, budget.configurations - shared.configurations)
    return replace(budget, seconds=seconds, configurations=left // searched).start()


def combined(of: RegisterHistory | None, kind: DataType, found: Mapping[str, Verdict]) -> Verdict:
    """The verdicts of all models as one, consistent with the lattice. of: None where it is not about registers."""
    refuted = {name: told(verdict) for name, verdict in found.items() if verdict.value is Validity.INVALID}
    allowed = {name for name, verdict in found.items() if verdict.value is Validity.VALID}
    undecided = {
        name: verdict.reason.removeprefix("undecided: ")
        for name, verdict in found.items() if verdict.value is Validity.UNKNOWN
    }  # fmt: skip
    for name in list(refuted):
        for model in stronger(name) & found.keys() - refuted.keys():
            reason = f"it implies {name}, which is refuted: {found[name].reason}"
            refuted[model] = told(found[name]) | {"reason": reason}
    for name in list(allowed):
        allowed |= weaker(name) - refuted.keys() if name not in refuted else frozenset()
    at_odds = allowed & refuted.keys()
    allowed -= at_odds
    for name in at_odds:
        del refuted[name]
    undecided = {name: reason for name, reason in undecided.items() if name not in allowed and name not in refuted}
    undecided |= dict.fromkeys(at_odds, "the checkers contradict each other about it, which is a bug of splitbrain")
    blind = [name for name in undecided if name in found and UNOBSERVED in found[name].details]
    if of is None:
        allowed -= OF_REGISTERS
        models = (model.name for model in lattice().models.values() if model.scope == "object")
        blind += [name for name in models if name not in found and name not in allowed and name not in refuted]
    details: dict[str, Value] = {
        "allowed": in_order(allowed),
        "strongest": in_order(maximal(allowed)),
        "refuted": {name: refuted[name] for name in in_order(refuted)},
        "weakest_refuted": in_order(minimal(refuted)),
        "undecided": {name: undecided[name] for name in in_order(undecided) if name not in blind},
        "not_judged": in_order(blind),
        "anomalies": sorted({str(v.details["anomaly"]) for v in found.values() if "anomaly" in v.details}),
        "violations": {
            name: {field: found[name].details.get(field) for field in ("violations", "judged", "rate")}
            for name in SESSIONS if name in found
        },
        "converged_ms": found["convergence"].details.get("converged_ms"),
    }  # fmt: skip
    if of is not None:
        details |= {
            "smallest_k": found["k-atomicity"].details.get("k"),
            "smallest_delta_ms": found["delta-atomicity"].details.get("delta_ms"),
            "staleness": distribution(of),
        }
    return _verdict(found, kind, details)


def told(verdict: Verdict) -> dict[str, Value]:
    """Reason and witness of a refuted model, as plain values."""
    words = verdict.witness.words if verdict.witness is not None else _of_children(verdict)
    return {"reason": verdict.reason, "witness": list(words)}


def _of_children(verdict: Verdict) -> Sequence[str]:
    witness = next((child.witness for child in verdict.children if child.witness is not None), None)
    return witness.words if witness is not None else ()


def in_order(names: "Mapping[str, object] | set[str] | frozenset[str] | Sequence[str]") -> list[str]:
    """Names of models in the order of the lattice."""
    return [name for name in lattice().models if name in names]


def _verdict(found: Mapping[str, Verdict], kind: DataType, details: Mapping[str, Value]) -> Verdict:
    names = {field: ", ".join(details[field]) for field in ("strongest", "weakest_refuted")}
    weakest = details["weakest_refuted"]
    witness = found[weakest[0]].witness if weakest else None
    value, linear = Validity.UNKNOWN, found[STRONGEST]
    if STRONGEST in details["refuted"]:
        value = Validity.INVALID
        reason = f"not linearizable; still allowed: {names['strongest'] or 'nothing that was decided'}"
    elif STRONGEST in details["allowed"]:
        value, reason = Validity.VALID, linear.reason
    else:
        reason = details["undecided"].get(STRONGEST, linear.reason)
    lines = [f"refuted, {name}: {details['refuted'][name]['reason']}" for name in weakest]
    lines += [f"undecided, {name}: {why}" for name, why in details["undecided"].items()]
    beyond = [name for name in details["not_judged"] if name not in found]
    if beyond:
        lines.append(f"not judged, as what reads of a {kind.value} return does not show them: {', '.join(beyond)}")
    stale = details.get("staleness")
    if stale:
        lines.append(
            f"stale: {stale['stale']:,} of {stale['reads']:,} reads, by {stale['versions']['max']:,} versions at most"
        )
    children = tuple(_without_proof(verdict) for verdict in found.values())
    return Verdict(
        value, "\n".join((reason, *lines)), SPECTRUM_NAME, SPECTRUM_NAME, children=children, witness=witness,
        details=details,
    )  # fmt: skip


def _without_proof(verdict: Verdict) -> Verdict:
    """A verdict as one of many: its model by itself tells the rest."""
    details = {name: value for name, value in verdict.details.items() if name != "orders"}
    return replace(verdict, children=(), certificate=None, details=details)


def build(settings: Mapping[str, Setting]) -> SpectrumCheck:
    """The check with these settings."""
    return SpectrumCheck(str(settings["initial"]), int(settings["settle"] or 0))


SPECTRUM = CatalogueEntry(
    SPECTRUM_NAME,
    "every model: what is allowed, what is refuted; registers, sets, lists, counters, transactions",
    (INITIAL_OPTION, SETTLE),
    build,
)
