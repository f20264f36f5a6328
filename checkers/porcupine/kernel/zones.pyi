from splitbrain.harness.history import History

def decide(
    history: History, read: int, write: int, by_key: bool, initial: int
) -> list[tuple[int, int, int, tuple[int, ...] | None, tuple[int, ...]]] | None: ...
