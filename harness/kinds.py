"""Kinds of anomalies: a short name for what a check refuted, the same in every run that shows it.

`CHECK/ANOMALY` where the check names or counts what it found (`set/lost`, `invariants/one-leader-a-term`), else `CHECK`
alone (`registers`). Whoever accepts `CHECK` accepts all of its anomalies.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict

COUNTED = ("lost", "stale", "unexpected", "returned", "duplicated", "overlaps")
"""Details of checks that count anomalies of one sort."""
_KIND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)?")


def kinds(check: Verdict) -> tuple[str, ...]:
    """The kinds of anomalies of one check of a run, in order of name; none unless it is `invalid`."""
    if check.value is not Validity.INVALID:
        return ()
    named = sorted({_slug(word) for leaf in _refuted(check) for word in _named(leaf.details)})
    return tuple(f"{check.checker}/{word}" for word in named) or (check.checker,)


def accepts(known: Iterable[str], kind: str) -> bool:
    """Whether one of the known kinds is this one, or its check."""
    return any(name in (kind, kind.partition("/")[0]) for name in known)


def parse_known(text: str | None) -> tuple[str, ...]:
    """The kinds of a list `A,B`; UsageError for what cannot be one."""
    names = tuple(filter(None, (name.strip() for name in (text or "").split(","))))
    for name in names:
        if not is_kind(name):
            raise UsageError(
                f"a known kind of anomaly is the name of a check, or CHECK/ANOMALY as in set/lost, not {name!r}; "
                "those of a run stand under `kinds` in its line of --json"
            )
    return names


def is_kind(word: str) -> bool:
    """Whether a word has the form of a kind."""
    return _KIND.fullmatch(word) is not None


def _refuted(check: Verdict) -> Iterator[Verdict]:
    """A check and the verdicts in it that are `invalid`."""
    yield check
    for child in check.children:
        if child.value is Validity.INVALID:
            yield from _refuted(child)


def _named(details: Mapping[str, Value]) -> Iterator[str]:
    """The anomalies that the details of a verdict name or count."""
    if details.get("anomaly"):
        yield str(details["anomaly"])
    several = details.get("anomalies")
    if isinstance(several, list | tuple | dict):
        yield from map(str, several)
    breaches = details.get("breaches")
    if isinstance(breaches, list | tuple):
        yield from (str(breach["invariant"]) for breach in breaches if isinstance(breach, Mapping))
    yield from (name for name in COUNTED if isinstance(details.get(name), int) and details[name] > 0)


def _slug(word: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "-", word).strip("-")
