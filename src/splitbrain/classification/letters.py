"""Outcomes of C, A and P, and of the data after the heal, in words for who knows no more than these letters."""

from dataclasses import dataclass

from splitbrain.classification.card import Card
from splitbrain.classification.evidence import RunEvidence, linearizable_runs
from splitbrain.classification.figures import side_facts
from splitbrain.classification.healthy import unusual
from splitbrain.classification.rule import CapClass
from splitbrain.classification.words import converged, served_splits, share


@dataclass(frozen=True)
class CapLetter:
    """One letter of CAP. means: what keeping it is. kept: None where that is open, or no question. found: a word.
    figures: what it rests on."""

    letter: str
    name: str
    means: str
    kept: bool | None
    found: str
    figures: str


def letters(card: Card) -> list[CapLetter]:
    """Outcomes of C, A and P; and, where the network was split, of what had been acknowledged."""
    standing, splits = card.linearizability, sum(len(one.windows) for one in card.splits)
    refuted = standing is not None and bool(standing.refuted)
    sides = [side.serves for side in side_facts(card.splits)]
    kept = {"C": False if refuted else True if card.finding.cap in (CapClass.CP, CapClass.CA) else None}
    kept["A"] = False if False in sides else True if sides and None not in sides else None
    available, answered = _word(kept["A"]), _answered(card)
    partition, done = "no choice", f"{splits} splits were made here" if splits else "no split was made here"
    if card.subject.nothing_to_split:
        available, answered = "while it runs", "its one copy answers, or nobody does"
        partition, done = "no question", "one copy: there is nothing to split"
    copies = "as if there were one copy of the data, every answer is right"
    split = "the network splits, and no system can choose that it does not"
    found = [
        CapLetter("C", "consistency", copies, kept["C"], _word(kept["C"]), _wrong(card)),
        CapLetter("A", "availability", "every node that runs answers, in time", kept["A"], available, answered),
        CapLetter("P", "partition", split, None, partition, done),
    ]
    return found + ([_after_heal(card)] if splits else [])


def in_a_line(card: Card) -> str:
    """The outcomes alone: `C kept · A given up · P no choice · after the heal kept`."""
    return " · ".join(f"{one.letter or one.name} {one.found}" for one in letters(card))


def _answered(card: Card) -> str:
    """The share that each side answered in time while the network was split, and in how many splits it served."""
    served = [
        f"{side} {share(one.part / one.whole)}, and it served in {served_splits(card, side)}"
        for side, one in card.availability.items() if one.whole
    ]  # fmt: skip
    if not served:
        return "measured in no split"
    usual = f"; without faults {_without_faults(card)}" if unusual(card.healthy_service) else ""
    return f"answered in time while the network was split: {'; '.join(served)}{usual}"


def _without_faults(card: Card) -> str:
    asked = sum(one.runs.whole for one in card.healthy_service.values())
    return share(sum(one.runs.part for one in card.healthy_service.values()) / asked)


def _wrong(card: Card) -> str:
    """The number of runs with a wrong answer: of those with splits, and of all others."""
    split = [run for run in card.runs if any(window.split for window in run.windows)]
    others = [run for run in card.runs if run not in split]
    told = [f"{_of(runs)} {words}" for runs, words in ((split, "with a split"), (others, "without")) if runs]
    refuted, confirmed, _ = linearizable_runs(card.runs)
    if not refuted + confirmed:
        return "not decided in any run"
    return f"wrong answers in {', in '.join(told)}" if refuted else f"no wrong answer in {confirmed} runs"


def _of(runs: list[RunEvidence]) -> str:
    refuted, confirmed, undecided = linearizable_runs(runs)
    open_runs = f" ({undecided} more are not decided)" if undecided else ""
    return f"{refuted} of {refuted + confirmed} runs{open_runs}"


def _after_heal(card: Card) -> CapLetter:
    """The fate of what was acknowledged, once the network was whole again."""
    facts = card.facts
    looked_for = sum(run.final.looked_for for run in card.runs)
    gone = sum(one.vanished for one in card.lost)
    word = {True: "kept", None: "not settled"}.get(facts.converged, "copies differ" if facts.equal is False else "lost")
    means = "the copies become equal, and have what was acknowledged"
    figures = (
        f"copies {converged(card)}; {gone:,} of {looked_for:,} acknowledged writes are gone that nothing overwrote"
    )
    if beaten := len(card.lost) - gone:
        figures += f", {beaten:,} more lost to a write that came before"
    return CapLetter("", "after the heal", means, facts.converged, word, figures)


def _word(kept: bool | None) -> str:
    return {True: "kept", False: "given up", None: "not settled"}[kept]
