"""Monitor of locks that each owner acquires and releases in turn: compares the holds, in O(n log n).

An owner calls one operation after another: acquire, release, acquire, …. From the return of an acquire to the
invocation of the release that follows, or for ever if none does, its owner certainly holds the lock: a *hold*.

- *Necessary.* Only the holder releases, so in a legal order an owner's operations take turns, an acquire first; and two
  holds do not overlap.
- *Sufficient.* Let each acquire take effect at its return and each release at its invocation. Holds do not overlap, so
  these moments take turns too, each release after the acquire of its owner.

A crashed operation is the last of its owner. An acquire is dropped: its owner never gave the lock back, so
it stood at the end of the order, and goes. So is a release of what was not held. Any other crashed release takes effect
at its invocation, as others do: leaving it out would only hold the lock for longer. Two holds are a core, for an
acquire can go together with its release.

Holds that do not overlap have one order in time, so fences (tokens of acquires) must rise along it. Of a history whose
fences do not, two holds are a core again: the first fence that is not greater, and the greatest before it.

Pitfall: an owner known by a value may call from several processes at once, or after a crash. Then it is not known what
came first, and nothing is decided here.
"""

from collections.abc import Hashable
from itertools import pairwise

from splitbrain.checkers.common.per_key import NEVER
from splitbrain.checkers.porcupine.model import Call
from splitbrain.checkers.porcupine.monitors.monitor import Decision, MonitorInput, crashed, refuted
from splitbrain.harness.history import Interner
from splitbrain.harness.operation import Value


def owned_lock(case: MonitorInput) -> Decision | None:
    """A lock without depth, each of whose owners does one thing at a time."""

    def meaning(call: Call, pool: Interner) -> tuple[bool, Hashable, Value] | None:
        owner = pool.id(call.argument) if call.process is None else -1 - call.process
        if call.token is not None and type(call.token) is not int:
            return None
        return call.f == "acquire", owner, call.token

    found = case.meanings(meaning)
    if found is None:
        return None
    call, ret = case.problem.call, case.problem.ret
    of_owner: dict[Hashable, list[int]] = {}
    for operation, (_, owner, _) in enumerate(found):
        of_owner.setdefault(owner, []).append(operation)
    pairs: list[tuple[int, int]] = []
    for mine in of_owner.values():
        if any(ret[earlier] > call[later] for earlier, later in pairwise(mine)):
            return None
        if crashed(case.problem, mine[-1]) and (found[mine[-1]][0] or len(mine) % 2):
            mine.pop()
        for place, operation in enumerate(mine):
            if found[operation][0] != (place % 2 == 0):
                return refuted(mine[max(0, place - 2 + place % 2) : place + 1])
        pairs += [(mine[place], mine[place + 1] if place + 1 < len(mine) else -1) for place in range(0, len(mine), 2)]
    pairs.sort(key=lambda pair: ret[pair[0]])
    for earlier, later in pairwise(pairs):
        if (NEVER if earlier[1] < 0 else call[earlier[1]]) > ret[later[0]]:
            return refuted((*earlier, *later))
    highest: tuple[int, int] | None = None
    for pair in pairs:
        token = found[pair[0]][2]
        if token is not None:
            if highest is not None and token <= found[highest[0]][2]:
                return refuted((*highest, *pair))
            highest = pair
    return Decision([operation for pair in pairs for operation in pair if operation >= 0])
