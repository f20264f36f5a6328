"""Transition table: interns states and calls, so that a search runs on integers and `step` is called once per
(state, call).

Pitfall: states are the same if and only if their type and canonical form are, as with values: a register holding `1`
is not one holding `True`, though Python finds them equal.
"""

import sys
import traceback
from collections.abc import Collection, Hashable, Mapping, Sequence
from itertools import islice
from pathlib import PurePath

from splitbrain.checkers.porcupine.missing_return import line_without_return
from splitbrain.checkers.porcupine.model import ILLEGAL, Call, Model, State
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Interner

NO_STATE = -1
"""In place of a next state: the call is illegal in this one."""

MUTABLE = frozenset((list, set, bytearray))
"""Types that a state must not have. A map may be one: the values of a history are, and nobody changes them."""
HAS_NONE = "has none"
"""The name under which a model remembers the answer of `has_none`."""
_PLAIN = (int, float, str, bytes, type(None))
_SAMPLED = 8
_ROW_BYTES = 400
_TRANSITION_BYTES = 40


class ModelFailure(Exception):
    """A model's `step` raised something, or broke its promise. The message is one sentence for people."""


class Table:
    """state number × class number → state number, filled lazily.

    A class is a call as it stands in the history: the same f, argument and result. `rows[state].get(class)` is the
    next state, NO_STATE, or None if it was never asked for: then call `fill`. State 0 is the initial one.
    """

    def __init__(self, model: Model, classes: Sequence[Call]) -> None:
        self.model = model
        self.classes = classes
        self.states: list[State] = []
        self.rows: list[dict[int, int]] = []
        self.filled = 0
        """Transitions asked of the model so far."""
        self.bytes = 0
        """Memory held, roughly."""
        self._pool = Interner()
        self._numbers: dict[Hashable, int] = {}
        self._number(model.initial)

    def fill(self, state: int, kind: int) -> int:
        """Ask the model for one transition, and keep it. ModelFailure if the model cannot say."""
        call = self.classes[kind]
        following = self._ask(self.states[state], call)
        if following is ILLEGAL:
            number = NO_STATE
        else:
            if type(following) in MUTABLE:
                raise mutable(self.model, call, following)
            if following is None and not has_none(self.model):
                raise unreturned(self.model, call)
            number = self._number(following)
            if number != state and is_pure(self.model, call):
                raise impure(self.model, call)
        self.rows[state][kind] = number
        self.filled += 1
        self.bytes += _TRANSITION_BYTES
        return number

    def step(self, state: int, kind: int) -> int:
        """The next state, or NO_STATE."""
        known = self.rows[state].get(kind)
        return self.fill(state, kind) if known is None else known

    def _ask(self, state: State, call: Call) -> State:
        try:
            following: State = self.model.step(state, call)
            return following
        except UsageError:
            raise
        except Exception as error:
            raise unanswered(self.model, state, call, error) from error

    def _number(self, state: State) -> int:
        try:
            name = state if self.model.frozen else (type(state), self._pool.id(state))
        except Exception as error:
            raise unkept(self.model, error) from error
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.states)
            self.states.append(state)
            self.rows.append({})
            self.bytes += _ROW_BYTES + 3 * sys.getsizeof(state) + parts_held(state)
        return number


def unanswered(model: Model, state: State, call: Call, error: Exception) -> ModelFailure:
    """The complaint about a `step` that raised something."""
    try:
        shown = f"{model.show_call(call)} in state {model.show_state(state)}"
    except Exception as other:  # noqa: BLE001 - it is the model's own, and the first error is what matters
        shown = f"{call.f} (and a state or call of it cannot be shown: {type(other).__name__}: {other})"
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}:{frame.lineno}"
    return ModelFailure(f"model {model.name} failed at {shown}: {type(error).__name__}: {error} ({place})")


def mutable(model: Model, call: Call, state: object) -> ModelFailure:
    """The complaint about a `step` that returned a state which can be changed: a list instead of a tuple, say."""
    kind = type(state).__name__
    instead = "tuple" if kind == "list" else "frozenset" if kind == "set" else "bytes"
    wrong = f"step returned a {kind} for {call.f}{place_of(model.step)}, which can change after it was kept"
    return ModelFailure(f"model {model.name}: {wrong}: return a {instead}")


def has_none(model: Model) -> bool:
    """Whether None is a state of the model: it says so, or begins with it and its step always returns something."""
    if model.initial is not None or model.none_is_state:
        return model.none_is_state
    if HAS_NONE not in model.remembered:
        model.remembered[HAS_NONE] = line_without_return(model.step) is None
    return bool(model.remembered[HAS_NONE])


def unreturned(model: Model, call: Call) -> ModelFailure:
    """The complaint about a `step` that returned None, where it seems to have forgotten to return."""
    line = line_without_return(model.step)
    place = place_of(model.step) if line is None else place_of(model.step, line)
    wrong = f"step returned None for {call.f}{place}"
    why = "which is no state of this model" if line is None else "and can come to its end there without return"
    return ModelFailure(
        f"model {model.name}: {wrong}, {why}: return the next state on every path, or ILLEGAL; if None is a state, say "
        "so with none_is_state=True"
    )


def unkept(model: Model, error: Exception) -> ModelFailure:
    """The complaint about a state whose hash or equality fails."""
    told = f"{type(error).__name__}: {error}"
    wrong = f"a state cannot be kept, for its hash or equality failed: {told}"
    return ModelFailure(f"model {model.name}: {wrong} (its step is{place_of(model.step) or ' no function'})")


def place_of(step: object, line: int | None = None) -> str:
    """` (FILE:LINE)` of a function, or of a line of it; or nothing."""
    code = getattr(step, "__code__", None)
    return "" if code is None else f" ({PurePath(code.co_filename).name}:{line or code.co_firstlineno})"


def parts_held(state: object, depth: int = 3) -> int:
    """Bytes of what a state holds besides its own, roughly: nested containers and objects by a sample of them. Plain
    values count nothing, for states mostly share them with the history."""
    if isinstance(state, _PLAIN) or depth == 0:
        return 0
    if isinstance(state, Mapping):
        parts: Collection[object] = list(state.values())
    elif isinstance(state, tuple | list | frozenset | set):
        parts = state
    else:
        parts = list(getattr(state, "__dict__", {}).values())
    if not parts:
        return 0
    sample = list(islice(parts, None, None, max(1, len(parts) // _SAMPLED)))
    held = sum(sys.getsizeof(part) + parts_held(part, depth - 1) for part in sample if not isinstance(part, _PLAIN))
    return held * len(parts) // len(sample)


def impure(model: Model, call: Call) -> ModelFailure:
    """The complaint about a model whose pure call changed a state."""
    return ModelFailure(f"model {model.name} says that {call.f} changes no state, yet its step does")


def is_pure(model: Model, call: Call) -> bool:
    """Whether a call changes no state, in whatever state it is legal."""
    return call.f in model.pure or call.refused
