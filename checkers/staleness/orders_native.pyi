from collections.abc import Sequence

RIGHT: int
INCOMPLETE: int
EARLY: int
UNEXPLAINED: int

def atomic_orders(
    write: list[bool],
    key: list[int],
    source: list[int],
    start: list[int],
    end: list[int],
    passed_over: bytearray,
) -> dict[int, list[int] | None] | None: ...
def objection(
    write: list[bool],
    key: list[int],
    value: list[int],
    start: list[int],
    end: list[int],
    initial: int,
    order: Sequence[int],
    k: int,
    keys: int,
) -> tuple[int, int]: ...
