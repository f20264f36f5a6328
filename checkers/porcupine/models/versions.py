"""Register that returns the revision of what it holds, as etcd does.

    read → v      write v      cas [old, new]      and get, put for the same

Every write raises the revision; a write returns its own, a read that of the write that it saw, 0 where there was none.
Each key is judged by itself: the revisions of its writes rise. What carries no revision is judged by its value alone.
`versioned_store` is about all keys together, for one revision counts all writes.

Pitfall: a crashed write has a revision that nobody saw. So a state holds not revisions, but what is known of them: the
least and the greatest each can be, and by how much it must exceed the one before. These are difference constraints
along a chain, so bounds that are narrowed along it are exact: every value within them is part of a solution. A call is
legal if and only if there is one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.models import register
from splitbrain.checkers.porcupine.monitors.revision_order import revision_order
from splitbrain.checkers.porcupine.monitors.revisions import revisions
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Setting

NO_LIMIT = 1 << 63
READS = frozenset({"read", "get"})
WRITES = frozenset({"write", "put"})
OPERATIONS = ("read", "write", "cas", "get", "put")


@dataclass
class RevisionBounds:
    """The latest write of a key, and what is known of its revision: least ≤ revision ≤ most, and at least `gap` more
    than the revision of the mark before."""

    key: Value
    value: Value
    least: int
    most: int
    gap: int


State = tuple[tuple[Value, Value, int, int, int], ...]
"""The marks, in order of writing."""


def stepper(initial: Value) -> Callable[[State, Call], object]:
    """The step of a store whose keys begin with one value, at revision 0."""

    def step(state: State, call: Call) -> object:
        marks = [RevisionBounds(*mark) for mark in state]
        place = next((i for i, mark in enumerate(marks) if same(mark.key, call.key)), None)
        value = initial if place is None else marks[place].value
        if call.f in READS:
            return read(state, marks, place, call) if same(call.result, value) else ILLEGAL
        following = call.argument
        if call.f == "cas":
            old, following = register.pair(call)
            if call.refused:
                return ILLEGAL if same(old, value) or not register.admits(call, value) else state
            if not same(old, value):
                return ILLEGAL
        return written(marks, place, call, following)

    return step


def read(state: State, marks: list[RevisionBounds], place: int | None, call: Call) -> object:
    """Whether a read that saw the right value saw the right revision."""
    if call.revision is None:
        return state
    if place is None:
        return state if call.revision == 0 else ILLEGAL
    marks[place].least = max(marks[place].least, call.revision)
    marks[place].most = min(marks[place].most, call.revision)
    return narrowed(marks)


def written(marks: list[RevisionBounds], place: int | None, call: Call, value: Value) -> object:
    """State after a write, which comes after all others. The mark that it replaces is gone, but its revision still
    counts."""
    marks.append(RevisionBounds(call.key, value, call.revision or 1, call.revision or NO_LIMIT, 1))
    state = narrowed(marks)
    if state is ILLEGAL or place is None:
        return state
    marks[place + 1].gap += marks[place].gap
    del marks[place]
    return narrowed(marks)


def narrowed(marks: list[RevisionBounds], floor: int = 0, *, exact: bool = False, floor_known: bool = True) -> object:
    """Narrow all bounds along the chain: the state, or ILLEGAL if nothing is left within some.

    floor: what all revisions exceed; it may rise later if it is not floor_known. exact: whether each gap is the
    difference, not the least that it can be.
    """
    least = floor
    for mark in marks:
        mark.least = least = max(mark.least, least + mark.gap)
    for mark, following in zip(reversed(marks[:-1]), reversed(marks[1:]), strict=True):
        mark.most = min(mark.most, following.most - following.gap)
        if exact:
            mark.least = max(mark.least, following.least - following.gap)
    if exact:
        for mark, following in pairwise(marks):
            following.most = min(following.most, mark.most + following.gap)
    if any(mark.least > mark.most for mark in marks):
        return ILLEGAL
    known = 0 if floor_known else -1
    for mark in marks:
        # Between two known revisions the gap says nothing: states that differ in it alone are one.
        if known >= 0 and mark.least == mark.most and not exact:
            mark.gap = 1
        known = mark.least if mark.least == mark.most else -1
    return tuple((mark.key, mark.value, mark.least, mark.most, mark.gap) for mark in marks)


def show(call: Call) -> str:
    """`write 3 (revision 7)`, `get k → 4 (revision 7)`."""
    name = call.f if call.key is None else f"{call.f} {shown(call.key)}"
    if call.f == "cas":
        old, new = register.pair(call)
        words = f"{name} {shown(old)} → {shown(new)}{register.refusal(call)}"
    elif call.f in WRITES:
        words = f"{name} {shown(call.argument)}"
    else:
        words = name if call.result is UNSEEN else f"{name} → {shown(call.result)}"
    return words if call.revision is None else f"{words} (revision {call.revision})"


def show_state(state: State) -> str:
    """`4 (revision 7)`, `{x 4 (revision 7), y 5 (revision above 7)}`."""
    if not state:
        return "as it began (revision 0)"
    words = []
    for key, value, least, most, _ in state:
        name = "" if key is None else f"{shown(key)} "
        known = f"{least}" if least == most else f"at least {least}" if most > NO_LIMIT // 2 else f"{least} to {most}"
        words.append(f"{name}{shown(value)} (revision {known})")
    return words[0] if len(words) == 1 else f"{{{', '.join(words)}}}"


def versioned_register(settings: Mapping[str, Setting]) -> Model:
    """A register."""
    return Model(
        name="versioned-register",
        summary=VERSIONED_REGISTER.summary,
        operations=OPERATIONS,
        initial=(),
        step=stepper(meant(settings["initial"])),
        observes=READS | {"cas"},
        **register.observing(settings),
        sees=frozenset({"revision"}),
        monitors=(partial(revision_order, initial=meant(settings["initial"]), exact=False), revisions),
        show_call=show,
        show_state=show_state,
    )


VERSIONED_REGISTER: CatalogueEntry[Model] = CatalogueEntry(
    "versioned-register", "a register whose revision rises with every write: read, write, cas",
    (register.INITIAL, register.PRECONDITION), versioned_register,
)  # fmt: skip
