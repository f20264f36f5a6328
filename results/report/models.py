"""The lattice of models on the page: rows from the strongest to the weakest, each model with what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from splitbrain.checkers.lattice import lattice, spectrum_in, stronger
from splitbrain.harness.verdict import Verdict

REFUTED, ALLOWED, UNDECIDED, NOT_JUDGED = "refuted", "allowed", "undecided", "not judged"
_CLASSES = {REFUTED: "invalid", ALLOWED: "valid", UNDECIDED: "unknown", NOT_JUDGED: "unknown"}


@dataclass(frozen=True)
class ModelMark:
    """One model. standing: refuted, allowed, undecided or not judged. style: the class of its mark. implies: the
    models right below it that were judged too. reason: why it is refuted or undecided, or when it holds."""

    name: str
    standing: str
    style: str
    implies: str
    reason: str


def rows(verdict: Verdict | None) -> list[list[ModelMark]]:
    """The models of a spectrum by how many stand above them in a chain; none for another verdict."""
    found = spectrum_in(verdict)
    if not found:
        return []
    standings: dict[str, tuple[str, str]] = {}
    for field, standing in (("refuted", REFUTED), ("undecided", UNDECIDED)):
        for name, said in found[field].items():
            standings[name] = standing, said["reason"] if isinstance(said, Mapping) else str(said)
    for field, standing in (("allowed", ALLOWED), ("not_judged", NOT_JUDGED)):
        standings |= {name: (standing, lattice().models[name].holds) for name in found[field]}
    levels: dict[int, list[ModelMark]] = {}
    for name in (model for model in lattice().models if model in standings):
        standing, reason = standings[name]
        below = [edge.weaker for edge in lattice().implications if edge.stronger == name and edge.weaker in standings]
        mark = ModelMark(name, standing, _CLASSES[standing], ", ".join(below), reason)
        levels.setdefault(_depth(name, standings), []).append(mark)
    return [levels[depth] for depth in sorted(levels)]


def _depth(name: str, among: Mapping[str, object]) -> int:
    """The length of the longest chain of judged models above one."""
    return max((_depth(above, among) + 1 for above in stronger(name) if above in among), default=0)
