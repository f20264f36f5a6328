from array import array
from collections.abc import Container, Iterable, Sequence, Set

from splitbrain.checkers.porcupine.kernel.problem import Batch
from splitbrain.checkers.porcupine.kernel.steps import Transitions
from splitbrain.checkers.porcupine.model import State
from splitbrain.harness.history import History

class NotBuiltin(Exception): ...
class UnknownOperation(Exception): ...

class ModelReading:
    native: bool
    def __init__(
        self,
        names: Sequence[tuple[str, int, bool, bool, bool]],
        native: bool,
        by_key: bool,
        initial: State,
        sees: Set[str],
    ) -> None: ...

def prepare(
    histories: Iterable[History],
    reading: ModelReading,
    transitions: Transitions,
    out: Batch | None = None,
    skip: bool = False,
    only: Container[int] | None = None,
    among: array[int] | None = None,
) -> Batch: ...
