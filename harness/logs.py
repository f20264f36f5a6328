"""What do the logs of the nodes say of their health? Patterns, as data, looked for after every run of real processes.

A line that says that data is corrupt or that members differ is `invalid`: the system itself says so. A crash is not:
it contradicts no promise about data, yet a run in which a node panicked proves less than it seems, so it is `unknown`.
The trap: words like "panic" or "corrupt" stand in command lines and in calm sentences too; patterns are made for the
line as the server writes it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from splitbrain.harness.verdict import Validity, Verdict, Witness

CHECKER = "logs"
SHOWN_MAX = 5
LINE_LENGTH_MAX = 300


@dataclass(frozen=True)
class Pattern:
    """One thing to look for. meaning: the end of the sentence "n2 …". value: `invalid` or `unknown`."""

    line: re.Pattern[str]
    meaning: str
    value: Validity


CRASHES: Sequence[Pattern] = (
    Pattern(re.compile(r"^WARNING: DATA RACE"), "reports a data race", Validity.UNKNOWN),
    Pattern(re.compile(r"^(panic|fatal error): |^goroutine \d+ \[running\]"), "panicked", Validity.UNKNOWN),
    Pattern(re.compile(r"^Traceback \(most recent call last\)"), "raised an error", Validity.UNKNOWN),
    Pattern(re.compile(r"^# A fatal error has been detected by the Java"), "crashed", Validity.UNKNOWN),
    Pattern(re.compile(r"AddressSanitizer|^Segmentation fault"), "broke its memory", Validity.UNKNOWN),
)
"""What any server says when it breaks."""


@dataclass(frozen=True)
class _Find:
    node: str
    number: int
    line: str
    pattern: Pattern

    def words(self) -> str:
        return f"{self.node} {self.pattern.meaning} ({self.node}.log:{self.number}: {self.line})"


def examine(folder: Path, patterns: Sequence[Pattern] = CRASHES) -> Verdict | None:
    """What the logs `NODE.log` in a folder say; None if there are none."""
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
    finds = []
    with log.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            for pattern in left:
                if pattern.line.search(line):
                    finds.append(_Find(log.stem, number, line.strip()[:LINE_LENGTH_MAX], pattern))
                    left.remove(pattern)
                    break
    return finds
