"""Backend on the compiled search: takes the columns of a history once, and searches keys in rounds, by threads.

Only models that the kernel knows built in use several threads: any other asks Python for its transitions. Pitfall:
determinism. What a round finds depends on no thread, for a key's search depends on the key alone, and every key of a
round is searched before the round is looked at.
"""

import os
from array import array
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from splitbrain.checkers.porcupine import model_cache
from splitbrain.checkers.porcupine.kernel import WIDEST, search64, search256, search1024
from splitbrain.checkers.porcupine.kernel.build_problem import NotBuiltin, UnknownOperation, prepare
from splitbrain.checkers.porcupine.kernel.problem import Batch, TooWide
from splitbrain.checkers.porcupine.kernel.steps import Transitions
from splitbrain.checkers.porcupine.kernel.string_steps import NotStrings, StringSteps
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.model_cache import ModelCache
from splitbrain.checkers.porcupine.models import kv
from splitbrain.checkers.porcupine.prepare import OverBudget, check_known
from splitbrain.checkers.porcupine.search_result import FIRST_ROUND, GROWTH, SearchResult
from splitbrain.harness.budget import GIB, BudgetMeter
from splitbrain.harness.history import History

__all__ = ["NativeBackend", "TooWide"]

_WIDTHS = ((64, search64.run), (256, search256.run), (WIDEST, search1024.run))
_INVALID, _VALID = 0, 1
_WORTH_A_THREAD = 10_000
"""Operations."""
_ENDLESS = 1 << 31
"""More configurations than fit into any memory; times the operations of a history still a machine integer."""


class NativeBackend:
    """Problems (see `search_result`) of the compiled search."""

    def __init__(
        self,
        model: Model,
        history: History,
        spending: BudgetMeter,
        only: Collection[int] | None = None,
        among: "array[int] | None" = None,
    ) -> None:
        """only: the keys (value ids), if not all; among: of each event two more than the part of the operation that it
        invokes, which then counts as its key, or 0 to leave it out. TooWide if only the search in Python can do it."""
        self.model, self.history, self.spending = model, history, spending
        self._cache = model_cache.take(model)
        self.batch, self._transitions = batch_of(self._cache, history, only, among)
        self.operations: int = self.batch.operations
        limit = spending.exhausted()
        if limit:
            raise OverBudget(limit)
        self._transitions.begin()
        self._states: dict[int, tuple[str, ...]] = {}
        self._stopped: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.batch)

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""
        return bool(self.batch.observed())

    def search_all(self) -> None:
        """Rounds of growing limits."""
        self._search_rounds()
        model_cache.give_back(self._cache)

    def _search_rounds(self) -> None:
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

    def search_once(self, factor: int) -> None:
        """One round over all keys."""
        self._search(list(range(len(self))), factor)
        model_cache.give_back(self._cache)

    def result(self, number: int) -> SearchResult:
        """The result of one key."""
        batch = self.batch
        answer = SearchResult(
            batch.key(number), batch.size(number), batch.observations(number), batch.configurations(number)
        )
        verdict = batch.verdict(number)
        if verdict >= 0 or answer.configurations:
            answer.searched, answer.order = True, batch.order_of(number)
            if verdict == _VALID:
                answer.linearizable = True
            elif verdict == _INVALID:
                answer.linearizable, answer.next_return = False, batch.blocked(number)
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
            self._transitions.forget()
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
        states = self.batch.states(number)
        of = self.history.pool.values.__getitem__ if self.batch.native else self._transitions.state
        return tuple(self.model.show_state(of(state)) for state in states)


def batch_of(
    cache: ModelCache, history: History, only: Collection[int] | None = None, among: "array[int] | None" = None
) -> tuple[Batch, Transitions]:
    """The problems of a history as the kernel sees them, and the steps that they are searched with. TooWide; UsageError
    for an operation not known."""
    try:
        batch, transitions = _read(cache, history, only, among)
    except UnknownOperation:
        check_known(cache.model, history, history.operations())
        raise
    batch.check_width(WIDEST)
    return batch, transitions


def _read(
    cache: ModelCache, history: History, only: Collection[int] | None, among: "array[int] | None"
) -> tuple[Batch, Transitions]:
    if cache.builtin is not None:
        try:
            return prepare((history,), cache.builtin, cache.steps, only=only, among=among), cache.steps
        except NotBuiltin:
            pass
    if cache.model.step is kv.step and cache.model.by_key:
        try:
            texts = StringSteps(cache.model, False)
            batch = prepare((history,), cache.generic, texts, only=only, among=among)
            texts.close()
            return batch, texts
        except NotStrings:
            pass
    return prepare((history,), cache.generic, cache.table, only=only, among=among), cache.table
