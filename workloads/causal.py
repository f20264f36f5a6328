"""Workload `causal`: clients read registers, then write one, and hand a token to a client on another node.

What must hold: causal consistency, by the order of each client, of what reads saw, and of tokens: who was handed one
sees all that the giver had seen and written. What breaks it: a copy that shows a write without the writes before it,
and a store that cannot be told what a token stands for, once a client that was handed one asks a node that is behind.
`--model causal-convergence` and `--model causal-memory` judge more strictly; `tokens=off` hands nothing on.

A client hands a token on after each write, and often after its last read before that: then the token stands for what
was only read. It takes the newest token that it was handed before it reads; whether there is one depends on timing. A
store whose clients are `TokenClient`s is told; of others the token is word of mouth: the history has it, the store
knows nothing of it.

Operations: `read` (ok value: the value, nil if never written), `write` (value: unique).
"""

from collections.abc import Mapping, Sequence

import msgspec

from splitbrain.checkers.causal.check import MODELS, CausalCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.generator import Answer, Completion, Context, Generator
from splitbrain.harness.operation import EventType, Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_latest_keys
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Size, Workload

MODEL = "causal-consistency"
OPTIONS = (
    Option("keys", 5, "number of registers", least=1),
    Option("tokens", True, "whether clients hand on tokens"),
    Option("reads", 2, "how many reads come before each write", least=1),
)
READS_GIVE = 0.5
"""Share of the last reads before a write that hand a token on."""


class Handing(msgspec.Struct, frozen=True):
    """Reads and a write in turn. handed: thread → the newest token that it was handed and has not taken yet. turns:
    thread → how many operations it has had since its last write."""

    size: Size
    keys: int
    reads: int
    tokens: bool
    handed: Mapping[int, str]
    turns: Mapping[int, int]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread = context.thread
        key, turn = f"k{context.draws.below(self.keys)}", self.turns.get(thread, 0)
        turns = {**self.turns, thread: (turn + 1) % (self.reads + 1)}
        gives = turn == self.reads or (turn == self.reads - 1 and context.draws.chance(READS_GIVE))
        token = f"{thread}.{context.ordinal}" if gives and self.tokens else None
        if turn == self.reads:
            value = self.size.unique(thread, context.ordinal)
            return Operation(WRITE, value, key, gives=token), self._after(self.handed, turns)
        taken = self.handed.get(thread)
        handed = {other: name for other, name in self.handed.items() if other != thread}
        return Operation(READ, None, key, takes=taken, gives=token), self._after(handed, turns)

    def update(self, completion: Completion) -> Generator:
        token = completion.operation.gives
        if token is None or completion.type is not EventType.OK:
            return self
        # Threads are pinned to the nodes in turn: the next one is at another node.
        receiver = (completion.thread + 1) % self.size.concurrency
        return self._after({**self.handed, receiver: token}, self.turns)

    def _after(self, handed: Mapping[int, str], turns: Mapping[int, int]) -> Generator:
        return Handing(self.size, self.keys, self.reads, self.tokens, handed, turns)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Rounds of each thread: read, perhaps after taking a token; write; hand a token to the next thread."""
    return Handing(size, int(settings["keys"] or 1), int(settings["reads"] or 1), bool(settings["tokens"]), {}, {})


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """Causal consistency."""
    return (CausalCheck(MODEL, MODELS[MODEL][1]),)


CAUSAL = Workload(
    name="causal",
    summary="clients read, write, and hand a token to a client on another node; causally consistent?",
    operations=READ_WRITE,
    options=OPTIONS,
    main=main,
    final=read_latest_keys,
    checkers=checkers,
)
