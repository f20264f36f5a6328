"""The lattice of models on the page: a drawing, and rows from the strongest to the weakest, each model with what came
of it."""

from collections.abc import Mapping, Sequence
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


WIDTH, HEIGHT = 172, 30
"""Of a box of the drawing, in pixels."""
LETTERS = 20
"""Of a name that a box holds on one line."""
GAP, RISE = 18, 44
"""Between boxes side by side, and between levels."""


@dataclass(frozen=True)
class LatticeBox:
    """A model in the drawing. left, top: in pixels."""

    mark: ModelMark
    left: float
    top: float

    @property
    def lines(self) -> tuple[str, ...]:
        """The name on one line, or on two where it is long."""
        name = self.mark.name
        breaks = [at + 1 for at, letter in enumerate(name) if letter == "-"]
        if len(name) <= LETTERS or not breaks:
            return (name,)
        middle = min(breaks, key=lambda at: abs(2 * at - len(name)))
        return name[:middle], name[middle:]


@dataclass(frozen=True)
class LatticeDrawing:
    """The lattice as a drawing, in pixels. lines: from a model down to one that it implies, and whether both are
    refuted or both allowed: invalid, valid or none."""

    width: float
    height: float
    boxes: tuple[LatticeBox, ...]
    lines: tuple[tuple[float, float, float, float, str], ...]


def drawing(levels: Sequence[Sequence[ModelMark]]) -> LatticeDrawing | None:
    """The drawing of these rows; None if there are none."""
    if not levels:
        return None
    width = max(map(len, levels)) * (WIDTH + GAP) - GAP
    boxes: dict[str, LatticeBox] = {}
    for number, level in enumerate(levels):
        beside = (width - len(level) * WIDTH) / (len(level) + 1)
        for place, mark in enumerate(_untangled(level, boxes)):
            left = beside + place * (WIDTH + beside)
            boxes[mark.name] = LatticeBox(mark, left, number * (HEIGHT + RISE))
    lines = []
    for box in boxes.values():
        for below in (boxes[name] for name in box.mark.implies.split(", ") if name in boxes):
            style = box.mark.style if box.mark.style == below.mark.style else ""
            half = WIDTH / 2
            lines.append((box.left + half, box.top + HEIGHT, below.left + half, below.top, style))
    return LatticeDrawing(width, len(levels) * (HEIGHT + RISE) - RISE, tuple(boxes.values()), tuple(lines))


def _untangled(level: Sequence[ModelMark], above: Mapping[str, LatticeBox]) -> list[ModelMark]:
    """The models of a level, each below those that imply it: by the middle of these."""

    def middle(mark: ModelMark) -> float:
        over = [box.left for box in above.values() if mark.name in box.mark.implies.split(", ")]
        return sum(over) / len(over) if over else 0.0

    return sorted(level, key=middle)


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
