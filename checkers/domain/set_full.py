"""Durability of set elements over time, as Jepsen's `set-full`: every read counts for every element.

    add x      read → all elements

An element is *known* from the end of its add, or of the first read that has it, whichever is first. It is *lost* if,
of the reads begun after that, the last ones miss it: one misses it, and no read begun later has it. It is *stable* if
the last read that could have it does, and *never read* otherwise. Lost is invalid; with `linearizable=on` *stale* is
too: a stable element that was missed by a read begun after it was known. No stable element at all is `unknown`.
Definitions as in Jepsen's `checker/set-full` (jepsen-io/jepsen, `checker.clj`), with these differences: an element
that nobody added, whose adds all failed or had not begun is invalid, where Jepsen does not look; a stale read counts
by the order of events, where Jepsen asks for a whole millisecond; a read begun before the add says nothing by its
silence.

Pitfall: a read that misses an element proves nothing unless it began after the element was known.
"""

from dataclasses import dataclass

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.common.event_format import EventFormat, some
from splitbrain.checkers.common.per_key import LOOK_EVERY, NEVER, Rows, hold_to, of_each_key, over_budget, unobserved
from splitbrain.checkers.common.values import counted, shown
from splitbrain.checkers.domain.sets import (
    ADD,
    READ,
    SetHistory,
    SetRead,
    doubled,
    gathered,
    listed_twice,
    unexpected_element,
)
from splitbrain.harness.budget import Budget, BudgetMeter
from splitbrain.harness.history import History
from splitbrain.harness.operation import Value
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Validity, Verdict, Witness


@dataclass(slots=True)
class ElementTimeline:
    """One element over time. known: position of the event since which it is. present, absent: the read that began last
    among those that have it, and among those begun after its add that miss it."""

    known: int = NEVER
    present: SetRead | None = None
    absent: SetRead | None = None

    @property
    def lost(self) -> bool:
        """Whether it was there and is gone."""
        absent = self.absent
        return absent is not None and self.known < absent.invoke and not self._seen_after(absent)

    @property
    def stable(self) -> bool:
        """Whether it is there to stay."""
        return self.present is not None and (self.absent is None or self._seen_after(self.absent))

    @property
    def stale(self) -> bool:
        """Whether it is there to stay, but was missed when it was known."""
        return self.stable and self.absent is not None and self.known < self.absent.invoke

    def _seen_after(self, absent: SetRead) -> bool:
        return self.present is not None and self.present.invoke > absent.invoke


def stories(all_of_it: SetHistory, spending: BudgetMeter) -> dict[int, ElementTimeline] | Verdict:
    """The story of each element of which some add did not fail; the verdict if the budget is spent before.

    Reads are gone through from the last begun to the first, with the elements that all of them had so far: time is that
    of reading all lists once, as long as few elements are lost.
    """
    elements = {element: known for element, known in all_of_it.elements.items() if known.began < NEVER}
    out = {element: ElementTimeline(known.acknowledged) for element, known in elements.items()}
    by_begin = sorted(elements, key=lambda element: elements[element].began)
    never_missed = set(elements)
    for count, read in enumerate(sorted(all_of_it.reads, key=lambda read: -read.invoke)):
        if count % (LOOK_EVERY // 64) == 0 and (limit := spending.exhausted()):
            return over_budget("set-full", limit, count, len(all_of_it.reads), "reads")
        while by_begin and elements[by_begin[-1]].began > read.invoke:
            never_missed.discard(by_begin.pop())
        seen = set(read.seen)
        for element in never_missed - seen:
            out[element].absent = read
        never_missed &= seen
        for element in read.seen:
            story = out.get(element)
            if story is not None:
                story.present = story.present or read
                story.known = min(story.known, read.complete)
    return out


@dataclass(frozen=True)
class SetFullCheck:
    """Jepsen's `set-full`. linearizable: whether a stale read is invalid too."""

    linearizable: bool = False
    name: str = "set-full"

    def check(self, history: History, budget: Budget) -> Verdict:
        """The verdict, key by key; UsageError for other operations than add and read."""
        hold_to(history, self.name, (ADD, READ))
        return of_each_key(self.name, history, budget.start(), self._judge)

    def _judge(self, history: History, rows: Rows, spending: BudgetMeter) -> Verdict:
        all_of_it = gathered(self.name, history, rows, spending)
        if all_of_it.stopped:
            return all_of_it.stopped
        if not all_of_it.reads:
            return unobserved(self.name, "the set was never read: nothing could have refuted the model")
        found = stories(all_of_it, spending)
        return found if isinstance(found, Verdict) else self._verdict(history, all_of_it, found)

    def _verdict(self, history: History, all_of_it: SetHistory, found: dict[int, ElementTimeline]) -> Verdict:
        values = history.pool.values
        lost = {element: story.absent for element, story in found.items() if story.lost and story.absent}
        stale = {element: story.absent for element, story in found.items() if story.stale and story.absent}
        stable = sum(story.stable for story in found.values())
        twice = next(filter(listed_twice, all_of_it.reads), None)
        unexpected = unexpected_in(all_of_it)
        details: dict[str, Value] = {
            "attempts": all_of_it.attempts, "reads": len(all_of_it.reads), "stable": stable, "lost": len(lost),
            "never_read": len(found) - stable - len(lost), "stale": len(stale), "unexpected": len(unexpected),
        }  # fmt: skip
        if lost:
            witness = missed(history, found, lost, "lost", "no later read has it")
        elif unexpected:
            witness = unexpected_element(history, all_of_it, unexpected)
        elif twice is not None:
            witness = doubled(history, twice)
        elif stale and self.linearizable:
            witness = missed(history, found, stale, "stale", "later reads have it again")
        elif not stable:
            return unobserved(self.name, "no element was read after it was known: nothing could have been lost")
        else:
            reason = f"all {stable:,} elements that were read are there to stay"
            reason += f"; {len(stale):,} of them were missed by a read for a while" if stale else ""
            return Verdict(Validity.VALID, reason, self.name, self.name, details=details)
        details["lost_elements"] = [values[element] for element in list(lost)[:100]]
        details["stale_elements"] = [values[element] for element in list(stale)[:100]]
        return Verdict(Validity.INVALID, witness.words[0], self.name, self.name, witness=witness, details=details)


def unexpected_in(all_of_it: SetHistory) -> dict[int, SetRead]:
    """Elements that a read has and that nobody had begun to add, each with the first such read."""
    found: dict[int, SetRead] = {}
    elements = all_of_it.elements
    for read in all_of_it.reads:
        for element in read.seen:
            known = elements.get(element)
            if known is None or known.began > read.complete:
                found.setdefault(element, read)
    return found


def missed(
    history: History, found: dict[int, ElementTimeline], missing: dict[int, SetRead], word: str, later: str
) -> Witness:
    """The witness of an element that was known and then missed. missing: element → the last read that misses it."""
    values = history.pool.values
    element, absent = next(iter(missing.items()))
    story = found[element]
    known, begun = story.known, history.partner[story.known]
    events = {begun, known, absent.invoke, absent.complete}
    if word == "stale" and story.present is not None:
        events |= {story.present.invoke, story.present.complete}
    tell = EventFormat(history, sorted(events))
    name = shown(values[element])
    how = f"its add had been acknowledged by {tell.who(begun)}"
    if values[history.f[begun]] == READ:
        how = f"{tell.who(begun)} had read it"
    words = [
        f"{tell.who(absent.invoke)} read the set at {tell.when(absent.complete)} without {name}, yet {how} "
        f"at {tell.when(known)}; {later}",
        f"{tell.span(begun, known)}: {tell.who(begun)} {values[history.f[begun]]}"
        + (f" {name}" if values[history.f[begun]] == ADD else f" → … {name} …"),
        tell.line(absent.row, key=False),
    ]
    if len(missing) > 1:
        words.append(f"{word} in all, {counted(len(missing), 'element')}: {some([values[e] for e in missing])}")
    return Witness(tuple(sorted(events)), tuple(words), absent.invoke)


LINEARIZABLE = Option("linearizable", False, "whether a read that misses an element for a while is invalid too")

SET_FULL = CatalogueEntry(
    "set-full", "Jepsen's set-full: each element that was added stays, judged over all reads; not linearizability",
    (LINEARIZABLE,), lambda settings: SetFullCheck(bool(settings["linearizable"])),
)  # fmt: skip
