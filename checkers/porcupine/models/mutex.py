"""Lock without owners: acquired when free and released when held, by anyone, as Knossos's mutex.

    acquire      release

With `precondition=observe` an acquire that failed without an error, or with one that names the precondition, found the
lock held; with `precondition=all` each that failed.

Pitfall: there is no owner. A release by a process that never acquired is legal as long as the lock is held.
"""

from collections.abc import Mapping

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.porcupine.model import ILLEGAL, Call, Independence, Model
from splitbrain.harness.options import Option, Setting


def step(held: bool, call: Call) -> object:
    """Next state of the lock: an acquire needs a free lock, and is refused by a held one; a release needs a held
    one."""
    if call.refused:
        return held if held else ILLEGAL
    if held == (call.f == "acquire"):
        return ILLEGAL
    return not held


def feeds(earlier: Call, later: Call) -> bool:
    """Whether one may come right before the other: a release before an acquire, an acquire before a release."""
    return earlier.f != later.f


def mutex(settings: Mapping[str, Setting]) -> Model:
    """A lock."""
    refusing = settings["precondition"] != "drop"
    return Model(
        name="mutex",
        summary=MUTEX.summary,
        operations=("acquire", "release"),
        initial=False,
        step=step,
        observes=frozenset({"acquire", "release"}),
        refusals=frozenset({"acquire"} if refusing else ()),
        every_failure=settings["precondition"] == "all",
        independence=Independence()
        if refusing
        else Independence(resets=frozenset({"acquire", "release"}), feeds=feeds),
        show_call=lambda call: f"{call.f} (refused)" if call.refused else call.f,
        show_state=lambda held: "held" if held else "free",
    )


PRECONDITION = Option(
    "precondition", "drop",
    "which failed acquires say that the lock was held: none, those whose error says so or that have no error, or all",
    choices=("drop", "observe", "all"),
)  # fmt: skip

MUTEX = CatalogueEntry("mutex", "a lock without owners: acquire, release", (PRECONDITION,), mutex)
