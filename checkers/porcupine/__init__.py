"""Linearizability checker in the family of Porcupine and Knossos, usable by itself:

    from splitbrain.checkers import porcupine

    verdict = porcupine.check(porcupine.MODELS["cas-register"].make(), history, Budget(seconds=10))

`check` takes any `Model`, `check_many` many histories; `MODELS` has ready ones, `objection` verifies an order of one.
Reading order: `model` (what you write) → `check_history` (what happens) → `prepare`, `window`, `search` (how it works)
→ `certificate`, `witness` (how it is proved) → `backend`, `native_backend`, `kernel` (how it is done fast).

What searches and verifies is imported at its first use, so that listing the models does not load it.
"""

import importlib
from typing import TYPE_CHECKING, Any

from splitbrain.checkers.porcupine.model import ILLEGAL, REFUSED, UNSEEN, Call, Independence, Model, Refused, Trace
from splitbrain.checkers.porcupine.models import MODELS, CatalogueEntry
from splitbrain.checkers.porcupine.nondeterminism import nondeterministic

if TYPE_CHECKING:
    from splitbrain.checkers.porcupine.batch import check_many, values_of
    from splitbrain.checkers.porcupine.certificate import objection, of_key
    from splitbrain.checkers.porcupine.check_history import check, unexplained
    from splitbrain.checkers.porcupine.witness import explain

__all__ = [
    "ILLEGAL",
    "MODELS",
    "REFUSED",
    "UNSEEN",
    "Call",
    "CatalogueEntry",
    "Independence",
    "Model",
    "Refused",
    "Trace",
    "check",
    "check_many",
    "explain",
    "nondeterministic",
    "objection",
    "of_key",
    "unexplained",
    "values_of",
]

_LAZY = {
    "check": "check_history",
    "check_many": "batch",
    "explain": "witness",
    "objection": "certificate",
    "of_key": "certificate",
    "unexplained": "check_history",
    "values_of": "batch",
}
"""Functions imported at their first use, with their modules. Pitfall: none may be called as a module here is, for
importing that module would put it in the function's place."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
