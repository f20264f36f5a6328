"""Result of a check of one key, the same from the compiled search, the one in Python, and monitors.

Pitfall: `linearizable` is None both for a key that was not looked at and for one that a limit stopped; `searched` and
`stopped` tell them apart.
"""

from dataclasses import dataclass
from typing import Protocol

FIRST_ROUND = 1000
"""Configurations that a search may enter in the first round, besides four for each operation."""
GROWTH = 8
"""The factor from one round to the next."""


@dataclass(slots=True)
class SearchResult:
    """The result of one key. Events by position in the history.

    key: value id, or ABSENT. operations: how many are on it; observations: how many of them could have refuted the
    model. searched: whether it was looked at. linearizable: None if not known; stopped: because of which limit, in
    words, None for that of its round. order: invocations in the order found, else in the longest one. owed: the
    invocation of the operation that cannot be placed, and states: states in which it was owed, for people. core:
    invocations of a few operations that refute by themselves and of which nothing was left out that they rest on, if a
    monitor found such. proved: whether the order was verified already.
    """

    key: int
    operations: int
    observations: int
    configurations: int
    searched: bool = False
    linearizable: bool | None = None
    stopped: str | None = None
    order: tuple[int, ...] = ()
    next_return: int = -1
    states: tuple[str, ...] = ()
    core: tuple[int, ...] = ()
    proved: bool = False


class Backend(Protocol):
    """The keys of a history, in order of their first invocation, being searched."""

    operations: int
    """The number on all keys."""

    def __len__(self) -> int: ...

    def observed(self) -> bool:
        """Whether any operation could have refuted the model."""

    def search_all(self) -> None:
        """Rounds of growing limits over the undecided keys, until all are decided, one is invalid at the end of a
        round, or the budget is spent. ModelFailure, UsageError: from the model."""

    def result(self, number: int) -> SearchResult:
        """The result of one key."""
