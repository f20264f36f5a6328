"""What does a search say about each key? The same words from the compiled search and from the clear one.

`problems(...)` chooses between them, in this one place. The trap: the clear search is the reference. Whatever the
compiled one does, its verdict and what is owed must be the same, and where it cannot go (more than WIDEST operations
open at once) the reference answers.
"""

import warnings
from dataclasses import dataclass
from typing import Protocol

from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.model import Model
from splitbrain.harness.budget import Spending
from splitbrain.harness.history import History

FIRST_ROUND = 1000
"""Configurations that a search may enter in the first round, besides four for each operation."""
GROWTH = 8
"""How many times more in each next round."""


@dataclass(slots=True)
class Answer:
    """What is known of one key. Events by position in the history.

    key: value id, or ABSENT. operations: how many are on it; observations: how many of them could have refuted the
    model. searched: whether it was looked at. linearizable: None if not known; stopped: because of which limit, in
    words, None for that of its round. order: invocations in the order found, else in the longest one. owed: the
    invocation of the operation that cannot be placed, and states: states in which it was owed, for people.
    """

    key: int
    operations: int
    observations: int
    configurations: int
    searched: bool = False
    linearizable: bool | None = None
    stopped: str | None = None
    order: tuple[int, ...] = ()
    owed: int = -1
    states: tuple[str, ...] = ()


class Problems(Protocol):
    """The keys of a history, in order of their first invocation, being searched."""

    operations: int
    """How many there are on all keys."""

    def __len__(self) -> int: ...

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""

    def search_all(self) -> None:
        """Rounds of growing limits over the undecided keys, until all are decided, one is invalid at the end of a
        round, or the budget is spent. ModelFailure, UsageError: from the model."""

    def answer(self, number: int) -> Answer:
        """What is known of one key."""


def problems(model: Model, history: History, spending: Spending, *, compiled: bool | None = None) -> Problems:
    """The keys of a history, ready to be searched.

    compiled: whether by the kernel; if it is built, unless said. UsageError for an operation that the model does not
    know; OverBudget when the time is spent.
    """
    if compiled is None:
        compiled = kernel.BUILT
        if not compiled:
            _say_once()
    if compiled:
        from splitbrain.checkers.porcupine.compiled import Compiled, TooWide

        try:
            return Compiled(model, history, spending)
        except TooWide:
            pass
    from splitbrain.checkers.porcupine.plain import Plain

    return Plain(model, history, spending)


def _say_once() -> None:
    warnings.warn(
        "the compiled search is not built, so checks are slower: install a C compiler, then splitbrain again",
        RuntimeWarning,
        stacklevel=4,
    )
