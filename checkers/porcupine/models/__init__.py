"""Which objects are ready to be checked? One file a family; `MODELS` by name, for `--model` and `list models`.

To add one: write a Model (see `porcupine/model.py`) and an Entry in a file here, and add the entry below.
"""

from splitbrain.checkers.porcupine.models.append_list import APPEND_LIST
from splitbrain.checkers.porcupine.models.counter import LIN_COUNTER
from splitbrain.checkers.porcupine.models.entry import Entry
from splitbrain.checkers.porcupine.models.kv import KV
from splitbrain.checkers.porcupine.models.mutex import MUTEX
from splitbrain.checkers.porcupine.models.queue import FIFO_QUEUE
from splitbrain.checkers.porcupine.models.register import CAS_REGISTER, REGISTER
from splitbrain.checkers.porcupine.models.sets import LIN_SET

__all__ = ["MODELS", "Entry"]

MODELS: dict[str, Entry] = {
    entry.name: entry for entry in (REGISTER, CAS_REGISTER, KV, MUTEX, LIN_SET, FIFO_QUEUE, LIN_COUNTER, APPEND_LIST)
}
