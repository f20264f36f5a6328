"""Sequential models: how an object behaves when operations happen one at a time. All that a new object needs.

    COUNTER = Model(
        name="counter", summary="a counter that starts at 0",
        operations=("add", "read"), initial=0,
        step=lambda state, op: (state + op.argument) if op.f == "add" else (state if op.result == state else ILLEGAL),
        observes=frozenset({"read"}), pure=frozenset({"read"}),
    )

States and operations are interned, so that a search runs on integers and `step` is called once per (state, operation).
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from splitbrain.checkers.common.values import same, shown
from splitbrain.harness.operation import Value

State = Hashable


class _Word:
    """A value that is only itself."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word


ILLEGAL: Final[Any] = _Word("ILLEGAL")
"""The result of `step` for an operation that could not have happened in this state."""

UNSEEN: Final[Any] = _Word("UNSEEN")
"""The `result` of a crashed operation: if it happened, nobody saw what it returned."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The `result` of an operation that the system refused because its precondition was false. Models see it only for
    the operations that they name in `refusals`; everywhere else a failed operation is dropped.

    saw: the value that the system found instead, UNSEEN if it did not tell.
    """

    saw: Value = UNSEEN

    def __repr__(self) -> str:
        return "REFUSED" if self.saw is UNSEEN else f"REFUSED({self.saw!r})"


REFUSED: Final = Refused()
"""A refusal that tells no value."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operation as a model sees it.

    argument: what it was invoked with. result: what came back, or UNSEEN if it crashed, or REFUSED. key: the key it is
    about, or None (also for a model partitioned by key, whose step need not look at it).
    process, revision, token: who called, and the revision and the token that the completion carries; only for a model
    that `sees` them, else None. A crashed call has neither, for nobody saw one.
    """

    f: str
    argument: Value
    result: Value
    key: Value = None
    process: int | None = None
    revision: int | None = None
    token: Value = None

    @property
    def refused(self) -> bool:
        """Whether the system refused it because its precondition was false."""
        return isinstance(self.result, Refused)


def show_call(call: Call) -> str:
    """An operation for people: `write 3`, `read → 4`, `cas 1 → 2`."""
    key = "" if call.key is None else f"{shown(call.key)} "
    if call.f == "cas" and isinstance(call.argument, Sequence) and len(call.argument) == 2:
        return f"cas {key}{shown(call.argument[0])} → {shown(call.argument[1])}"
    asked = "" if call.argument is None else shown(call.argument)
    words = f"{call.f} {key}{asked}".strip()
    if call.refused:
        return f"{words} (refused)"
    if call.result is not UNSEEN and not same(call.result, call.argument):
        words += f" → {shown(call.result)}"
    return words


@dataclass(frozen=True, slots=True)
class Trace:
    """The values that a call leaves in parts of the state, whatever was there, and those that it saw in them.

    seen: for certain, and of the state before the call. elsewhere: what it saw in every other part, if it saw all of
    them. A call whose step looks at or leaves anything else has no trace."""

    left: Mapping[Hashable, Hashable] = field(default_factory=dict)
    seen: Mapping[Hashable, Hashable] = field(default_factory=dict)
    elsewhere: tuple[Hashable] | None = None


@dataclass(frozen=True)
class Independence:
    """Operations that a sub-history may leave out and still be legal whenever the whole is: what makes a small witness
    a proof. Without it only pure operations are left out. See `witness` for the proofs.

    resets: operations that, when they take effect, leave a state that depends on them alone. blind: operations that are
    legal in every state.
    feeds: (earlier, later) → False only if in no legal sequence `earlier` is the last reset before `later`, or stands
    between that reset (or the start) and `later`. Not asked about a blind `later`, nor a pure `earlier`.
    parts: call → labels. Leaving out every call with a given label, and crashed ones that become illegal by it, never
    makes a legal sequence illegal. () for a call that has none; None for one that is about everything there is: with it
    nothing can be left out.
    traces: call → what it leaves and saw of parts that have nothing to do with each other; in place of resets, blind
    and feeds. See `traces` for the proof.
    """

    resets: frozenset[str] = frozenset()
    blind: frozenset[str] = frozenset()
    feeds: Callable[[Call, Call], bool] | None = None
    parts: Callable[[Call], Sequence[Hashable] | None] | None = None
    traces: Callable[[Call], Trace] | None = None


class Difference(NamedTuple):
    """The elements in which what a call saw differs from every state there may be (labels as of `parts`), in words."""

    words: str
    elements: frozenset[Hashable]


@dataclass(frozen=True)
class Model:
    """A sequential specification.

    name, summary: for `--model` and `list`. operations: the names it knows; any other is an error, never skipped.
    initial: the first state; states are hashable and never mutated.
    step: (state, call) → next state, or ILLEGAL; pure. For a crashed call `call.result` is UNSEEN, and step returns the
    state after it took effect; of a crashed operation that is pure nothing is asked. Pitfall: a budget is looked at
    between steps, so it cannot stop a step that never returns. None is a state only if it is the initial one and no
    `return` is missing in step, or with `none_is_state`: a step that forgets to return would give a wrong verdict.
    none_is_state: None is a state, although the initial one is another, or though step can end without `return`.
    observes: operations whose successful result can refute the model; a history without any is `unknown`.
    blind: of which calls of these it cannot, if of some: a transaction of writes alone.
    pure: operations that never change any state, whatever they return: they may be taken as soon as they match.
    by_key: whether each key is an object of its own (Herlihy & Wing, 1990, locality): checked separately.
    refusals: operations of which a failure that says that the precondition was false is an observation: step gets a
    Refused as the result, and answers ILLEGAL or the same state. every_failure: whether every failure of these says so;
    see `refusals.answer`.
    sees: which of `process`, `revision` and `token` its calls carry. Calls that differ in them are different, which
    costs time. A call that carries a revision is an observation, whatever `observes` says.
    frozen: whether states are in hashable form (`values.frozen`): then Python's equality tells them apart, and a long
    one need not be taken to pieces to be known again.
    independence: what a witness may leave out.
    wider: the names of the operations of a history → a model that knows more of them, for what the fast procedures do
    not know; None if this one is to be taken.
    differs: for people, how a call that cannot be placed differs from states; None where that is not plain.
    hard: which histories may stay undecided, said with the verdict.
    monitors: exact procedures that decide some histories without a search, in the order in which they are tried; see
    `monitors/monitor.py` (MonitorInput → Decision, or None).
    show_call, show_state: for people.
    """

    name: str
    summary: str
    operations: tuple[str, ...]
    initial: State
    step: Callable[[Any, Call], Any]
    observes: frozenset[str]
    blind: Callable[[Call], bool] | None = None
    pure: frozenset[str] = frozenset()
    by_key: bool = True
    refusals: frozenset[str] = frozenset()
    every_failure: bool = False
    sees: frozenset[str] = frozenset()
    frozen: bool = False
    none_is_state: bool = False
    independence: Independence = Independence()
    monitors: Sequence[Callable[[Any], Any]] = ()
    hard: str = ""
    differs: Callable[[Sequence[Any], Call], Difference | None] | None = None
    wider: "Callable[[frozenset[str]], Model | None] | None" = None
    show_call: Callable[[Call], str] = show_call
    show_state: Callable[[Any], str] = shown
    remembered: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """A cache that a search keeps from one history to the next, for its own use; no part of what a model is."""
