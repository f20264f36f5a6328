"""Operations grouped by key, and one verdict over all keys: rows of `History.operations()` split by key, for the
checkers of `domain`.

Pitfall: a key that nobody observed. It refutes nothing, so it must neither pass for the whole nor spoil it: the whole
is `unknown` only if no key was observed.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from splitbrain.checkers.common.values import shown
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import Value
from splitbrain.harness.verdict import Validity, Verdict, unknown

LISTED_KEYS = 64
NEVER: Final = (1 << 62) - 1
"""The position, after all others, at which a crashed operation returned."""
UNOBSERVED = "unobserved"
"""Word in `details` of a verdict that is unknown for nothing could have refuted the model."""
LOOK_EVERY = 4096

Rows = Sequence[int]
"""Rows of `History.operations()`, in order of invocation."""
Judging = Callable[[History, Rows, BudgetMeter], Verdict]


def unobserved(checker: str, reason: str, **details: Value) -> Verdict:
    """The verdict where nothing could have refuted the model."""
    return unknown(checker, reason, checker, **details, **{UNOBSERVED: True})


def over_budget(checker: str, limit: str, done: int, all_of_them: int, things: str) -> Verdict:
    """The verdict where a budget was spent. limit: as `Spending.exhausted` says. things: what was counted."""
    reason = f"undecided: {limit}, with {done:,} of {all_of_them:,} {things} looked at"
    return unknown(checker, reason, checker)


def hold_to(history: History, checker: str, known: Collection[str]) -> None:
    """UsageError if a client did something that a check does not know, whatever came of it."""
    names = [history.pool.values[f] for f in sorted(set(history.operations().f))]
    strange = ", ".join(f"`{name}`" for name in names if name not in known)
    if strange:
        raise UsageError(f"model {checker} does not know the operation {strange}; it knows {', '.join(known)}")


def by_key(history: History) -> dict[int, list[int]]:
    """Rows by value id of their key (ABSENT where there is none), in order of first invocation."""
    found: dict[int, list[int]] = {}
    for row, key in enumerate(history.operations().key):
        rows = found.get(key)
        if rows is None:
            rows = found[key] = []
        rows.append(row)
    return found


def of_each_key(checker: str, history: History, spending: BudgetMeter, judge: Judging, thing: str = "key") -> Verdict:
    """One verdict over all keys: that of the only key, or a tree with a child a key (of many keys, those not valid).
    thing: what a key is called in its verdict."""
    parts = by_key(history)
    if not parts:
        reason = "the history is empty" if len(history) == 0 else "no client did anything"
        return unobserved(checker, f"{reason}: nothing could have refuted the model")
    children = []
    for key, rows in parts.items():
        verdict = judge(history, rows, spending)
        children.append(verdict if key == ABSENT else named(verdict, thing, history.pool.values[key]))
    return combined(checker, children, f"{thing}s")


def combined(checker: str, children: Sequence[Verdict], things: str) -> Verdict:
    """Merge at least one verdict into one; of many the tree lists those that are not valid. things: what they are
    about."""
    if len(children) == 1:
        return children[0]
    observed = [child for child in children if UNOBSERVED not in child.details]
    if not observed:
        return unobserved(checker, children[0].reason)
    value = Validity.worst(child.value for child in observed)
    decisive = [child for child in observed if child.value is value]
    counts = {word.value: sum(child.value is word for child in children) for word in Validity}
    listed = children if len(children) <= LISTED_KEYS else [c for c in children if c.value is not Validity.VALID]
    reason = decisive[0].reason
    if value is Validity.VALID:
        blind = len(children) - len(decisive)
        reason = f"{len(decisive):,} {things} are valid" + (f"; never observed: {blind:,} more" if blind else "")
    return Verdict(
        value,
        reason,
        checker,
        checker,
        children=tuple(listed[:LISTED_KEYS]),
        witness=decisive[0].witness,
        details={things: len(children), **counts},
    )


def named(verdict: Verdict, thing: str, key: Value) -> Verdict:
    """The verdict with the key it is about, in its words too. thing: what a key is called."""
    about = f"{thing} {shown(key)}: "
    witness = verdict.witness
    if witness is not None:
        witness = replace(witness, words=(about + witness.words[0], *witness.words[1:]))
    reason = about + verdict.reason if verdict.value is not Validity.VALID else verdict.reason
    return replace(verdict, key=key, reason=reason, witness=witness)
