"""Linearizability checker in the family of Porcupine and Knossos, usable by itself:

    from splitbrain.checkers import porcupine

    verdict = porcupine.check(porcupine.MODELS["cas-register"].make(), history, Budget(seconds=10))

`check` takes any `Model`, `check_many` many histories; `MODELS` has ready ones, `objection` verifies an order of one.
Reading order: `model` (what you write) → `check` (what happens) → `prepare`, `window`, `search` (how it works) →
`certificate`, `witness` (how it is proved) → `backend`, `native_backend`, `kernel` (how it is done fast).
"""

from splitbrain.checkers.porcupine.batch import check_many, values_of
from splitbrain.checkers.porcupine.certificate import objection, of_key
from splitbrain.checkers.porcupine.check import check, unexplained
from splitbrain.checkers.porcupine.model import ILLEGAL, REFUSED, UNSEEN, Call, Independence, Model, Refused
from splitbrain.checkers.porcupine.models import MODELS, CatalogueEntry
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
    "check",
    "check_many",
    "explain",
    "objection",
    "of_key",
    "unexplained",
    "values_of",
]
