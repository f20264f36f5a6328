from array import array

MORE: int
FOUND: int
NONE: int
UNFIT: int

class NativeKeySearch:
    def __init__(
        self, starts: array[int], ends: array[int], values: array[int], writes: bytes, k: int, kinds: int
    ) -> None: ...
    def step(self, most: int) -> int: ...
    def order(self) -> array[int]: ...
