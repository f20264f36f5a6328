"""How is a history searched by the kernel? Its columns are handed over once; keys are searched in rounds, by threads.

Only models that the kernel knows by heart use several threads: any other asks Python for its transitions. The trap:
determinism. What a round finds depends on no thread, for a key's search depends on the key alone, and every key of a
round is searched before the round is looked at.
"""

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from splitbrain.checkers.porcupine.answer import FIRST_ROUND, GROWTH, Answer
from splitbrain.checkers.porcupine.kernel import WIDEST, narrow, vast, wide
from splitbrain.checkers.porcupine.kernel.by_heart import UNKNOWN, codes
from splitbrain.checkers.porcupine.kernel.problem import Batch, NotByHeart, TooWide, UnknownOperation, prepare
from splitbrain.checkers.porcupine.kernel.steps import Transitions
from splitbrain.checkers.porcupine.kernel.text_steps import TextSteps
from splitbrain.checkers.porcupine.model import REFUSED, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.prepare import OverBudget, check_known
from splitbrain.checkers.porcupine.proof import is_plain, is_refusal
from splitbrain.checkers.porcupine.table import Table
from splitbrain.checkers.porcupine.texts import text_table
from splitbrain.harness.budget import GIB, Budget, Spending
from splitbrain.harness.history import ABSENT, History

__all__ = ["Compiled", "TooWide"]

_WIDTHS = ((64, narrow.run), (256, wide.run), (WIDEST, vast.run))
_INVALID, _VALID = 0, 1
_WORTH_A_THREAD = 10_000
"""Operations."""
_SMALL = 100_000
"""Operations of a history that one round is tried on."""
_ENDLESS = 1 << 31
"""More configurations than fit into any memory; times the operations of a history still a machine integer."""


class Compiled:
    """Problems (see `answer`) of the compiled search."""

    def __init__(self, model: Model, history: History, spending: Spending, only: Collection[int] | None = None) -> None:
        """only: the keys (value ids), if not all. TooWide if only the clear search can do it."""
        self.model, self.history, self.spending = model, history, spending
        self.batch: Batch = batch_of(model, history, only)
        self.operations: int = self.batch.operations
        limit = spending.exhausted()
        if limit:
            raise OverBudget(limit)
        self._table: Table | None = None
        self._transitions = self._new_transitions()
        self._states: dict[int, tuple[str, ...]] = {}
        self._stopped: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.batch)

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""
        return bool(self.batch.observed())

    def search_all(self) -> None:
        """Rounds of growing limits."""
        batch, budget = self.batch, self.spending.budget
        pending = list(range(len(batch)))
        factor = 1 if len(pending) > 1 else max(1, budget.configurations)
        while pending:
            refuted = False
            for group in self._groups(pending):
                refuted = self._search(group, factor) or refuted
                if self.spending.exhausted():
                    return
            if refuted:
                return
            pending = [n for n in pending if batch.verdict(n) < 0 and n not in self._stopped]
            factor *= GROWTH

    def answer(self, number: int) -> Answer:
        """What is known of one key."""
        batch = self.batch
        answer = Answer(batch.key(number), batch.size(number), batch.observations(number), batch.configurations(number))
        verdict = batch.verdict(number)
        if verdict >= 0 or answer.configurations:
            answer.searched, answer.order = True, batch.order_of(number)
            if verdict == _VALID:
                answer.linearizable = True
            elif verdict == _INVALID:
                answer.linearizable, answer.owed = False, batch.blocked(number)
                answer.states = self._states.get(number) or self._shown(number)
            else:
                answer.stopped = self._stopped.get(number)
        return answer

    def _groups(self, pending: Sequence[int]) -> list[list[int]]:
        """All that are pending at once, where no table grows; else one by one, so that it can be begun anew."""
        return [list(pending)] if self.batch.native else [[number] for number in pending]

    def _search(self, numbers: list[int], factor: int) -> bool:
        """One round over some keys: whether one of them is not linearizable."""
        batch = self.batch
        if self._transitions.bytes > self.spending.budget.bytes // 8:
            self._transitions = self._new_transitions()
        shares = self._shares(numbers)
        if len(shares) == 1:
            self._run(shares[0], factor, 1)
        else:
            with ThreadPoolExecutor(len(shares)) as threads:
                list(threads.map(lambda share: self._run(share, factor, len(shares)), shares))
        self._transitions.check()
        refuted = [number for number in numbers if batch.verdict(number) == _INVALID]
        if not batch.native:
            for number in refuted:
                self._states[number] = self._shown(number)
        return bool(refuted)

    def _shares(self, numbers: list[int]) -> list[list[int]]:
        if not self.batch.native or len(numbers) == 1 or self.operations < _WORTH_A_THREAD:
            return [numbers]
        processors = min(os.cpu_count() or 1, len(numbers))
        return [numbers[first::processors] for first in range(processors)]

    def _run(self, numbers: list[int], factor: int, shares: int) -> None:
        """Search these keys, each by the narrowest search that can hold it."""
        batch, spending = self.batch, self.spending
        budget = spending.budget
        narrower = -1
        for widest, run in _WIDTHS:
            chosen = [number for number in numbers if narrower < batch.widest(number) <= widest]
            narrower = widest
            if not chosen:
                continue
            left = max(1, min(budget.configurations - spending.configurations, _ENDLESS))
            entered, stopped = run(
                batch, self._transitions, chosen, min(FIRST_ROUND * factor, left), min(4 * factor, left), left,
                spending.seconds_left(), max(budget.bytes // shares - batch.held, 0),
            )  # fmt: skip
            spending.configurations += entered
            if stopped == "bytes":
                words = f"the budget of {budget.bytes / GIB:g} GiB of memory was spent"
                self._stopped.update({n: words for n in chosen if batch.lacked(n)})

    def _shown(self, number: int) -> tuple[str, ...]:
        states, transitions = self.batch.states(number), self._transitions
        if isinstance(transitions, TextSteps):
            return tuple(self.model.show_state(transitions.text(state).decode()) for state in states)
        of = self.history.pool.values if self._table is None else self._table.states
        return tuple(self.model.show_state(of[state]) for state in states)

    def _new_transitions(self) -> Transitions:
        classes = self.batch.classes
        if classes is None:
            return Transitions(None)
        texts = text_table(self.model, self.history, classes)
        if texts is not None:
            return TextSteps(texts)
        self._table = Table(self.model, calls(self.history, classes))
        return Transitions(self._table)


def decided(model: Model, history: History, budget: Budget) -> bool | None:
    """Whether a history is linearizable, if one round by heart is enough to know and something was observed; else None:
    then search it as any other."""
    try:
        batch = batch_of(model, history)
    except TooWide:
        return None
    if not batch.native or not batch.observed() or batch.operations > _SMALL:
        return None
    numbers = list(range(len(batch)))
    run = narrow.run if max(map(batch.widest, numbers)) <= 64 else vast.run
    most = min(budget.configurations, _ENDLESS)
    run(batch, Transitions(None), numbers, FIRST_ROUND, 4, most, budget.seconds, budget.bytes)
    verdicts = [batch.verdict(number) for number in numbers]
    return False if _INVALID in verdicts else True if min(verdicts) == _VALID else None


def batch_of(model: Model, history: History, only: Collection[int] | None = None) -> Batch:
    """The problems of a history as the kernel sees them. TooWide; UsageError for an operation not known."""
    by_heart = None if model.sees else codes(model)
    intern = history.pool.id
    batch = None
    if by_heart is not None and is_plain(model.initial):
        try:
            batch = _batch(model, history, by_heart, intern(model.initial), only)
        except NotByHeart:
            batch = None
    if batch is None:
        batch = _batch(model, history, None, 0, only)
    batch.check_width(WIDEST)
    return batch


def _batch(
    model: Model, history: History, by_heart: dict[str, int] | None, initial: int, only: Collection[int] | None
) -> Batch:
    numbers = history.pool.names
    names = [
        (numbers[name], UNKNOWN if by_heart is None else by_heart[name], name in model.pure, name in model.observes,
         name in model.refusals)
        for name in model.operations if name in numbers
    ]  # fmt: skip
    try:
        return prepare(
            history, names, by_heart is not None, model.by_key, initial,
            lambda complete: is_refusal(model, history, complete), tuple(model.sees), only,
        )  # fmt: skip
    except UnknownOperation:
        check_known(model, history, history.operations())
        raise


def calls(history: History, classes: Sequence[tuple[int, int, int, int, int, int]]) -> list[Call]:
    """The calls of classes given by ids."""
    values = history.pool.values
    words = {-2: UNSEEN, -3: REFUSED}
    return [
        Call(
            values[f], values[argument], words[seen] if seen in words else values[seen],
            None if key == ABSENT else values[key],
            None if process == ABSENT else process, None if revision == ABSENT else revision,
        )
        for f, argument, seen, key, process, revision in classes
    ]  # fmt: skip
