"""Clients that go by a script, each thread by itself: problems that need consensus, for stores that compare and set,
and for stores that can only look first and then write.

A script says what a thread does next from what its operations came to. States are plain tuples.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from splitbrain.harness.client import Shape
from splitbrain.harness.generator import Completion, Context, Generator
from splitbrain.harness.generator.core import Answer
from splitbrain.harness.operation import EventType, Operation
from splitbrain.workloads.register import CAS, READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Workload

State = tuple[Any, ...]
SET_SHAPES = {**READ_WRITE, CAS: Shape("[old, new]", "[old, new]")}
COUNT_SHAPES = {READ: Shape("none", "the sum", effects=False), "increment": Shape("the delta", "the delta")}


class ClientScript(Protocol):
    """A script of one client."""

    def start(self, thread: int) -> State:
        """The first state."""

    def operation(self, thread: int, state: State) -> Operation:
        """The next operation."""

    def after(self, thread: int, state: State, done: Completion) -> State:
        """The state after that operation."""


class ScriptedClients(msgspec.Struct, frozen=True):
    """All threads by one script. states: those of threads that have had an operation."""

    script: Any
    states: Mapping[int, State]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        """The next operation of a thread."""
        thread = context.thread
        return self.script.operation(thread, self.states.get(thread) or self.script.start(thread)), self

    def update(self, completion: Completion) -> Generator:
        """Go on with the thread whose operation ended."""
        thread = completion.thread
        before = self.states.get(thread) or self.script.start(thread)
        return ScriptedClients(self.script, {**self.states, thread: self.script.after(thread, before, completion)})


def scripted(name: str, script: ClientScript, shapes: Mapping[str, Shape]) -> Workload:
    """A workload of clients that go by a script."""
    return Workload(name, "", shapes, (), lambda size, _: ScriptedClients(script, {}), lambda _: ())


def done_well(done: Completion) -> bool:
    """Whether an operation ended ok."""
    return done.type is EventType.OK


class DecideByComparing:
    """Question after question, `name` and a number: propose an answer by compare-and-set, and read it if that does not
    say. State: number of the question, and whether it is to be read."""

    def __init__(self, name: str, proposals: tuple[str, ...]) -> None:
        self.name, self.proposals = name, proposals

    def start(self, thread: int) -> State:
        """Ask the first question."""
        return 0, False

    def operation(self, thread: int, state: State) -> Operation:
        """Propose, or read."""
        key = f"{self.name}{state[0]}"
        proposal = self.proposals[thread % len(self.proposals)]
        return Operation(READ, None, key) if state[1] else Operation(CAS, (None, proposal), key)

    def after(self, thread: int, state: State, done: Completion) -> State:
        """Go on to the next question when this one's answer is known, or could not be."""
        if done.operation.f == CAS and not done_well(done):
            return state[0], True
        return state[0] + 1, False


class DecideByReading(DecideByComparing):
    """The same by looking first: propose if there is no answer yet, and read again. State: number of the question, and
    the step."""

    def start(self, thread: int) -> State:
        """Ask the first question."""
        return 0, 0

    def operation(self, thread: int, state: State) -> Operation:
        """Read, write, or read."""
        key = f"{self.name}{state[0]}"
        proposal = self.proposals[thread % len(self.proposals)]
        return Operation(WRITE, proposal, key) if state[1] == 1 else Operation(READ, None, key)

    def after(self, thread: int, state: State, done: Completion) -> State:
        """Write where nothing was found, and read what was written."""
        number, step = state
        if done_well(done) and (step == 1 or (step == 0 and done.value is None)):
            return number, step + 1
        return number + 1, 0


class LockByComparing:
    """Lock after lock: taken by compare-and-set, used by a read of another key, and given back. State: number of the
    lock, step, and the name under which it is taken."""

    def start(self, thread: int) -> State:
        """Try the first lock."""
        return 0, "take", f"{thread}/0"

    def operation(self, thread: int, state: State) -> Operation:
        """Take, use, or give back."""
        number, step, name = state
        lock = f"lock{number}"
        if step == "use":
            return Operation(READ, None, f"used{number}")
        return Operation(CAS, (None, name) if step == "take" else (name, None), lock)

    def after(self, thread: int, state: State, done: Completion) -> State:
        """Use a lock that was taken, and go on to another one after it."""
        number, step, name = state
        if step == "take" and done_well(done):
            return number, "use", name
        if step == "use" or (step == "take" and done.type is EventType.INFO):
            return number, "give", name
        return self._another(thread, number)

    @staticmethod
    def _another(thread: int, number: int) -> State:
        return number + 1, "take", f"{thread}/{number + 1}"


class LockByReading(LockByComparing):
    """The same by looking first whether the lock is free, writing one's name, and looking whether it is there."""

    def start(self, thread: int) -> State:
        """Look at the first lock."""
        return 0, "look", f"{thread}/0"

    def operation(self, thread: int, state: State) -> Operation:
        """Look, take, look again, use, or give back."""
        number, step, name = state
        if step == "use":
            return Operation(READ, None, f"used{number}")
        if step in ("take", "give"):
            return Operation(WRITE, name if step == "take" else None, f"lock{number}")
        return Operation(READ, None, f"lock{number}")

    def after(self, thread: int, state: State, done: Completion) -> State:
        """Use a lock that one's name is in."""
        number, step, name = state
        found, well = done.value, done_well(done)
        if step == "look" and well and found is None:
            return number, "take", name
        if step == "take" and well:
            return number, "check", name
        if step == "check" and well and found == name:
            return number, "use", name
        if step == "use":
            return number, "give", name
        number = number + 1
        return number, "look", f"{thread}/{number}"


class ReplaceByComparing:
    """Values of some registers, in turn: read one, and replace it by compare-and-set. State: what was read, in a list;
    the ordinal of the next value."""

    registers = 20

    def start(self, thread: int) -> State:
        """Read first."""
        return [], 0

    def operation(self, thread: int, state: State) -> Operation:
        """Read, or replace what was read."""
        found, ordinal = state
        register = f"register{ordinal % self.registers}"
        return self._replace(register, found[0], f"{thread}/{ordinal}") if found else Operation(READ, None, register)

    def _replace(self, register: str, old: Any, new: str) -> Operation:
        return Operation(CAS, (old, new), register)

    def after(self, thread: int, state: State, done: Completion) -> State:
        """Replace what was read; then read the next one."""
        if done.operation.f == READ and done_well(done):
            return [done.value], state[1]
        return [], state[1] + 1


class ReplaceByReading(ReplaceByComparing):
    """The same by a write after the read."""

    def _replace(self, register: str, old: Any, new: str) -> Operation:
        return Operation(WRITE, new, register)


class SellByCounter:
    """Items, of which each thread stocks some, and then all sell one piece after the other of each, while they see one.
    State: step, and what was read of it. items: how many a thread stocks; stock: pieces of each."""

    def __init__(self, items: int, stock: int, threads: int) -> None:
        self.items, self.stock, self.threads = items, stock, threads

    def start(self, thread: int) -> State:
        """Stock first."""
        return 0, None

    def item(self, thread: int, step: int) -> str:
        """The item of a step: the own ones, and then all, each thread from another one on."""
        if step < self.items:
            return f"item{thread * self.items + step}"
        return f"item{(thread + step) % (self.items * self.threads)}"

    def operation(self, thread: int, state: State) -> Operation:
        """Stock, look, or sell."""
        step, seen = state
        if step < self.items:
            return self.put(self.item(thread, step))
        return self.sell(self.item(thread, step), seen) if seen else Operation(READ, None, self.item(thread, step))

    def put(self, item: str) -> Operation:
        """Stock an item."""
        return Operation("increment", self.stock, item)

    def sell(self, item: str, seen: Any) -> Operation:
        """Sell a piece."""
        return Operation("increment", -1, item)

    def after(self, thread: int, state: State, done: Completion) -> State:
        """Sell where a piece was seen, and go on to the next item."""
        step, seen = state
        there = done.value
        if step >= self.items and seen is None and done_well(done) and isinstance(there, int) and there > 0:
            return step, there
        return step + 1, None


class SellByComparing(SellByCounter):
    """The same with registers that are compared and set."""

    def put(self, item: str) -> Operation:
        """Stock an item."""
        return Operation(WRITE, self.stock, item)

    def sell(self, item: str, seen: Any) -> Operation:
        """Sell a piece."""
        return Operation(CAS, (seen, seen - 1), item)
