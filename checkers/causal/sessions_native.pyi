from array import array
from collections.abc import Sequence

def clocks(
    order: array[int], chain: array[int], position: array[int], width: int, starts: array[int], needs: array[int]
) -> list[Sequence[int]]: ...
