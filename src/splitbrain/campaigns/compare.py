"""Comparison of two baselines: what is new since then, what is better, and what cannot be told.

New is an anomaly where `valid` is expected, a kind of anomaly that the baseline does not know, a share of refuted runs
that rose beyond chance, and availability, latency or throughput that are worse beyond chance. The level of `chance`
holds for all tests of a comparison together.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.campaigns.baseline import LATENCY, Baseline, TestBaseline
from splitbrain.campaigns.chance import LEVEL, Figures, Share, beyond, enough, share_rose, shifted
from splitbrain.harness.kinds import accepts
from splitbrain.results.format import counted
from splitbrain.results.result import RunStatus


@dataclass(frozen=True)
class TestComparison:
    """One test compared with its baseline, sentences of each sort.

    worse: what is new and makes it fail. better: what improved beyond chance. notes: what else to know.
    """

    __test__ = False  # pytest takes the name for its own

    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything differs beyond chance, in either direction."""
        return bool(self.worse or self.better)


@dataclass(frozen=True)
class Comparison:
    """Every test of a campaign that its baseline knows, by name. unknown: tests that the baseline does not know.
    missing: tests of the baseline that were not run."""

    tests: Mapping[str, TestComparison] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Pair:
    """A test before and now. known: kinds of anomalies that are accepted by name."""

    before: TestBaseline
    now: TestBaseline
    known: tuple[str, ...]

    def figures(self, way: int) -> tuple[Figures, Figures]:
        """The figures that both sides have, turned so that higher is worse; or better, for a way of -1."""
        names = [name for name in self.before.figures if name in self.now.figures]

        def turned(side: TestBaseline) -> Figures:
            signs = {name: way if name.startswith(LATENCY) else -way for name in names}
            return {name: [signs[name] * value for value in side.figures[name]] for name in names}

        return turned(self.before), turned(self.now)

    def _accepted(self, kinds: Iterable[str]) -> bool:
        return all(accepts(self.known, kind) for kind in kinds)

    def shares(self, rising: bool) -> Iterator[tuple[str, Share, Share]]:
        """Check or model → its refuted share before and now, earlier and later exchanged if it is to fall."""
        for name in {**self.before.shares, **self.now.shares}:
            before, now = (side.shares.get(name, Share(0, 0)) for side in (self.before, self.now))
            kinds = self.now.checks[name].kinds if name in self.now.checks else self.now.kinds
            newly_known = not before.part and name in self.now.shares and self._accepted(kinds)
            if before.whole and now.whole and before.part + now.part and not newly_known:
                yield (name, before, now) if rising else (name, now, before)


def compare(
    before: Baseline, now: Baseline, known: Mapping[str, Sequence[str]] | None = None, sides: bool = False
) -> Comparison:
    """Compare, test by test. known: test → kinds of anomalies that are accepted by name. sides: two sides of equal
    right, neither of which is to be better; an anomaly that both have where `valid` is expected is no difference then,
    and a kind of which only one has some where `invalid` is, is one if chance does not explain it; the level holds for
    both directions together."""
    level = LEVEL / (4 if sides else 2)  # one part for shares, one for figures, of each direction that counts
    pairs = {
        name: _Pair(before.tests[name], test, tuple((known or {}).get(name, ())))
        for name, test in now.tests.items()
        if name in before.tests
    }
    rose, fell = (_shares_beyond(pairs, rising, level) for rising in (True, False))
    compared = {}
    for name, pair in pairs.items():
        new = _one_sided(pair, pair.now, pair.before) if sides else _anomalies(pair)
        gone = _one_sided(pair, pair.before, pair.now) if sides else ()
        worse = [*new, *(_rose(pair, check) for check in rose.get(name, ())), *_shifted(pair, 1, level / len(pairs))]
        better = [*gone, *_fell(pair, fell.get(name, ())), *_shifted(pair, -1, level / len(pairs))]
        notes = _notes(pair, fell.get(name, ()), level / len(pairs))
        compared[name] = TestComparison(tuple(worse), tuple(better), tuple(notes))
    unknown = tuple(name for name in now.tests if name not in before.tests)
    return Comparison(compared, unknown, tuple(name for name in before.tests if name not in now.tests))


def _shares_beyond(pairs: Mapping[str, _Pair], rising: bool, level: float) -> dict[str, list[str]]:
    """Test → its checks whose refuted share rose, or fell, beyond chance."""
    chances = {
        (name, check): share_rose(before, now)
        for name, pair in pairs.items()
        for check, before, now in pair.shares(rising)
    }
    found: dict[str, list[str]] = {}
    for name, check in sorted(beyond(chances, level)):
        found.setdefault(name, []).append(check)
    return found


def _anomalies(pair: _Pair) -> Iterator[str]:
    """Anomalies that must not be, however often they come."""
    new = {
        (name, kind): count
        for name, check in pair.now.checks.items()
        for kind, count in check.kinds.items()
        if not accepts(pair.known, kind)
    }
    for (_, kind), count in sorted(new.items()):
        of = f"{count} of {pair.now.runs} runs"
        if pair.now.expect == RunStatus.VALID:
            before = sum(check.kinds.get(kind, 0) for check in pair.before.checks.values())
            was = f"{before} of {pair.before.runs}" if before else "none"
            yield f"{kind}: an anomaly in {of}, where valid is expected; the baseline has {was}"
        elif kind not in pair.before.kinds:
            yield f"{kind}: a kind of anomaly that the baseline does not know, in {of}"


def _rose(pair: _Pair, check: str) -> str:
    now, before = pair.now.shares[check], pair.before.shares[check]
    return f"{check}: refuted in {now} runs; was {before}, which is beyond chance"


def _one_sided(pair: _Pair, one: TestBaseline, other: TestBaseline) -> Iterator[str]:
    """Kinds of anomalies that one side alone has, where `valid` is expected of both."""
    side = "second" if one is pair.now else "first"
    if {one.expect, other.expect} == {RunStatus.VALID.value} and other.runs:
        yield from (f"{kind}: an anomaly of the {side} side alone" for kind in sorted(one.kinds - other.kinds))


def _fell(pair: _Pair, fell: Sequence[str]) -> Iterator[str]:
    now, before = pair.now.refuted, pair.before.refuted
    if fell and not now.part:
        yield f"no longer refuted in {now.whole} of {now.whole} seeds; was {before}"
        return
    for check in fell:
        then = pair.before.shares[check]
        yield f"{check}: refuted in {pair.now.shares[check]} runs; was {then}, which is beyond chance"


def _shifted(pair: _Pair, way: int, level: float) -> Iterator[str]:
    """Figures that are worse, or for a way of -1 better, than chance explains."""
    before, now = pair.figures(way)
    if not pair.before.runs or not pair.now.runs:
        return
    for name in sorted(shifted(before, now, level)):
        then, found = (median(side.figures[name]) for side in (pair.before, pair.now))
        unit = " ms" if name.startswith(LATENCY) else ""
        yield (
            f"{name}: {found:.4g}{unit} in the median of {pair.now.runs} runs; was {then:.4g}{unit} of "
            f"{pair.before.runs}, which is beyond chance"
        )


def _notes(pair: _Pair, fell: Sequence[str], level: float) -> Iterator[str]:
    runs, then = pair.now.runs, pair.before.runs
    now, before = pair.now.refuted, pair.before.refuted
    if before.part and now.whole and not now.part and not fell:
        yield f"not refuted in {now.whole} of {now.whole} seeds; was {before}, a difference that chance may explain"
    if pair.now.figures and not enough(then, runs, len(pair.now.figures), level):
        yield (
            f"{counted(runs, 'run')}, and {then} before: too few to tell a change of a single figure of availability "
            "or latency"
        )


def median(values: Sequence[float]) -> float:
    """The median of the values that are there; NaN if none is."""
    there = [value for value in values if not math.isnan(value)]
    return statistics.median(there) if there else math.nan


def plain(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON has it: of each test what there is to say."""
    words = {
        name: {"worse": list(test.worse), "better": list(test.better), "notes": list(test.notes)}
        for name, test in comparison.tests.items()
    }
    tests = {
        name: said for name, found in words.items() if (said := {key: text for key, text in found.items() if text})
    }
    return {"tests": tests, "unknown": list(comparison.unknown), "missing": list(comparison.missing)}
