"""The class of a system, from what was counted: one rule for all.

    CP            linearizability was never refuted, and some live node refuses in a split
    AP            every live node serves in every split, linearizability was refuted, and the copies converge
    CA            there is nothing to split: one copy, which serves, and linearizability was never refuted
    neither       refuted, and refusing (or refuted, and the copies do not converge)
    undetermined  the evidence does not suffice for any of them; `missing` says what would

Copies converge if after the heal they are equal and hold what was acknowledged in the split: eventual consistency asks
for both, for else a system that forgets everything would have it (Vogels, Eventually Consistent, CACM 52, 2009;
eventual delivery in Shapiro et al., Conflict-free Replicated Data Types, SSS 2011; eventual visibility in Burckhardt,
Principles of Eventual Consistency, 2014). Of two writes of one key one may win by any rule; what nothing else wrote may
not vanish.

Reads and writes have classes of their own. Reads are refuted if the history is; writes if acknowledged ones were lost,
or copies differ at the end. For each of the two: CP, refusing and not refuted; neither, refusing and refuted; AP,
serving in every split of a system that is refuted; writes that vanish in splits are neither.

The CAP theorem is an alarm on the method: where a split bit, and one side answered reads of keys that another side was
writing meanwhile, something must have been refuted. If nothing was, the harness or the checker is wrong, or had no
power: that is told, and there is no class.

Pitfall: silence is no evidence. A side is said to serve or to refuse only once the sequential test has settled it, and
linearizability counts as not refuted only after RUNS_MIN runs in all of which it was decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from splitbrain.classification.sequential import SequentialTest
from splitbrain.classification.windows import KINDS, READ, WRITE
from splitbrain.results.sides import MAJORITY

RUNS_MIN = 8
"""Runs that all have to confirm: were a run refuted every second time, all of them would in 1 of 256 cases."""
TEST = SequentialTest()


class CapClass(StrEnum):
    """The class of a system, or of its reads or writes."""

    CP = "CP"
    AP = "AP"
    CA = "CA"
    NEITHER = "neither"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class SideFacts:
    """Counts of one side in splits of one kind: windows in which each of its nodes served operations of this kind, in
    which at least one did not, and in which neither is clear. short: why it is not sure that it serves, though windows
    say so."""

    placement: str
    side: str
    kind: str
    served: int
    not_served: int
    unclear: int = 0
    short: str = ""

    @property
    def serves(self) -> bool | None:
        """Whether it serves; None while that is not settled."""
        found = TEST.decide(self.served, self.not_served)
        return None if found and self.short else found


@dataclass(frozen=True)
class ClassFacts:
    """Facts that the rule looks at.

    nothing_to_split: whether the system has one copy of everything. sides: of all splits that bit and that clients
    met. refuted, undecided: runs, by what became of linearizability. confirmed: those with splits in
    which it was confirmed; with other faults, where there is nothing to split. healthy_tried: whether operations were
    asked for without faults. unhealthy: why nothing follows from what was answered of them, a sentence each. lost:
    acknowledged writes. vanished: those of them that nothing else wrote the key of, in runs with splits. equal: whether
    copies were equal at the end of every run; None where that was never compared. crossed: reads that one side answered
    of keys that another one had written, in splits. vacuous: why windows, or whole scenarios, say nothing. unseen:
    kinds of split in which nothing was learned of any side.
    """

    nothing_to_split: bool
    sides: Sequence[SideFacts]
    refuted: int
    confirmed: int
    undecided: int
    healthy_tried: bool
    unhealthy: Sequence[str]
    lost: int
    vanished: int
    equal: bool | None
    crossed: int
    vacuous: Sequence[str] = ()
    unseen: Sequence[str] = ()

    @property
    def converged(self) -> bool | None:
        """Whether the copies converge; None where that was never compared."""
        return False if self.vanished else self.equal


@dataclass(frozen=True)
class ClassFinding:
    """The class, and why. reads, writes: the classes of these apart. majority_serves: placement → whether the majority
    answered reads and writes. missing: what an undetermined class needs; more_windows, more_runs: at least so many
    windows of splits, and runs with them. alarm: what the CAP theorem says of the method; "" for nothing."""

    cap: CapClass
    reads: CapClass
    writes: CapClass
    reason: str
    majority_serves: dict[str, bool | None]
    missing: tuple[str, ...] = ()
    alarm: str = ""
    more_windows: int = 0
    more_runs: int = 0


def find_class(facts: ClassFacts) -> ClassFinding:
    """The class of a system."""
    majority = _majority_serves(facts.sides)
    if not facts.healthy_tried:
        why = "nothing was run without faults"
        told = f"{why}: whether it serves in a split cannot be told from that"
        return _undetermined(why, majority, [told, *facts.vacuous])
    if facts.unhealthy:
        return _undetermined(facts.unhealthy[0], majority, facts.unhealthy)
    if facts.nothing_to_split:
        return _of_one_copy(facts, majority)
    alarm = _alarm(facts)
    if alarm:
        return _undetermined("the CAP theorem is violated by what was counted", majority, [alarm], alarm)
    reads, writes = (_of_kind(facts, kind) for kind in KINDS)
    missing = _missing(facts)
    refuses, serves = _refuses(facts.sides), _serves(facts.sides) and not facts.unseen
    refused = _where(facts.sides)
    if refuses and facts.refuted:
        found, reason = CapClass.NEITHER, f"linearizability was refuted, and {refused}"
    elif refuses and _holds(facts):
        found, reason = CapClass.CP, f"{refused}, and linearizability was never refuted"
    elif serves and facts.refuted and facts.converged is not None:
        if facts.converged:
            found, reason = CapClass.AP, "every live node serves in every split, and linearizability was refuted"
        else:
            found, reason = CapClass.NEITHER, f"every live node serves, but {_not_converged(facts)}"
    else:
        reason = missing[0] if missing else "the evidence settles nothing"
        return ClassFinding(
            CapClass.UNDETERMINED, reads, writes, reason, majority, tuple(missing), "", _more_windows(facts),
            0 if facts.refuted else max(0, RUNS_MIN - facts.confirmed),
        )  # fmt: skip
    return ClassFinding(found, reads, writes, reason, majority)


def _not_converged(facts: ClassFacts) -> str:
    if facts.equal is False:
        return "the copies differ after the heal"
    return f"{facts.vanished:,} acknowledged writes that nothing overwrote are gone after the heal"


def _undetermined(
    reason: str, majority: dict[str, bool | None], missing: Sequence[str], alarm: str = ""
) -> ClassFinding:
    nothing = CapClass.UNDETERMINED
    return ClassFinding(nothing, nothing, nothing, reason, majority, tuple(missing), alarm)


def _of_one_copy(facts: ClassFacts, majority: dict[str, bool | None]) -> ClassFinding:
    if facts.refuted:
        found, reason = CapClass.NEITHER, "there is nothing to split, and linearizability was refuted all the same"
    elif _holds(facts):
        found, reason = CapClass.CA, "there is one copy and nothing to split; linearizability was never refuted"
    else:
        missing = _missing_runs(facts)
        return _undetermined(missing[0], majority, [*missing, *facts.vacuous])
    return ClassFinding(found, found, found, reason, majority)


def _of_kind(facts: ClassFacts, kind: str) -> CapClass:
    """The class of the reads or of the writes."""
    sides = [side for side in facts.sides if side.kind == kind]
    wrong = facts.refuted if kind == READ else facts.lost or facts.converged is False
    if _refuses(sides):
        return CapClass.NEITHER if wrong else CapClass.CP if _writes_hold(facts, kind) else CapClass.UNDETERMINED
    if _serves(sides) and facts.refuted and not facts.unseen:
        return CapClass.NEITHER if kind == WRITE and facts.converged is False else CapClass.AP
    return CapClass.UNDETERMINED


def _writes_hold(facts: ClassFacts, kind: str) -> bool:
    """Whether there is evidence enough that operations of a kind are not refuted."""
    if kind == READ:
        return _holds(facts)
    return facts.refuted + facts.confirmed >= RUNS_MIN and facts.equal is True


def _holds(facts: ClassFacts) -> bool:
    return not facts.refuted and not facts.undecided and facts.confirmed >= RUNS_MIN


def _refuses(sides: Sequence[SideFacts]) -> bool:
    return any(side.serves is False for side in sides)


def _serves(sides: Sequence[SideFacts]) -> bool:
    return bool(sides) and all(side.serves is True for side in sides)


def _where(sides: Sequence[SideFacts]) -> str:
    """The sides that do not serve, and of what, in words."""
    found: dict[str, list[str]] = {}
    for side in sides:
        if side.serves is False and side.kind not in found.setdefault(side.side, []):
            found[side.side].append(side.kind)
    told = [f"the {side} ({' and '.join(f'{kind}s' for kind in kinds)})" for side, kinds in found.items()]
    return f"{' and '.join(told)} {'does' if len(told) == 1 else 'do'} not serve"


def _majority_serves(sides: Iterable[SideFacts]) -> dict[str, bool | None]:
    found: dict[str, bool | None] = {}
    for side in sides:
        if side.side == MAJORITY:
            answers = (found.get(side.placement, True), side.serves)
            found[side.placement] = False if False in answers else None if None in answers else True
    return found


def _alarm(facts: ClassFacts) -> str:
    """Objection of the CAP theorem to the evidence; "" for none.

    Pitfall: a run that was not decided is no evidence that nothing was refuted.
    """
    if facts.refuted or facts.undecided or not facts.confirmed or not facts.crossed:
        return ""
    by_placement: dict[str, dict[str, set[str]]] = {}
    for side in facts.sides:
        if side.serves:
            by_placement.setdefault(side.placement, {}).setdefault(side.kind, set()).add(side.side)
    for placement, kinds in by_placement.items():
        for writer in sorted(kinds.get(WRITE, ())):
            reader = next((side for side in sorted(kinds.get(READ, ())) if side != writer), None)
            if reader is not None:
                return (
                    f"{placement}: the {writer} wrote and the {reader} read the same keys ({facts.crossed:,} reads of "
                    "what the other side had written), all of that was answered, and nothing was refuted: that is "
                    "impossible, so the split did not separate them, or the checker saw nothing; a fault of the "
                    "harness or of its power, not a property of the target"
                )
    return ""


def _missing(facts: ClassFacts) -> list[str]:
    """List what an undetermined class needs."""
    missing = list(facts.vacuous)
    if not facts.sides:
        missing.insert(0, "no split was seen that bit and that clients met on every side")
        return missing
    for side in _open_sides(facts):
        more, unclear = _windows_missing(side), f", {side.unclear} unclear" if side.unclear else ""
        why = f"; {side.short}" if side.short else ""
        missing.append(
            f"{side.placement}: whether the {side.side} serves {side.kind}s is not settled ({side.served} windows "
            f"served, {side.not_served} not{unclear}{why}): {more} more windows at least"
        )
    missing += [f"{name}: no side of it was asked enough to tell whether it serves" for name in facts.unseen]
    if not facts.refuted:
        missing += _missing_runs(facts)
        if _serves(facts.sides):
            missing.append("every side serves, but linearizability was not refuted")
    elif facts.converged is None:
        missing.append("after the heal no copies were compared, or not those of all nodes")
    return missing


def _open_sides(facts: ClassFacts) -> list[SideFacts]:
    """Sides of which it matters whether they serve, and is not settled."""
    refused = {side.kind for side in facts.sides if side.serves is False}
    return [side for side in facts.sides if side.serves is None and side.kind not in refused]


def _windows_missing(side: SideFacts) -> int:
    return max(1, TEST.missing(side.served, side.not_served))


def _more_windows(facts: ClassFacts) -> int:
    """The least number of windows, of all kinds of splits, that settle which sides serve."""
    by_placement: dict[str, int] = {}
    for side in _open_sides(facts):
        most = max(by_placement.get(side.placement, 0), _windows_missing(side))
        by_placement[side.placement] = most
    return sum(by_placement.values())


def _missing_runs(facts: ClassFacts) -> list[str]:
    missing = []
    if facts.undecided:
        missing.append(f"linearizability was not decided in {facts.undecided} runs: another --seed draws other runs")
    if facts.confirmed < RUNS_MIN:
        missing.append(
            f"linearizability was confirmed in {facts.confirmed} runs: {RUNS_MIN - facts.confirmed} more are needed"
        )
    return missing
