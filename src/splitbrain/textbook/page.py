"""`docs/claims.md`: all claims with their findings, and the systems that tables have."""

import textwrap
from collections.abc import Sequence

from splitbrain.textbook.claim import ClaimFinding
from splitbrain.textbook.measure import MeasuredClaim
from splitbrain.textbook.pictures import PICTURES
from splitbrain.textbook.systems import textbook

WIDTH = 120
FOLDER = "claims"
"""The folder of the pictures, beside the page."""
HEAD = """# Textbook claims, measured

```
splitbrain claims                     all of them, each with seeds 1, 2 and 3
splitbrain claims quorums             those of a topic, or one by its name
splitbrain claims --json              a line each: {"claim", "source", "finding", "measured", "run"}
splitbrain claims --markdown          this page: > docs/claims.md
splitbrain claims --pictures FOLDER   its pictures: docs/claims
splitbrain claims --systems           its last part, what tables say of systems; nothing is measured
```

Each claim is measured with stores in the simulator, or with nothing but arithmetic where it is about no store. It
counts as **confirmed**, **refuted**, or **depends on** (it holds in some configurations and not in others) if all seeds
say so; else it is unsettled. Shares have 95 % intervals: Wilson's for independent trials; where trials of a run depend
on one another (“in 6 runs”) as wide as runs differ (Korn and Graubard 1998), and where all runs agree each run counts
as one trial. Amounts have their median with the interval of order statistics, of fewer than six values from the least
to the greatest.
Exit code 0: every finding is the one on record; 1: one is another; 2: one is unsettled.
"""


def page(measured: Sequence[MeasuredClaim]) -> str:
    """The page."""
    lines = [HEAD]
    for topic in dict.fromkeys(one.claim.topic for one in measured):
        of_topic = [one for one in measured if one.claim.topic == topic]
        lines.append(f"## {topic.capitalize()}\n")
        for one in of_topic:
            lines += _claim(one)
    return "\n".join([*lines, systems()])


def systems() -> str:
    """The last part of the page: what tables say of systems."""
    return "\n".join([
        "## CP or AP, by the tables",
        "",
        "What tables say of systems, and what runs them here. What is found of them is said by",
        "[`splitbrain classify`](classify.md); what nothing runs yet stays listed.",
        "",
        "| system | configuration | said to be | source | target |",
        "|---|---|---|---|---|",
        *(f"| {one.system} | {one.configuration} | {one.claim} | {one.source} | "
          f"{f'`{one.target}`' if one.target else f'not run: {one.reason}'} |" for one in textbook()),
        "",
    ])  # fmt: skip


def _claim(one: MeasuredClaim) -> list[str]:
    book, finding = one.claim, one.finding
    said = finding.value if finding is not ClaimFinding.UNSETTLED else "unsettled"
    return [
        f"### {book.claim}",
        "",
        f"**{said}** · `{book.name}` · {book.source}",
        "",
        *textwrap.wrap(book.why, WIDTH),
        "",
        *_picture(book.name),
        "| measured | |",
        "|---|---|",
        *(f"| {name.replace('|', '/')} | {figure.shown()} |" for name, figure in one.figures.items()),
        "",
        "```",
        *book.run.splitlines(),
        "```",
        "",
    ]


def _picture(name: str) -> list[str]:
    return [f"![{PICTURES[name].title}]({FOLDER}/{name}.svg)", ""] if name in PICTURES else []
