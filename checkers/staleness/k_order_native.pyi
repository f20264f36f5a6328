from collections.abc import Sequence

MORE: int
FOUND: int
NONE: int
UNFIT: int

class NativeKeySearch:
    def __init__(
        self,
        ops: Sequence[int],
        start: list[int],
        end: list[int],
        value: list[int],
        write: list[bool],
        initial: int,
        k: int,
    ) -> None: ...
    def step(self, most: int) -> int: ...
    def order(self) -> list[int]: ...
