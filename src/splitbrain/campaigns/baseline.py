"""Baseline: what the runs of each test came to, small enough to be reviewed in a pull request.

A file is TOML, sorted, with a version of its format. Of each test it holds the verdicts, per check the verdicts and the
kinds of anomalies, and per figure a value a run: the sample that a later campaign is compared with.
"""

import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splitbrain.campaigns.chance import Figures, Share
from splitbrain.campaigns.tasks import RunLine
from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import write_whole, writing
from splitbrain.results.result import RunStatus
from splitbrain.results.sides import SPLIT
from splitbrain.version import __version__

FORMAT = 1
DIGITS = 4
"""Significant digits of a figure: more would be noise in a review."""
AVAILABILITY, LATENCY, THROUGHPUT = "availability", "latency", "throughput"
NONE = float("nan")
_LIST = re.compile(r"\[\n((?: *[^\n\"]+,\n)+) *\]")
"""A list of numbers as the writer of TOML breaks it into lines."""


@dataclass(frozen=True)
class CheckBaseline:
    """The verdicts of one check, over all runs. verdicts: word → runs. kinds: kind of anomaly → runs that showed it."""

    verdicts: Mapping[str, int]
    kinds: Mapping[str, int] = field(default_factory=dict)

    @property
    def refuted(self) -> Share:
        """The number of runs that it refuted, of those that it decided."""
        invalid = self.verdicts.get(RunStatus.INVALID, 0)
        return Share(invalid, invalid + self.verdicts.get(RunStatus.VALID, 0))


@dataclass(frozen=True)
class TestBaseline:
    """The results of one test.

    target: what was tested. conditions: the options of its runs but for target and seed, as a command line has them.
    expect: "valid" or "invalid". verdicts: word → runs. checks: by name. models: of runs that were held to the
    spectrum, model → word → runs. figures: name → a value for each run that was carried out to its end, in order of
    seed. Higher is better but for latency, which is in milliseconds.
    """

    __test__ = False  # pytest takes the name for its own

    target: str
    conditions: str
    expect: str
    verdicts: Mapping[str, int]
    checks: Mapping[str, CheckBaseline]
    figures: Figures
    models: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """The number of runs it rests on, those that infrastructure failed left out."""
        return sum(count for word, count in self.verdicts.items() if word != RunStatus.INFRASTRUCTURE)

    @property
    def refuted(self) -> Share:
        """The number of runs that were refuted, of those that were decided."""
        return CheckBaseline(self.verdicts).refuted

    @property
    def shares(self) -> Mapping[str, Share]:
        """Check, or `model NAME` → how many of the runs that it decided it refuted."""
        models = {f"model {name}": CheckBaseline(verdicts).refuted for name, verdicts in self.models.items()}
        return {name: check.refuted for name, check in self.checks.items()} | models

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of anomalies that were seen."""
        return frozenset(kind for check in self.checks.values() for kind in check.kinds)

    @staticmethod
    def of(lines: Iterable[RunLine]) -> "TestBaseline":
        """Make the baseline of the runs of one test, at least one."""
        runs = sorted(lines, key=lambda line: line.key[1])
        verdicts = Counter(line.status.value for line in runs)
        checks: dict[str, list[Mapping[str, Any]]] = {}
        for line in runs:
            for check in line.plain.get("checks", ()):
                checks.setdefault(str(check["name"]), []).append(check)
        models: dict[str, Counter[str]] = {}
        for line in runs:
            for model, word in line.models.items():
                models.setdefault(model, Counter())[word] += 1
        ended = [figures_of(line) for line in runs if line.status is not RunStatus.INFRASTRUCTURE]
        names = sorted({name for figures in ended for name in figures})
        return TestBaseline(
            str(runs[0].plain["target"]),
            conditions(runs[0].command),
            str(runs[0].plain["expect"]),
            dict(verdicts),
            {name: _check(found) for name, found in checks.items()},
            {name: [figures.get(name, NONE) for figures in ended] for name in names},
            {model: dict(words) for model, words in models.items()},
        )


@dataclass(frozen=True)
class Baseline:
    """The results of the tests of a campaign, by name."""

    tests: Mapping[str, TestBaseline]
    version: str = __version__

    @staticmethod
    def of(lines: Iterable[RunLine]) -> "Baseline":
        """Make the baseline of the runs of a campaign."""
        by_test: dict[str, list[RunLine]] = {}
        for line in lines:
            by_test.setdefault(line.test, []).append(line)
        return Baseline({name: TestBaseline.of(found) for name, found in by_test.items()})

    def to_toml(self) -> str:
        """The text of a file: sorted, a list of figures a line."""
        import tomli_w

        plain = {"format": FORMAT, "splitbrain": self.version, "test": {n: _plain(t) for n, t in self.tests.items()}}
        return _LIST.sub(lambda found: f"[{' '.join(found[1].split())[:-1]}]", tomli_w.dumps(_sorted(plain)))

    def write(self, path: Path) -> None:
        """Write a file; it appears whole or not at all. UsageError if it cannot be."""
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, self.to_toml())

    @staticmethod
    def read(path: Path) -> "Baseline":
        """The baseline of a file. UsageError if it is none, or of a newer format."""
        try:
            plain = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else f"not TOML: {error}"
            raise UsageError(f"{path}: not a baseline: {said}; write one with --write-baseline {path}") from None
        if plain.get("format") != FORMAT:
            raise UsageError(
                f"{path}: expected a baseline of format = {FORMAT}, found {plain.get('format')!r}: write it again with "
                f"--write-baseline {path}, or use the splitbrain that wrote it"
            )
        try:
            tests = {str(name): _test(found) for name, found in plain.get("test", {}).items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"{path}: not a baseline: {error!r}; write it again with --write-baseline") from None
        return Baseline(tests, str(plain.get("splitbrain")))


def figures_of(line: RunLine) -> dict[str, float]:
    """The figures of one run. Availability within and outside of fault windows, of all nodes and of each, and of each
    side of a split; a figure that the run says nothing of is left out."""
    plain = line.plain.get("figures") or {}
    found: dict[str, float | None] = {}
    nodes: Mapping[str, Mapping[str, int]] = plain.get("availability") or {}
    for name, of in ((None, list(nodes.values())), *((node, [counts]) for node, counts in nodes.items())):
        asked, answered, asked_in, answered_in = (
            sum(node[key] for node in of)
            for key in ("operations", "answered", "operations_in_faults", "answered_in_faults")
        )
        where = "" if name is None else f" {name}"
        found[f"{AVAILABILITY} in faults{where}"] = answered_in / asked_in if asked_in else None
        outside = asked - asked_in
        found[f"{AVAILABILITY} outside faults{where}"] = (answered - answered_in) / outside if outside else None
    for side in plain.get("sides") or ():
        if side["side"] in SPLIT and (asked := side["answered"]["whole"]):
            found[f"{AVAILABILITY} in {side['fault']}, {side['side']}"] = side["answered"]["part"] / asked
    service = plain.get("service")
    if service is not None:
        found[THROUGHPUT] = service["throughput"]
        for since, words in (("from_begin", "from begin"), ("from_due", "from due")):
            for quantile, short in (("p50_ms", "p50"), ("p99_ms", "p99"), ("p999_ms", "p99.9")):
                found[f"{LATENCY} {short} {words}"] = service[since][quantile]
    return {name: float(f"{value:.{DIGITS}g}") for name, value in found.items() if value is not None}


def conditions(command: str) -> str:
    """The options of a run but for its target, its seed and what is known, from the command that repeats it."""
    words = shlex.split(command)[3:]
    for left_out in ("--seed", "--known"):
        while left_out in words:
            at = words.index(left_out)
            del words[at : at + 2]
    return shlex.join(words)


def _check(found: Sequence[Mapping[str, Any]]) -> CheckBaseline:
    kinds = Counter(str(kind) for check in found for kind in check.get("kinds", ()))
    return CheckBaseline(dict(Counter(str(check["verdict"]) for check in found)), dict(kinds))


def _plain(test: TestBaseline) -> dict[str, Any]:
    checks = {
        name: {**check.verdicts, **({"kinds": dict(check.kinds)} if check.kinds else {})}
        for name, check in test.checks.items()
    }
    return {
        "target": test.target,
        "conditions": test.conditions,
        "expect": test.expect,
        "verdicts": dict(test.verdicts),
        "checks": checks,
        "figures": {name: list(values) for name, values in test.figures.items()},
        **({"models": {name: dict(words) for name, words in test.models.items()}} if test.models else {}),
    }


def _test(plain: Mapping[str, Any]) -> TestBaseline:
    checks = {}
    for name, found in plain["checks"].items():
        verdicts = {word: int(count) for word, count in found.items() if word != "kinds"}
        checks[name] = CheckBaseline(verdicts, {kind: int(n) for kind, n in found.get("kinds", {}).items()})
    figures = {name: [float(value) for value in values] for name, values in plain["figures"].items()}
    test = TestBaseline(
        str(plain["target"]),
        str(plain["conditions"]),
        str(plain["expect"]),
        {RunStatus(word).value: int(count) for word, count in plain["verdicts"].items()},
        checks,
        figures,
        {
            str(name): {word: int(count) for word, count in words.items()}
            for name, words in plain.get("models", {}).items()
        },
    )
    if any(len(values) != test.runs for values in figures.values()):
        raise ValueError("a figure has another number of values than there are runs")
    return test


def _sorted(plain: Any) -> Any:
    """Tables in order of their keys, numbers before tables as TOML wants them."""
    if not isinstance(plain, dict):
        return plain
    return {key: _sorted(value) for key, value in sorted(plain.items(), key=lambda i: (isinstance(i[1], dict), i[0]))}
