"""The page of a result: the verdict first, then the evidence, then figures and pictures.

Everything is inlined: the page opens from a mail, an artifact of a build, or paper, and loads nothing.
Pitfall: values come from the system under test. All text is escaped and kept to one line, the data block cannot close
its element, and a content policy lets run only the one script whose digest it names.
"""

import base64
import functools
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from splitbrain.checkers.lattice import staleness_in
from splitbrain.harness.history import History
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.results import format
from splitbrain.results.report import models, witness
from splitbrain.results.report.anomalies import meanings
from splitbrain.results.report.charts import charts
from splitbrain.results.report.sample import OPERATIONS_MAX, choose
from splitbrain.results.report.timeline import embed, timeline
from splitbrain.results.result import Result
from splitbrain.results.series import series
from splitbrain.results.summary import origin
from splitbrain.results.text import meanwhile, witnesses
from splitbrain.runner.record import RunRecord

if TYPE_CHECKING:
    from jinja2 import Template

WITNESSES_MAX = 10
CHECKS_MAX = 30
KEYS_MAX = 3
"""Keys with one verdict and one reason that are named; the others are counted."""


@dataclass(frozen=True)
class Check:
    """A line of the list of verdicts: one checker on one key, or on several keys with the same answer."""

    about: str
    answer: str
    reason: str


def render(history: History, result: Result, operations_max: int = OPERATIONS_MAX) -> str:
    """The page for a history and what came of it, whether of a run or of a file.

    operations_max: how many operations the timeline carries; the page says so if that is not all.
    """
    style, script = asset("report.css"), asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return template(__package__, "report.html").render(
        style=style, script=script, digest=digest, **_content(history, result, operations_max)
    )


@functools.cache
def template(package: str, name: str) -> "Template":
    """A page's template, from the files of a package: all text escaped and kept to one line. Compiled once, which takes
    longer than to fill it in."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": format.share,
        "name": format.name,
        "milliseconds": format.milliseconds,
        "bite": format.bite,
        "told": format.told,
    }
    return environment.get_template(name)


def _one_line(value: object) -> object:
    """A value for the page, onto which no text may bring control characters; what is marked as markup is ours."""
    return format.plain(value) if type(value) is str else value


def asset(name: str) -> str:
    """The text of a file beside this one."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _content(history: History, result: Result, operations_max: int) -> dict[str, Any]:
    """The values that the template shows."""
    found = witness.by_witness(witnesses(result.verdict))
    rows = witness.rows_of(history, found[0][1]) if found else []
    sample = choose(history, rows, operations_max)
    data = timeline(
        history,
        sample,
        result.summary.windows,
        witness=rows,
        offending=witness.offending_row(history, found[0][1], rows) if found else None,
        concurrency=result.record.spec.concurrency if result.record else None,
        verdict=result.verdict,
    )
    over_time = series(history)
    checks = list(_checks(result.verdict)) if result.verdict else []
    zero = origin(history)
    levels, stale = models.rows(result.verdict), staleness_in(result.verdict)
    return {
        "result": result,
        "summary": result.summary,
        "record": result.record,
        "facts": _facts(result),
        "specification": _specification(result.record) if result.record else [],
        "witnesses": [witness.shown(history, *pair) for pair in found[:WITNESSES_MAX]],
        "legend": witness.legend,
        "anomalies": meanings(result.kinds, (words for _, one in found for words in one.words)),
        "witnesses_hidden": max(0, len(found) - WITNESSES_MAX),
        "windows": [
            (window, format.seconds(window.start_ns - zero), format.seconds(window.stop_ns - zero))
            for window in result.summary.windows
        ],
        "models": levels,
        "lattice": models.drawing(levels),
        "stale": stale,
        "checks": checks[:CHECKS_MAX],
        "checks_hidden": max(0, len(checks) - CHECKS_MAX),
        "longest_name": max(map(len, result.summary.faults), default=0),
        "charts": charts(history, over_time, result.summary.windows, stale.get("over_time", ())) if over_time else None,
        "sample_note": sample.note,
        "data": embed(data),
        "lanes": len(data["lanes"]),
    }


def _facts(result: Result) -> list[tuple[str, str]]:
    """Name and value of what a reader wants to know at once."""
    summary, record = result.summary, result.record
    facts = [("operations", f"{summary.operations:,}")]
    if summary.span_ns:
        facts.append(("duration", f"{summary.span_ns / 1e9:.1f} s"))
    if record is None:
        return facts
    return [
        ("seed", str(record.seed)),
        *facts,
        ("nodes", str(record.spec.nodes)),
        ("clients", str(record.spec.concurrency)),
        ("environment", record.env),
        ("faults", ", ".join(record.faults) or "none"),
        *([("meanwhile", told)] if (told := meanwhile(result)) else []),
        *([("drawn by the seed", record.drawn)] if record.drawn else []),
        ("splitbrain", record.version),
    ]


def _specification(record: RunRecord) -> list[tuple[str, str]]:
    """Every option of the run and of its target, as typed."""
    rows = []
    for declared in record.spec.fields():
        value = getattr(record.spec, declared.name)
        if declared.kind is dict:
            rows += [(f"{declared.word} {key}", text) for key, text in value.items()]
        elif value is not None:
            rows.append((declared.word, declared.shown(value)))
    return rows + [(f"option {name}", str(value)) for name, value in record.options.items()]


def _checks(root: Verdict) -> Iterator[Check]:
    """The checks of the run: the worst first; valid ones, and those with a witness, counted instead of listed."""
    leaves = list(_leaves(root))
    told = Counter(_who(leaf) for leaf in leaves if leaf.witness)
    for who, times in told.items():
        keys = f"{times:,} keys, each refuted" if times > 1 else "refuted, see above"
        yield Check(who, Validity.INVALID.value, keys)
    for value in (Validity.INVALID, Validity.UNKNOWN):
        alike: dict[tuple[str, str], list[Verdict]] = {}
        for leaf in leaves:
            if leaf.value is value and not leaf.witness:
                alike.setdefault((_who(leaf), leaf.reason), []).append(leaf)
        for (who, reason), those in alike.items():
            yield Check(who + _keys(those), value.value, reason)
    valid = Counter(_who(leaf) for leaf in leaves if leaf.value is Validity.VALID)
    reasons = {_who(leaf): leaf.reason for leaf in leaves if leaf.value is Validity.VALID}
    keyed = {_who(leaf) for leaf in leaves if leaf.key is not None}
    for who, times in valid.items():
        reason = reasons[who] if times == 1 else f"{times:,} {'keys' if who in keyed else 'parts'}, each valid"
        yield Check(who, Validity.VALID.value, reason)


def _keys(leaves: Sequence[Verdict]) -> str:
    """The keys that verdicts are on, a few of them by name: `, keys r1, r2, r3 and 4 more`; empty where they have
    none."""
    names = [format.name(leaf.key) for leaf in leaves if leaf.key is not None]
    if not names:
        return ""
    more = f" and {len(names) - KEYS_MAX:,} more" if len(names) > KEYS_MAX else ""
    return f", key{'' if len(names) == 1 else 's'} {', '.join(names[:KEYS_MAX])}{more}"


def _leaves(verdict: Verdict) -> Iterator[Verdict]:
    if not verdict.children:
        yield verdict
    for child in verdict.children:
        yield from _leaves(child)


def _who(verdict: Verdict) -> str:
    model = verdict.model
    return f"{verdict.checker} · {model}" if model and model != verdict.checker else verdict.checker
