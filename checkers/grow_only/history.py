"""Grow-only sets as a RegisterHistory: adds are its writes, and `seen` has the adds whose elements a read returned.

Left out, and told in `doubt`: elements that were added more than once, so that it is open which add was seen, and
elements that were removed.
"""

from collections import defaultdict

from splitbrain.checkers.common.data_types import elements_of
from splitbrain.checkers.common.per_key import NEVER, hold_to
from splitbrain.checkers.common.registers import UNFORCED, RegisterHistory, chain_sessions, hand_tokens, sessions_of
from splitbrain.harness.history import ABSENT, History
from splitbrain.harness.operation import EventType

ADD, REMOVE, READ = "add", "remove", "read"


def grow_only(history: History, model: str) -> tuple[RegisterHistory, dict[int, list[int]]]:
    """The set of a history, and read → value ids of elements that nobody added. UsageError for operations other than
    add, remove and read, and for a read that returns no collection."""
    hold_to(history, model, (ADD, REMOVE, READ))
    operations, pool = history.operations(), history.pool
    out = RegisterHistory(history, ABSENT)
    sessions = sessions_of(history)
    removed, several = set[tuple[int, int]](), set[tuple[int, int]]()
    add_of: dict[tuple[int, int], int] = {}
    for row, (f, ended) in enumerate(zip(operations.f, operations.ended, strict=True)):
        name, key, argument = pool.values[f], operations.key[row], operations.argument[row]
        if name == REMOVE:
            removed.add((key, argument))
        elif ended == EventType.OK or (name == ADD and ended != EventType.FAIL):
            out.row.append(row)
            out.write.append(name == ADD)
            out.key.append(key)
            out.value.append(argument if name == ADD else operations.result[row])
            out.start.append(operations.invoke[row])
            out.end.append(operations.complete[row] if ended == EventType.OK else NEVER)
            out.session.append(sessions[row])
            if name == ADD and add_of.setdefault((key, argument), len(out) - 1) != len(out) - 1:
                several.add((key, argument))
    out.source = [UNFORCED] * len(out)
    out.chain, out.position = [ABSENT] * len(out), [ABSENT] * len(out)
    strange: dict[int, list[int]] = defaultdict(list)
    left_out = removed | several
    for read in out.reads():
        elements = set(pool.ids(elements_of(pool.values[out.value[read]])))
        found = [(out.key[read], element) for element in elements]
        out.seen[read] = sorted(add_of[at] for at in found if at in add_of and at not in left_out)
        strange[read] += sorted(element for key, element in found if (key, element) not in add_of)
    seen = {add for adds in out.seen.values() for add in adds}
    left = {add for at, add in add_of.items() if at in left_out}
    kept = [
        not write or (op in seen or (end < NEVER and op not in left))
        for op, (write, end) in enumerate(zip(out.write, out.end, strict=True))
    ]
    chain_sessions(out, kept)
    if any(token != ABSENT for token in history.token):
        hand_tokens(out, sessions)
    if left_out:
        about = "added more than once or removed"
        out.doubt = out.doubt or f"{len(left_out):,} elements were {about}, and what of them was seen is open"
    return out, {read: elements for read, elements in strange.items() if elements}
