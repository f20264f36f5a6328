"""Ready models, one file a family; `MODELS` by name, for `--model` and `list models`.

To add one: write a Model (see `porcupine/model.py`) and a CatalogueEntry in a file here, and add the entry below.
"""

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.models.bank import LIN_BANK
from splitbrain.checkers.porcupine.models.counter import LIN_COUNTER
from splitbrain.checkers.porcupine.models.deque import DEQUE
from splitbrain.checkers.porcupine.models.fetch_and_add import FETCH_AND_ADD
from splitbrain.checkers.porcupine.models.kv import KV
from splitbrain.checkers.porcupine.models.list import LIN_LIST
from splitbrain.checkers.porcupine.models.locks import OWNER_MUTEX, REENTRANT_LOCK, SEMAPHORE
from splitbrain.checkers.porcupine.models.multi_register import MULTI_REGISTER
from splitbrain.checkers.porcupine.models.mutex import MUTEX
from splitbrain.checkers.porcupine.models.priority_queue import PRIORITY_QUEUE
from splitbrain.checkers.porcupine.models.queue import FIFO_QUEUE
from splitbrain.checkers.porcupine.models.register import CAS_REGISTER, REGISTER
from splitbrain.checkers.porcupine.models.sets import LIN_SET
from splitbrain.checkers.porcupine.models.stack import STACK
from splitbrain.checkers.porcupine.models.versioned_store import VERSIONED_KV
from splitbrain.checkers.porcupine.models.versions import VERSIONED_REGISTER

__all__ = ["MODELS", "CatalogueEntry"]

_REGISTERS = (REGISTER, CAS_REGISTER, VERSIONED_REGISTER, MULTI_REGISTER, KV, VERSIONED_KV)
_LOCKS = (MUTEX, OWNER_MUTEX, REENTRANT_LOCK, SEMAPHORE)
_COLLECTIONS = (LIN_SET, FIFO_QUEUE, STACK, DEQUE, PRIORITY_QUEUE, LIN_LIST)
_SUMS = (LIN_COUNTER, FETCH_AND_ADD, LIN_BANK)

MODELS: dict[str, CatalogueEntry[Model]] = {
    entry.name: entry for entry in (*_REGISTERS, *_LOCKS, *_COLLECTIONS, *_SUMS)
}
