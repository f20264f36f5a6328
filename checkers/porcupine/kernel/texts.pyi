from splitbrain.harness.history import History

def decide(
    history: History, get: int, put: int, append: int, by_key: bool
) -> list[tuple[int, int, int, tuple[int, ...] | None, tuple[int, ...] | None]] | None: ...
