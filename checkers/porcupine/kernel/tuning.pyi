def tune(
    patience: int = ...,
    back: int = ...,
    share: int = ...,
    dfs: bool = ...,
    local: bool = ...,
    bfs: bool = ...,
    aim: bool = ...,
) -> None: ...
def locally_refuted() -> int: ...
