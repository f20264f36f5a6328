"""Verdicts on the health of the nodes: patterns looked for in their logs, and deaths that were crashes.

A line that says that data is corrupt or that members differ is `invalid`: the system itself says so. A crash is
`unknown`: it contradicts no promise about data, yet a run in which a node crashed proves less than it seems.

Pitfall: words like "panic" or "corrupt" stand in command lines and in calm sentences too, so a pattern is made for the
whole line as the server writes it. Servers put the time before it, so an anchored pattern begins with `STAMP`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from splitbrain.harness.environment import Death
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown

CHECKER = "logs"
CRASH_CHECKER = "crashes"
SHOWN_MAX = 5
LINE_LENGTH_MAX = 300
STAMP = r"(?:[\[(]?\d[\d:./,TZ+-]*[\])]?,?\s){0,3}"
"""The time at the beginning of a line, in up to three words, or nothing."""


@dataclass(frozen=True)
class Pattern:
    """One thing to look for. meaning: the end of the sentence "n2 …". value: `invalid` or `unknown`. conclusion: the
    first later line that matches is shown in the place of the line itself."""

    line: re.Pattern[str]
    meaning: str
    value: Validity
    conclusion: re.Pattern[str] | None = None


def _crash(line: str, meaning: str, conclusion: str = "") -> Pattern:
    last = re.compile(f"^{STAMP}{conclusion}") if conclusion else None
    return Pattern(re.compile(f"^{STAMP}(?:{line})"), meaning, Validity.UNKNOWN, last)


TRACEBACK = _crash(r"Traceback \(most recent call last\):\s*$", "raised an exception", r"[A-Za-z_][\w.]*(?::|\s*$)")
CRASHES: Sequence[Pattern] = (
    _crash("WARNING: DATA RACE", "reports a data race"),
    _crash(r"(?:panic|fatal error): |goroutine \d+ \[running\]", "panicked"),
    # A program in Go that is aborted exits with an error, as one does that gives up.
    _crash(r"SIG(?:ABRT|SEGV|BUS|FPE|ILL|TRAP): [a-z ]+$", "aborted"),
    TRACEBACK,
    _crash("# A fatal error has been detected by the Java", "crashed"),
    _crash("Segmentation fault|.*AddressSanitizer", "broke its memory"),
)
"""Messages of any server that breaks."""


@dataclass(frozen=True)
class _Find:
    node: str
    number: int
    line: str
    pattern: Pattern

    def words(self) -> str:
        return f"{self.node} {self.pattern.meaning} ({self.node}.log:{self.number}: {self.line})"


def examine(folder: Path, patterns: Sequence[Pattern] = CRASHES) -> Verdict | None:
    """The verdict on the logs `NODE.log` in a folder; None if there are none."""
    logs = sorted(folder.glob("*.log"))
    if not logs:
        return None
    finds = [find for log in logs for find in _finds(log, patterns)]
    if not finds:
        return Verdict(Validity.VALID, f"the logs of {len(logs)} nodes show no crash and no corruption", CHECKER)
    value = Validity.worst(find.pattern.value for find in finds)
    decisive = [find for find in finds if find.pattern.value is value]
    words = tuple(find.words() for find in decisive[:SHOWN_MAX])
    witness = Witness((), words) if value is Validity.INVALID else None
    return Verdict(value, words[0], CHECKER, witness=witness, details={"lines": [find.words() for find in finds[:50]]})


def _finds(log: Path, patterns: Sequence[Pattern]) -> list[_Find]:
    """The first line of each pattern: the rest says the same."""
    left = list(patterns)
    finds: list[_Find] = []
    unconcluded: dict[int, re.Pattern[str]] = {}
    with log.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            shown = line.strip()[:LINE_LENGTH_MAX]
            for at in [at for at, conclusion in unconcluded.items() if conclusion.search(line)]:
                del unconcluded[at]
                finds[at] = replace(finds[at], number=number, line=shown)
            for pattern in left:
                if pattern.line.search(line):
                    if pattern.conclusion is not None:
                        unconcluded[len(finds)] = pattern.conclusion
                    finds.append(_Find(log.stem, number, shown, pattern))
                    left.remove(pattern)
                    break
    return finds


def crashed(deaths: Sequence[Death]) -> Verdict | None:
    """`unknown`, with the first one as the reason, if nodes crashed; None if none did."""
    told = list(dict.fromkeys(death.text for death in deaths if death.crashed))
    if not told:
        return None
    return unknown(CRASH_CHECKER, told[0], deaths=told[:50])
