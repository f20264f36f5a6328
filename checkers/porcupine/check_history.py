"""The public check: splits a history by key, searches in rounds, combines, verifies and explains.

Keys are separate problems (locality: Herlihy & Wing 1990, §3.3; P-compositionality: Horn & Kroening 2015). Each is
searched with a small limit first and a larger one in every next round, so that one bad key among thousands is found
without waiting for a hard one. Pitfall: `valid` needs every key, `invalid` needs one.

The tree of a history with several keys: a valid root's certificate is an order of the whole history, which restricted
to a key (`certificate.of_key`) is that key's order; where the root is not valid, each valid child has its own. Beyond
LISTED_KEYS keys the children are those that are not valid, unless every key is asked for; `details` has the counts.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from splitbrain.checkers.common.per_key import UNOBSERVED
from splitbrain.checkers.common.values import shown
from splitbrain.checkers.porcupine import refusals, verdicts
from splitbrain.checkers.porcupine.backend import Backend
from splitbrain.checkers.porcupine.calls import call_at
from splitbrain.checkers.porcupine.certificate import objection
from splitbrain.checkers.porcupine.decide import choose_backend
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.prepare import OverBudget
from splitbrain.checkers.porcupine.short_history import decide_short
from splitbrain.checkers.porcupine.table import ModelFailure
from splitbrain.checkers.porcupine.verify import is_proof, merged_order
from splitbrain.checkers.porcupine.witness import explained
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType
from splitbrain.harness.verdict import Validity, Verdict, unknown

NAME = verdicts.NAME
LISTED_KEYS = 64


def check(
    model: Model, history: History, budget: Budget | None = None, *, explain: bool = True, every_key: bool = False
) -> Verdict:
    """Whether a history is linearizable with respect to a model.

    budget: beyond it the verdict is `unknown`, with how far it came. explain: whether `invalid` gets a witness that is
    as small as can be, which takes longer than finding it; see `explain`. Without it the keys that are invalid besides
    the first may be left unknown. every_key: whether each key has a child.
    UsageError for an operation that the model does not know.
    """
    spending = (budget or Budget()).start()
    verdict = unexplained(model, history, spending, every_key=every_key, thorough=explain or every_key)
    return explained(model, history, verdict, spending) if explain else verdict


def unexplained(
    model: Model, history: History, spending: BudgetMeter, *, every_key: bool = False, thorough: bool = True
) -> Verdict:
    """Check without a witness, see `check`. thorough: whether all keys that can be refuted are to be, and not one
    alone."""
    verdict = decide_short(model, history, spending)
    if verdict is None:
        verdict = _searched(model, history, spending, every_key, thorough=thorough)
    if verdict.value is Validity.VALID and _blind(model, history):
        return _unobserved(model, **verdict.details)
    return _noted(model, history, verdict) if model.refusals else verdict


def _blind(model: Model, history: History) -> bool:
    """Whether each operation that succeeded is one by which nothing can be observed."""
    if model.blind is None:
        return False
    operations = history.operations()
    calls = (
        call_at(model, history, invoked)
        for invoked, ended in zip(operations.invoke, operations.ended, strict=True)
        if ended == EventType.OK
    )
    return all(call.f not in model.observes or model.blind(call) for call in calls)


def _unobserved(model: Model, **details: Any) -> Verdict:
    """The verdict on a history that could not have been refuted."""
    names = " or ".join(f for f in model.operations if f in model.observes)
    seen = "" if model.blind is None else " that can observe anything"
    reason = f"nothing could have refuted the model: no {names}{seen} succeeded"
    return unknown(NAME, reason, model.name, **details, **{UNOBSERVED: True})


def _noted(model: Model, history: History, verdict: Verdict) -> Verdict:
    """The verdict with a note on how many failures were taken as observations."""
    taken, failed = refusals.counted(model, history)
    if not failed:
        return verdict
    names = " or ".join(sorted(model.refusals))
    note = f"failed {names} taken as observations that the precondition was false: {taken:,} of {failed:,}"
    if not taken:
        note = (
            f"none of {failed:,} failed {names} was taken as an observation, for their errors name other reasons; "
            "where each of them means that the precondition was false, say precondition=all"
        )
    return replace(verdict, notes=(*verdict.notes, note))


def _searched(model: Model, history: History, spending: BudgetMeter, every_key: bool, *, thorough: bool) -> Verdict:
    """The verdict, of any history."""
    try:
        checking = _Checking(model, history, spending, thorough=thorough)
        checking.problems.search_all()
        return checking.verdict(every_key)
    except OverBudget as limit:
        reason = f"undecided: {limit} before the search began"
        return unknown(NAME, reason, model.name, operations=len(history.operations()), placed=0)
    except ModelFailure as failure:
        return unknown(NAME, str(failure), model.name, operations=len(history.operations()))


class _Checking:
    """A history being checked: its problems, and what is known of each so far."""

    def __init__(self, model: Model, history: History, spending: BudgetMeter, *, thorough: bool) -> None:
        self.model, self.history, self.spending = model, history, spending
        self.problems: Backend = choose_backend(model, history, spending, thorough=thorough)

    def verdict(self, every_key: bool) -> Verdict:
        """The verdicts of all problems as one."""
        if len(self.problems) == 0:
            reason = "the history is empty" if len(self.history) == 0 else "no operation took effect, or may have"
            reason += ": nothing could have refuted the model"
            return unknown(NAME, reason, self.model.name, operations=0, **{UNOBSERVED: True})
        children = [self._of_problem(number) for number in range(len(self.problems))]
        value = Validity.worst(child.value for child in children)
        if value is Validity.VALID:
            return self._valid(children, every_key)
        if len(children) == 1:
            return children[0]
        counts = {word: sum(child.value is word for child in children) for word in Validity}
        decisive = next(child for child in children if child.value is value)
        reason = f"key {shown(decisive.key)}: {decisive.reason}"
        if value is Validity.UNKNOWN:
            reason = f"{counts[value]:,} of {len(children):,} keys are undecided; {reason}"
        listed = [child for child in children if child.value is value]
        listed += [child for child in children if child.value is not value and child.value is not Validity.VALID]
        if every_key or len(children) <= LISTED_KEYS:
            listed = children
        elif len(listed) > LISTED_KEYS:
            listed = listed[:LISTED_KEYS]
        details = {"keys": len(children), **{word.value: count for word, count in counts.items()}}
        return Verdict(value, reason, NAME, self.model.name, children=tuple(listed), details=self._figures() | details)

    def _hard(self, reason: str) -> str:
        """A reason for being undecided, with what makes such histories hard."""
        return f"{reason}; {self.model.hard}" if self.model.hard else reason

    def _figures(self) -> dict[str, int]:
        return {"operations": self.problems.operations, "configurations": self.spending.configurations}

    def _valid(self, children: Sequence[Verdict], every_key: bool) -> Verdict:
        """Prove a history whose every problem is valid, unless nothing could have refuted it."""
        model = self.model
        if not self.problems.observed():
            return _unobserved(model, **self._figures())
        order = merged_order(self.history, [child.certificate or () for child in children])
        wrong = None
        proved = len(children) == 1 and self.problems.result(0).proved
        if not proved and not is_proof(model, self.history, order, self.spending):
            wrong = objection(model, self.history, order, self.spending)
        if wrong is not None:
            reason = f"an order was found but not verified: {wrong}"
            return unknown(NAME, reason, model.name, **self._figures())
        if len(children) == 1:
            return children[0]
        blind = sum(child.reason == verdicts.BLIND for child in children)
        listed = every_key or len(children) <= LISTED_KEYS
        return Verdict(
            Validity.VALID,
            f"linearizable: an order of {len(order):,} operations on {len(children):,} keys was found and verified"
            + (f"; never observed: {blind:,} of the keys" if blind else ""),
            NAME,
            model.name,
            children=tuple(map(verdicts.without_order, children)) if listed else (),
            certificate=order,
            details=self._figures() | {"keys": len(children), "valid": len(children)},
        )

    def _of_problem(self, number: int) -> Verdict:
        """The verdict on one key, not yet explained."""
        answer = self.problems.result(number)
        key = None if answer.key == ABSENT else self.history.pool.values[answer.key]
        details: dict[str, object] = {"operations": answer.operations, "configurations": answer.configurations}
        if not answer.searched:
            spent = self.spending.exhausted()
            reason = "not reached: " + (self._hard(spent) if spent else "another key was found invalid before")
            return Verdict(Validity.UNKNOWN, reason, NAME, self.model.name, key, details=details)
        order = answer.order
        if answer.linearizable:
            observed = answer.observations > 0
            return verdicts.valid(self.model, key, order, answer.operations, answer.configurations, observed=observed)
        if answer.linearizable is None:
            details["placed"] = len(order)
            share = len(order) / answer.operations
            limit = answer.stopped or self.spending.exhausted() or "another key was found invalid before"
            reason = f"undecided: {limit}, with {len(order):,} of {answer.operations:,} operations placed ({share:.0%})"
            reason = self._hard(reason)
            return Verdict(Validity.UNKNOWN, reason, NAME, self.model.name, key, details=details)
        call = self.model.show_call(call_at(self.model, self.history, answer.next_return))
        return verdicts.invalid(
            self.model, key, len(order), order[-verdicts.LONGEST_TOLD :], answer.operations, answer.configurations,
            answer.next_return, call, answer.states, answer.core,
        )  # fmt: skip
