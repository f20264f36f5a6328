"""Key-value store with one revision for all keys, as etcd: every change raises it.

    get → v   put v   cas [old, new]   cas-revision [revision, new]   delete   range → [[key value revision] …]

A read returns the revision of the write that it saw, 0 where there is none. `cas-revision` writes if the key has that
revision, 0 meaning that it is not there. A delete of a key that is there raises the revision, and leaves the key as it
was at first; what the revision is of one that was not there says nothing.

`exact=true`: each change raises the revision by exactly one, so a write that vanished shows. `start=any`: the store was
not empty when the history began: what a key holds is known from the first that saw it. The initial value without a
revision leaves open whether the key is there, until a revision or a range tells.

The state is that of `versions`: marks in order of writing with bounds on their revisions, a deleted key's with the
value GONE. Beside it stand the keys as they were found at the start, and the greatest revision among them, which all
later writes exceed. Pitfall: a refused cas-revision says that the revision differs, which bounds cannot hold unless
they are one number; then nothing is concluded from it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.values import frozen, meant, same, shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model
from splitbrain.checkers.porcupine.models import register, versions
from splitbrain.checkers.porcupine.models.store_range import range_shown, seen_entries, within
from splitbrain.checkers.porcupine.models.versions import NO_LIMIT, READS, WRITES, RevisionBounds, narrowed
from splitbrain.checkers.porcupine.monitors.revision_order import revision_order
from splitbrain.checkers.porcupine.monitors.revisions import revisions
from splitbrain.harness.errors import UsageError
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option, Setting

EXACT = Option("exact", False, "whether each change raises the revision by exactly one")
START = Option("start", "empty", "what the store held when the history began: nothing, or any keys", ("empty", "any"))
OPERATIONS = (*versions.OPERATIONS, "cas-revision", "delete", "range")
REFUSABLE = frozenset({"cas", "cas-revision"})


class _Gone:
    def __repr__(self) -> str:
        return "GONE"


class _Maybe:
    def __repr__(self) -> str:
        return "MAYBE"


GONE: Final = _Gone()
"""The value of a key that was deleted, or that was not there at the start."""
MAYBE: Final = _Maybe()
"""The value of a key that was not there at the start, or held the initial value."""

Found = tuple[Value, Value, int | None]
"""Key, value (or GONE, or MAYBE) and revision of a key as it was at the start."""
State = tuple[versions.State, tuple[Found, ...], int, int, tuple[Value, ...]]
"""Marks; keys found at the start that nothing has written since; the greatest revision found there, and the greatest
that it can have been; arguments of ranges: what keys there were at the start within these is known."""


class _Store:
    """A state being changed."""

    def __init__(self, state: State, initial: Value, *, exact: bool, any_start: bool) -> None:
        marks, self.found, self.floor, self.ceiling, self.covered = state
        self.marks = [RevisionBounds(*mark) for mark in marks]
        self.initial, self.exact, self.any_start = initial, exact, any_start

    def place(self, key: Value) -> int | None:
        return next((place for place, mark in enumerate(self.marks) if same(mark.key, key)), None)

    def state(self) -> object:
        """The state with bounds narrowed, or ILLEGAL."""
        marks = self._narrowed()
        if marks is ILLEGAL:
            return ILLEGAL
        return marks, tuple(sorted(self.found, key=repr)), self.floor, self.ceiling, self.covered

    def _narrowed(self) -> object:
        """The marks narrowed. What the first of them leaves for the start bounds that for ever."""
        marks = narrowed(self.marks, self.floor, exact=self.exact, floor_known=not self.any_start)
        if self.any_start and self.marks and self.marks[0].most < NO_LIMIT // 2:
            self.ceiling = min(self.ceiling, self.marks[0].most - self.marks[0].gap)
        return ILLEGAL if self.floor > self.ceiling else marks

    def held(self, key: Value) -> Value:
        """The value of a key, GONE if it is not there, UNSEEN if nobody knows."""
        place = self.place(key)
        if place is not None:
            return self.marks[place].value
        known = next((value for other, value, _ in self.found if same(other, key)), UNSEEN)
        if known is UNSEEN and (not self.any_start or any(within(key, argument) for argument in self.covered)):
            return GONE
        return known

    def value(self, key: Value) -> Value:
        """The value that a reader is told, UNSEEN if nobody knows it."""
        held = self.held(key)
        return self.initial if held is GONE or held is MAYBE else held

    def saw(self, key: Value, value: Value, revision: int | None) -> bool:
        """Take in that a reader saw a key with this value (GONE: not there); whether that may be."""
        held = self.held(key)
        if held is UNSEEN:
            return self._learn(key, value, revision)
        if held is MAYBE:
            if value is GONE:
                self._note(key, GONE, None)
                return revision in (None, 0)
            return same(value, self.initial) and self.has_revision(key, revision)
        if (held is GONE) != (value is GONE) or (held is not GONE and not same(held, value)):
            return False
        return self.has_revision(key, revision)

    def has_revision(self, key: Value, revision: int | None) -> bool:
        """Whether a key whose value is known may have this revision; its bounds are set."""
        if revision is None:
            return True
        if self.held(key) is MAYBE:
            self._note(key, *((self.initial, revision) if revision else (GONE, None)))
            self.floor = max(self.floor, revision)
            return revision >= 0
        if self.held(key) is GONE:
            return revision == 0
        place = self.place(key)
        if place is not None:
            mark = self.marks[place]
            mark.least, mark.most = max(mark.least, revision), min(mark.most, revision)
            return mark.least <= mark.most
        known = next(found for found in self.found if same(found[0], key))
        if known[2] is None:
            self._note(key, known[1], revision)
            self.floor = max(self.floor, revision)
        return revision > 0 and (known[2] is None or known[2] == revision)

    def _note(self, key: Value, value: Value, revision: int | None) -> None:
        """Note a key as it was at the start, in the place of what was known of that."""
        self.found = (*(found for found in self.found if not same(found[0], key)), (key, value, revision))

    def _learn(self, key: Value, value: Value, revision: int | None) -> bool:
        """Note a key that is seen for the first time, as it was at the start."""
        if value is GONE or value is MAYBE:
            self._note(key, value, None)
            return revision in (None, 0)
        self._note(key, value, revision)
        self.floor = max(self.floor, revision or 1)
        return revision is None or revision > 0

    def write(self, key: Value, value: Value, revision: int | None) -> object:
        """Put a write after all others. The mark that it replaces is gone, but its revision still counts."""
        place = self.place(key)
        self.found = tuple(found for found in self.found if not same(found[0], key))
        self.marks.append(RevisionBounds(key, value, revision or 1, revision or NO_LIMIT, 1))
        if self._narrowed() is ILLEGAL:
            return ILLEGAL
        if place is not None:
            self.marks[place + 1].gap += self.marks[place].gap
            del self.marks[place]
        return self.state()


def stepper(initial: Value, *, exact: bool, any_start: bool) -> Callable[[State, Call], object]:
    """The step of a store whose keys read as `initial` where they are not there."""

    def step(state: State, call: Call) -> object:
        if call.result is UNSEEN and (call.f == "range" or call.f in READS):
            return state
        store = _Store(state, initial, exact=exact, any_start=any_start)
        if call.f in WRITES:
            return store.write(call.key, call.argument, call.revision)
        return _STEPS.get(call.f, _read)(store, call, state)

    return step


def _read(store: _Store, call: Call, state: State) -> object:
    del state
    held = store.held(call.key)
    if held is UNSEEN:
        absent = same(call.result, store.initial) and not call.revision
        gone = MAYBE if call.revision is None else GONE
        legal = store.saw(call.key, gone if absent else call.result, call.revision)
    else:
        legal = same(call.result, store.value(call.key)) and store.has_revision(call.key, call.revision)
    return store.state() if legal else ILLEGAL


def _ranged(store: _Store, call: Call, state: State) -> object:
    del state
    entries = seen_entries(call)
    keys = [frozen(key) for key, _, _ in entries]
    if len(set(keys)) < len(keys) or not all(within(key, call.argument) for key, _, _ in entries):
        return ILLEGAL
    names = [mark.key for mark in store.marks] + [key for key, _, _ in store.found]
    absent = [key for key in names if within(key, call.argument) and not any(same(key, seen[0]) for seen in entries)]
    legal = all(store.saw(key, GONE, None) for key in absent)
    legal = legal and all(store.saw(*entry) for entry in entries)
    if store.any_start and not {None, call.argument} & {*store.covered}:
        store.covered = (None,) if call.argument is None else tuple(sorted((*store.covered, call.argument)))
    return store.state() if legal else ILLEGAL


def _deleted(store: _Store, call: Call, state: State) -> object:
    held = store.held(call.key)
    if held is GONE:
        return state
    if held is UNSEEN or held is MAYBE:
        if store.exact:
            raise UsageError(
                f"whether the delete of {shown(call.key)} raised the revision is not known, for nobody saw before "
                "whether it was there: leave out exact=true or start=any"
            )
        store.saw(call.key, GONE, None)
        return store.state()
    return store.write(call.key, GONE, call.revision)


def _compared(store: _Store, call: Call, state: State) -> object:
    old, new = register.pair(call)
    value = store.value(call.key)
    if call.refused:
        if value is UNSEEN:
            return state
        return ILLEGAL if same(old, value) or not register.admits(call, value) else state
    if value is UNSEEN and not same(old, store.initial):
        store.floor = max(store.floor, 1)
    elif value is not UNSEEN and not same(old, value):
        return ILLEGAL
    return store.write(call.key, new, call.revision)


def _compared_revision(store: _Store, call: Call, state: State) -> object:
    expected, new = register.pair(call)
    if type(expected) is not int:
        raise UsageError(f"a cas-revision takes [revision, new], not {shown(call.argument)}")
    held = store.held(call.key)
    if call.refused:
        return ILLEGAL if _certainly(store, call.key, held, expected) else state
    if held is UNSEEN:
        store.floor = max(store.floor, expected)
    elif not store.has_revision(call.key, expected) or (store.held(call.key) is not GONE and expected == 0):
        return ILLEGAL
    return store.write(call.key, new, call.revision)


_STEPS: Mapping[str, Callable[[_Store, Call, State], object]] = {
    "range": _ranged,
    "delete": _deleted,
    "cas": _compared,
    "cas-revision": _compared_revision,
}
"""Steps of operations other than reads and writes."""


def _certainly(store: _Store, key: Value, held: Value, revision: int) -> bool:
    """Whether a key has this revision and can have no other."""
    place = store.place(key)
    if held is GONE or held is UNSEEN:
        return held is GONE and revision == 0
    if place is not None:
        return store.marks[place].least == store.marks[place].most == revision
    return any(same(other, key) and known == revision for other, _, known in store.found)


def show(call: Call) -> str:
    """Words for a call as `versions` has them, and `delete k (revision 3)`, `cas-revision k 2 → x`, `range → {…}`."""
    if call.f == "range":
        return range_shown(call)
    if call.f not in ("delete", "cas-revision"):
        return versions.show(call)
    words = call.f if call.key is None else f"{call.f} {shown(call.key)}"
    if call.f == "cas-revision":
        expected, new = register.pair(call)
        words = f"{words} {shown(expected)} → {shown(new)}{register.refusal(call)}"
    return words if call.revision is None else f"{words} (revision {call.revision})"


def _at_start(value: Value) -> str:
    """Words for what a key held at the start."""
    if value is MAYBE:
        return "the initial value or not there"
    return "not there" if value is GONE else shown(value)


def show_state(state: State) -> str:
    """`{x 4 (revision 7), y deleted (revision above 7)}`, with what was found at the start."""
    marks, found, *_ = state
    words = [f"{'' if key is None else shown(key) + ' '}{_at_start(value)} at the start" for key, value, _ in found]
    plain = tuple((key, "deleted" if value is GONE else value, *rest) for key, value, *rest in marks)
    if marks or not words:
        words.append(versions.show_state(plain))
    return ", ".join(words)


def versioned_kv(settings: Mapping[str, Setting]) -> Model:
    """A store."""
    initial, exact, any_start = meant(settings["initial"]), bool(settings["exact"]), settings["start"] == "any"
    matching = () if any_start else (partial(revision_order, initial=initial, exact=exact),)
    return Model(
        name="versioned-kv",
        summary=VERSIONED_KV.summary,
        operations=OPERATIONS,
        initial=((), (), 0, NO_LIMIT, ()),
        step=stepper(initial, exact=exact, any_start=any_start),
        observes=READS | {"cas", "cas-revision", "range"},
        by_key=False,
        refusals=REFUSABLE if settings["precondition"] != "drop" else frozenset(),
        every_failure=settings["precondition"] == "all",
        sees=frozenset({"revision"}),
        monitors=(*matching, revisions),
        hard="crashed cas and deletes, and what tells no revision, may stand in too many places: puts and gets that "
        "tell theirs, of a store that was empty at first, are decided",
        show_call=show,
        show_state=show_state,
    )


VERSIONED_KV: CatalogueEntry[Model] = CatalogueEntry(
    "versioned-kv",
    "a key-value store with one revision for all keys, as etcd: get, put, cas, cas-revision, delete, range",
    (register.INITIAL, register.PRECONDITION, EXACT, START), versioned_kv,
)  # fmt: skip
