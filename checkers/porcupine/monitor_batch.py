"""Monitors of all keys at once, compiled: registers with unique writes by zones, and string stores with append.

Pitfall: zones take all keys or none. Of a string store, the keys that do not qualify are searched, unless another key
is refuted.
"""

from collections.abc import Callable, Iterable, Sequence

from splitbrain.checkers.porcupine.calls import is_plain
from splitbrain.checkers.porcupine.confirm_core import confirm_cores
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.models import kv
from splitbrain.checkers.porcupine.monitors.zones import zones
from splitbrain.checkers.porcupine.prepare import OverBudget
from splitbrain.checkers.porcupine.search_result import Backend, SearchResult
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import ABSENT, History

Rest = Callable[[set[int]], Backend]
"""The search of some keys (value ids)."""


class MonitorBatch:
    """Problems (see `search_result`) that are decided as far as a procedure goes, one answer a key."""

    def __init__(self, answers: list[SearchResult], rest: Rest | None = None) -> None:
        """rest: needed if some answers are no decisions."""
        self._answers, self._rest = answers, rest
        self.operations = sum(answer.operations for answer in answers)

    def __len__(self) -> int:
        return len(self._answers)

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""
        return any(answer.observations for answer in self._answers)

    def search_all(self) -> None:
        """The keys that no procedure takes, if none is refuted already."""
        left = {answer.key for answer in self._answers if not answer.searched}
        if not left or self._rest is None or any(answer.linearizable is False for answer in self._answers):
            return
        searched = self._rest(left)
        searched.search_all()
        found = {answer.key: answer for answer in map(searched.result, range(len(searched)))}
        self._answers = [found.get(answer.key, answer) for answer in self._answers]

    def result(self, number: int) -> SearchResult:
        """The result of one key."""
        return self._answers[number]


def run_monitors(
    model: Model, history: History, spending: BudgetMeter, rest: Rest, *, thorough: bool = True
) -> MonitorBatch | None:
    """The results of compiled procedures, or None if there is none for this model and history. thorough: whether it is
    wanted of every key that it is refuted, and not of one alone."""
    return by_zones(model, history, spending, thorough) or by_strings(model, history, spending, rest, thorough)


def by_zones(model: Model, history: History, spending: BudgetMeter, thorough: bool = True) -> MonitorBatch | None:
    """Answers by zones for all keys, from the columns; None if some key does not qualify."""
    names = history.pool.names
    if zones not in model.monitors or not is_plain(model.initial):
        return None
    from splitbrain.checkers.porcupine.kernel.zones import decide

    reads, writes = ("get", "put") if "put" in model.operations else ("read", "write")
    found = decide(
        history, names.get(reads, ABSENT), names.get(writes, ABSENT), model.by_key, history.pool.id(model.initial)
    )
    if limit := spending.exhausted():
        raise OverBudget(limit)
    if found is None:
        return None
    answers, refuted = _answers(model, history, found, spending, thorough)
    return MonitorBatch(answers) if refuted or all(answer.searched for answer in answers) else None


def by_strings(
    model: Model, history: History, spending: BudgetMeter, rest: Rest, thorough: bool = True
) -> MonitorBatch | None:
    """Answers by pieces for the keys that hold texts put together from them; None if no key qualifies."""
    if not _of_strings(model, history):
        return None
    from splitbrain.checkers.porcupine.kernel.kv_append_monitor import decide

    found = decide(history, *_names(history), model.by_key)
    if limit := spending.exhausted():
        raise OverBudget(limit)
    if found is None:
        return None
    answers, _ = _answers(model, history, found, spending, thorough)
    return MonitorBatch(answers, rest) if any(answer.searched for answer in answers) else None


def outcome(model: Model, history: History) -> int:
    """The outcome of a history from those of its pieces: 1 if it is linearizable and something was observed, 0 if it is
    not, else -1."""
    if not _of_strings(model, history):
        return -1
    from splitbrain.checkers.porcupine.kernel.kv_append_monitor import outcome as of_pieces

    return of_pieces(history, *_names(history), model.by_key)


def _of_strings(model: Model, history: History) -> bool:
    """Whether there may be keys that pieces tell of."""
    names = history.pool.names
    return (
        model.step is kv.step
        and bool(model.monitors)
        and model.initial == ""
        and "append" in names
        and "cas" not in names
    )


def _names(history: History) -> tuple[int, int, int]:
    names = history.pool.names
    return names.get("get", ABSENT), names.get("put", ABSENT), names.get("append", ABSENT)


def _answers(
    model: Model,
    history: History,
    found: Iterable[tuple[int, int, int, tuple[int, ...] | None, Sequence[int] | None]],
    spending: BudgetMeter,
    thorough: bool,
) -> tuple[list[SearchResult], bool]:
    """One for each key, not searched if nothing is found, or what is found does not stand; and whether any refutes."""
    answers: dict[int, SearchResult] = {}
    cores: dict[int, Sequence[int]] = {}
    for key, operations, observations, order, core in found:
        answer = answers[key] = SearchResult(key, operations, observations, 0)
        if order is not None:
            answer.searched, answer.linearizable, answer.order = True, True, order
        elif core and (thorough or not cores):
            cores[key] = core
    refuted = bool(cores) and confirm_cores(answers, model, history, cores, spending)
    return list(answers.values()), refuted
