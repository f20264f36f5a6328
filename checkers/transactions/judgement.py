"""Judgement of a transactional history: its anomalies, and for each isolation level whether it is still allowed.

The anomalies are the direct ones, and the worst kinds of cycle that no order of versions avoids: from data alone, then
with session order, then with real time, the latter two only if they are worse than what was found before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from splitbrain.checkers.lattice import lattice, refuted_by, stronger, weaker
from splitbrain.checkers.transactions.conditions import JUDGED, STRONG_VIEW, Conditions
from splitbrain.checkers.transactions.direct import DirectAnomalies

CYCLES = ("G0", "G1c", "G-single", "G-nonadjacent", "G2-item")
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "": ("read-uncommitted", "read-committed", "consistent-view", "snapshot-isolation", "serializable"),
    "-process": (
        "strong-session-read-uncommitted", "strong-session-read-committed",
        "strong-session-parallel-snapshot-isolation", "strong-session-snapshot-isolation",
        "strong-session-serializable",
    ),
    "-realtime": (
        "strong-read-uncommitted", "strong-read-committed", STRONG_VIEW, "strong-snapshot-isolation",
        "strict-serializable",
    ),
}  # fmt: skip
"""Suffix of a cycle's name → the models whose conditions forbid each kind of cycle, worst first."""


@dataclass(frozen=True)
class Judgement:
    """anomalies: by name, direct ones first. refuted: model → the anomaly or the condition that refutes it. allowed,
    undecided (with the reason), not_judged: the other models. All in the order of the lattice."""

    anomalies: list[str]
    refuted: dict[str, str]
    allowed: list[str]
    undecided: dict[str, str]
    not_judged: list[str]
    cycles: dict[str, str] = field(default_factory=dict)
    """Name of a cycle → the model whose condition it breaks."""

    def doubting(self, why: str) -> "Judgement":
        """The same, with all that is allowed undecided."""
        return replace(self, allowed=[], undecided=self.undecided | dict.fromkeys(self.allowed, why))


def transaction_models() -> list[str]:
    """The models of transactions, in the order of the lattice."""
    return [name for name, model in lattice().models.items() if model.scope == "transaction"]


def judge(direct: DirectAnomalies, conditions: Conditions) -> Judgement:
    """The judgement of direct anomalies and conditions on cycles."""
    cycles = _cycles(conditions)
    refuted: dict[str, str] = {}
    for anomaly in sorted(direct.counts):
        for model in refuted_by([anomaly]):
            refuted.setdefault(model, anomaly)
    if direct.own_write_missed:
        for model in ("read-committed-axiom", *stronger("read-committed-axiom")):
            refuted.setdefault(model, "internal")
    for model in JUDGED:
        if conditions.holds.get(model) is False:
            for one in (model, *stronger(model)):
                refuted.setdefault(one, "cycle")
    allowed = {model for model in JUDGED if conditions.holds.get(model) and model not in refuted}
    allowed |= {model for known in allowed for model in weaker(known)} - refuted.keys()
    models = transaction_models()
    undecided = {m: conditions.doubts[m] for m in models if m in conditions.doubts and m not in {*refuted, *allowed}}
    left = [model for model in models if model not in refuted and model not in allowed and model not in undecided]
    return Judgement(
        [*sorted(direct.counts), *cycles],
        {model: refuted[model] for model in models if model in refuted},
        [model for model in models if model in allowed],
        undecided,
        left,
        cycles,
    )


def _cycles(conditions: Conditions) -> dict[str, str]:
    """The worst cycle of each family, where it is worse than that of the families before."""
    out: dict[str, str] = {}
    worst = len(CYCLES)
    for suffix, models in FAMILIES.items():
        for rank, model in enumerate(models[:worst]):
            if conditions.holds.get(model) is False:
                out[CYCLES[rank] + suffix] = model
                worst = rank
                break
    return out
