"""Models whose step is built into the kernel: registers and string stores, whatever they are called.

Pitfall: a step is recognised by being that very function, so that a model which merely has a familiar name, or another
step, is asked as any other.
"""

from typing import Final

from splitbrain.checkers.porcupine.model import Model
from splitbrain.checkers.porcupine.models import kv, register

READ, WRITE, CAS, APPEND, UNKNOWN = 0, 1, 2, 5, -1
"""As in `problem.pxd`. APPEND: known of texts alone. UNKNOWN: the model knows the operation, the kernel does not."""

_REGISTER: Final = {"read": READ, "write": WRITE, "cas": CAS}
_KV: Final = {"get": READ, "put": WRITE, "cas": CAS, "append": APPEND}


def codes(model: Model) -> dict[str, int] | None:
    """Codes of the model's operations in the kernel, or None if its step is not known built in."""
    if model.step is register.step:
        return _REGISTER
    return _KV if model.step is kv.step else None
