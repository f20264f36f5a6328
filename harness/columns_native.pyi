from array import array
from collections.abc import Sequence
from typing import Any

from splitbrain.harness.history import History
from splitbrain.harness.operation import Value

class EventFields:
    def __init__(
        self,
        fields: tuple[str, ...],
        absent: object,
        types: dict[str, int],
        nemesis: str,
        nemesis_number: int,
        scalars: type,
    ) -> None: ...
    def extend(self, history: History, events: list[Any]) -> bool: ...

class NativePairing:
    partner: array[int]
    invoke: array[int]
    def __init__(self, names: Sequence[Value]) -> None: ...
    def extend(self, types: array[int], processes: array[int], f: array[int]) -> None: ...

def gathered(column: array[int], positions: array[int], absent: int) -> array[int]: ...
def differences(column: array[int], later: array[int], earlier: array[int]) -> array[int]: ...
