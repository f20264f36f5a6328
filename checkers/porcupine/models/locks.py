"""Locks with owners, and semaphores: counts of what each owner holds.

    acquire      release

`owner-mutex`: acquired when free, released by its holder alone. `reentrant-lock`: its holder may acquire it again, up
to `depth` times, and must release it as often. `semaphore`: `permits` in all, given back by those who took them.

The owner is the process that calls, or with `owner=value` what the operation was invoked with.

Fences: where an acquire carries a `token`, an integer, the lock is fenced. Each new holder's token is greater than all
before it; a holder that acquires the lock again may be given its own. A semaphore, held by several, has no fences.

With `precondition=observe` or `all`, as in `mutex`, an acquire that was refused found no room.

Pitfall: a process that crashed is never heard of again, so what it held stays held. A lock with a lease is not such a
lock.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, shown, thawed
from splitbrain.checkers.porcupine.model import ILLEGAL, Call, Independence, Model
from splitbrain.checkers.porcupine.models.mutex import PRECONDITION
from splitbrain.checkers.porcupine.monitors.owned_lock import owned_lock
from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option, Setting

OWNER = Option(
    "owner", "process", "who holds: the process that calls, or the value it calls with", ("process", "value")
)
DEPTH = Option("depth", 2, "how often the holder can hold it at once", least=1)
PERMITS = Option("permits", 2, "how many permits there are in all", least=1)

Holdings = tuple[tuple[Hashable, int], ...]
"""Holders and how many each has, in a fixed order; an owner who holds nothing does not stand in it."""
State = tuple[Holdings, int | None]
"""Holdings, and the greatest fence so far."""


def owner(call: Call) -> Hashable:
    """The caller, in hashable form: the process if the model sees it, else what the call was invoked with."""
    found: Hashable = frozen(call.argument if call.process is None else call.process)
    return found


def fence(call: Call) -> int | None:
    """The fencing token that an acquire returned, None if it has none; UsageError if it is no integer."""
    if call.token is not None and type(call.token) is not int:
        raise UsageError(f"a fencing token is an integer, not {shown(call.token)}")
    return call.token if call.f == "acquire" else None


def stepper(total: int, *, shared: bool) -> Callable[[State, Call], object]:
    """The step of an object that is held at most so often in all; by several owners at once if it is shared."""

    def step(state: State, call: Call) -> object:
        holdings, latest = state
        who, token = owner(call), fence(call)
        held = dict(holdings)
        mine = held.get(who, 0)
        if call.f == "release":
            if not mine:
                return ILLEGAL
            mine -= 1
        else:
            taken = sum(held.values()) == total or (bool(held) and not mine and not shared)
            if call.refused:
                return state if taken else ILLEGAL
            if taken:
                return ILLEGAL
            if token is not None and latest is not None and (token < latest or (token == latest and not mine)):
                return ILLEGAL
            mine += 1
        held[who] = mine
        left = tuple(sorted(((name, count) for name, count in held.items() if count), key=repr))
        return left, latest if token is None else token

    return step


def parts(call: Call) -> Sequence[Hashable] | None:
    """Owner of a call: all calls of one can go together, for what the others hold is theirs alone, there is only more
    room, and the fences that are left still rise. A refused acquire is about all who hold."""
    return None if call.refused else (owner(call),)


def show(call: Call) -> str:
    """`acquire`, `release for n1`, `acquire → fence 5`."""
    words = call.f if call.process is not None or call.argument is None else f"{call.f} for {shown(call.argument)}"
    if call.refused:
        return f"{words} (refused)"
    return words if fence(call) is None else f"{words} → fence {call.token}"


def show_state(state: State) -> str:
    """`free`, `held by 3`, `held by 3 (2 times)`, `free, last fence 5`."""
    holdings, latest = state
    owners = [shown_owner(who) + (f" ({count} times)" if count > 1 else "") for who, count in holdings]
    words = f"held by {' and '.join(owners)}" if owners else "free"
    return words if latest is None else f"{words}, last fence {latest}"


def shown_owner(who: Hashable) -> str:
    """An owner for people."""
    return shown(thawed(who))


def lock(entry: CatalogueEntry[Model], settings: Mapping[str, Setting], total: Setting, *, shared: bool) -> Model:
    """One of the three; UsageError if it can never be held."""
    if not isinstance(total, int) or total < 1:
        raise UsageError(f"{entry.name} is held at least once, not {shown(total)} times")
    refusing = settings["precondition"] != "drop"
    return Model(
        name=entry.name,
        summary=entry.summary,
        operations=("acquire", "release"),
        initial=((), None),
        step=stepper(total, shared=shared),
        observes=frozenset({"acquire", "release"}),
        sees=frozenset({"process"} if settings["owner"] == "process" else ()) | ({"token"} if not shared else set()),
        refusals=frozenset({"acquire"} if refusing else ()),
        every_failure=settings["precondition"] == "all",
        independence=Independence(parts=parts),
        monitors=() if shared or total > 1 or refusing else (owned_lock,),
        show_call=show,
        show_state=show_state,
    )


OWNER_MUTEX: CatalogueEntry[Model] = CatalogueEntry(
    "owner-mutex", "a lock that only its holder can release: acquire, release", (OWNER, PRECONDITION),
    lambda settings: lock(OWNER_MUTEX, settings, 1, shared=False),
)  # fmt: skip
REENTRANT_LOCK: CatalogueEntry[Model] = CatalogueEntry(
    "reentrant-lock", "a lock that its holder can acquire again: acquire, release", (OWNER, DEPTH, PRECONDITION),
    lambda settings: lock(REENTRANT_LOCK, settings, settings["depth"], shared=False),
)  # fmt: skip
SEMAPHORE: CatalogueEntry[Model] = CatalogueEntry(
    "semaphore", "permits, given back by those who took them: acquire, release", (OWNER, PERMITS, PRECONDITION),
    lambda settings: lock(SEMAPHORE, settings, settings["permits"], shared=True),
)  # fmt: skip
