"""Histories of containers of a thousand operations, from a simulated object: clients invoke, take effect, return."""

from random import Random
from typing import Any

from splitbrain.harness.history import Event, History


def container(
    names: tuple[str, str],
    place: int,
    random: Random,
    *,
    clients: int,
    values: int,
    crashes: float,
    operations: int = 1_000,
    wrong: bool = False,
) -> History:
    """A history of puts and takes (names) at a place of the items: 0 for a queue, -1 for a stack. wrong: whether one
    take in the middle returns what is never put."""
    put, take = names
    items: list[int] = []
    said: list[tuple[int, str, str, Any]] = []
    process = list(range(clients))
    open_: dict[int, tuple[str, Any, bool]] = {}
    issued = 0
    while issued < operations or open_:
        client = random.randrange(clients)
        if client not in open_:
            if issued < operations:
                issued += 1
                open_[client] = (
                    (put, random.randrange(values), False) if random.random() < 0.52 else (take, None, False)
                )
                said.append((process[client], "invoke", *open_[client][:2]))
            continue
        f, value, effective = open_.pop(client)
        if effective:
            said.append((process[client], "ok", f, value))
            continue
        crashed = random.random() < crashes
        if not crashed or random.random() < 0.5:
            if f == put:
                items.append(value)
            else:
                value = items.pop(place) if items else None
        if crashed:
            said.append((process[client], "info", f, value if f == put else None))
            process[client] += clients
        else:
            open_[client] = (f, value, True)
    if wrong:
        taken = [n for n, one in enumerate(said) if one[1:3] == ("ok", take) and one[3] is not None]
        number = taken[len(taken) // 2]
        said[number] = (*said[number][:3], values)
    return History.of(
        [Event(index=n, time=1_000 * n, process=p, type=kind, f=f, value=v) for n, (p, kind, f, v) in enumerate(said)]
    )
