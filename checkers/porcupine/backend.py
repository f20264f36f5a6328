"""Choice of the search backend: the compiled one where it is built, else the one in Python.

Pitfall: the search in Python is the reference. Whatever the compiled one does, its verdict and what is owed must be the
same, and where it cannot go (more than WIDEST operations open at once) the reference answers.
"""

import functools
import warnings
from collections.abc import Collection

from splitbrain.checkers.porcupine import kernel
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.search_result import Backend, SearchResult
from splitbrain.harness.budget import BudgetMeter
from splitbrain.harness.history import History

__all__ = ["Backend", "SearchResult", "open_backend"]


def open_backend(
    model: Model,
    history: History,
    spending: BudgetMeter,
    *,
    compiled: bool | None = None,
    only: Collection[int] | None = None,
) -> Backend:
    """The keys of a history, ready to be searched.

    compiled: whether by the kernel; if it is built, unless said. only: the keys (value ids), if not all. UsageError for
    an operation that the model does not know; OverBudget when the time is spent.
    """
    if compiled is None:
        compiled = kernel.BUILT
        if not compiled:
            _say_once()
    if compiled:
        from splitbrain.checkers.porcupine.native_backend import NativeBackend, TooWide

        try:
            return NativeBackend(model, history, spending, only)
        except TooWide:
            pass
    from splitbrain.checkers.porcupine.reference_backend import ReferenceBackend

    return ReferenceBackend(model, history, spending, only)


@functools.cache
def _say_once() -> None:
    warnings.warn(
        "the compiled search is not built, so checks are slower: install a C compiler, then splitbrain again",
        RuntimeWarning,
        stacklevel=4,
    )
