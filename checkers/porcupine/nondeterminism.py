"""Nondeterministic models: a step gives all states that there may be after a call, as in Porcupine.

    LOSSY = nondeterministic(
        name="lossy", summary="a counter that may lose an add", operations=("add", "read"), initial=(0,),
        step=lambda total, call: (total, total + call.argument) if call.f == "add"
        else (total,) if call.result == total else (),
        observes=frozenset({"read"}), pure=frozenset({"read"}),
    )

The search runs on sets of states, so that it, its certificate and its witness are those of any other model. Pitfall: a
model that can be in very many states at once takes that much memory.
"""

from collections.abc import Callable, Iterable
from typing import Any

from splitbrain.checkers.common.values import shown
from splitbrain.checkers.porcupine.model import ILLEGAL, UNSEEN, Call, Model, State, show_call
from splitbrain.checkers.porcupine.table import place_of


def nondeterministic(
    *, name: str, summary: str, operations: tuple[str, ...], initial: Iterable[State],
    step: Callable[[Any, Call], Iterable[State]], observes: frozenset[str], pure: frozenset[str] = frozenset(),
    by_key: bool = True, refusals: frozenset[str] = frozenset(), every_failure: bool = False,
    sees: frozenset[str] = frozenset(), show_call: Callable[[Call], str] = show_call,
    show_state: Callable[[Any], str] = shown,
) -> Model:  # fmt: skip
    """The model with these parts, as `Model` has them, but for two.

    initial: all states that there may be at first. step: (state, call) → all states that there may be after it, none if
    the call could not have happened in this state; ILLEGAL means none too.
    """

    def all_steps(states: frozenset[State], call: Call) -> object:
        if call.result is UNSEEN and call.f in pure:
            return states
        following: set[State] = set()
        for state in states:
            found = step(state, call)
            if found is None:
                raise TypeError(
                    f"step returned None{place_of(step)}: return the states that there may be on every path, () if none"
                )
            if found is not ILLEGAL:
                following.update(found)
        return frozenset(following) if following else ILLEGAL

    def show_states(states: frozenset[State]) -> str:
        return " or ".join(sorted(map(show_state, states)))

    # A call that changes no state still rules some out, so none is pure.
    return Model(
        name=name, summary=summary, operations=operations, initial=frozenset(initial), step=all_steps,
        observes=observes, by_key=by_key, refusals=refusals, every_failure=every_failure, sees=sees,
        show_call=show_call, show_state=show_states,
    )  # fmt: skip
