"""Lock without owners: acquired when free and released when held, by anyone, as Knossos's mutex.

    acquire      release

Pitfall: there is no owner. A release by a process that never acquired is legal as long as the lock is held.
"""

from collections.abc import Mapping

from splitbrain.checkers.common.entry import CatalogueEntry
from splitbrain.checkers.porcupine.model import ILLEGAL, Call, Independence, Model
from splitbrain.harness.options import Setting


def step(held: bool, call: Call) -> object:
    """An acquire needs a free lock, a release a held one."""
    if held == (call.f == "acquire"):
        return ILLEGAL
    return not held


def feeds(earlier: Call, later: Call) -> bool:
    """Before an acquire comes a release, and before a release an acquire."""
    return earlier.f != later.f


def mutex(settings: Mapping[str, Setting]) -> Model:
    """A lock."""
    del settings
    return Model(
        name="mutex",
        summary=MUTEX.summary,
        operations=("acquire", "release"),
        initial=False,
        step=step,
        observes=frozenset({"acquire", "release"}),
        independence=Independence(resets=frozenset({"acquire", "release"}), feeds=feeds),
        show_call=lambda call: call.f,
        show_state=lambda held: "held" if held else "free",
    )


MUTEX = CatalogueEntry("mutex", "a lock without owners: acquire, release", (), mutex)
