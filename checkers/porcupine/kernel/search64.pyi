from splitbrain.checkers.porcupine.kernel.problem import Batch
from splitbrain.checkers.porcupine.kernel.steps import Transitions

def run(
    batch: Batch,
    transitions: Transitions,
    numbers: list[int],
    limit: int,
    factor: int,
    most: int,
    seconds: float,
    allowed: int,
) -> tuple[int, str]: ...
