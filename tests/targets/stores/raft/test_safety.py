"""Raft under everything that a network, a disk and a crash may do, in any order that hypothesis can think of."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from splitbrain.harness.random_stream import RandomStream

from .bench import FIVE, THREE, RaftBench
from .safety import SafetyWatch, StepOdds, storm

SEEDS = int(os.environ.get("SPLITBRAIN_STORMS", "40"))
PICK = st.integers(0, 10_000)


class Storm(RuleBasedStateMachine):
    """One cluster in bad odds. Timers fire when they are due, early for nobody; all else in any order."""

    node = None
    bench: RaftBench
    watch: SafetyWatch

    @initialize(five=st.booleans(), seed=st.integers(0, 100), reads=st.sampled_from(["log", "index", "lease"]))
    def begin(self, five: bool, seed: int, reads: str) -> None:
        """A fresh cluster."""
        kind: dict[str, Any] = {} if self.node is None else {"node": self.node}
        self.bench = RaftBench(FIVE if five else THREE, seed, reads=reads, **kind)
        self.watch = SafetyWatch(self.bench)

    def some(self, names: list[str], pick: int) -> str:
        """One of these."""
        return names[pick % len(names)]

    @precondition(lambda self: self.bench.flights)
    @rule(picks=st.lists(PICK, min_size=1, max_size=12))
    def deliver(self, picks: list[int]) -> None:
        """Deliver messages, in any order."""
        for pick in picks:
            if self.bench.flights:
                self.bench.deliver(pick % len(self.bench.flights))
                self.watch.look()

    @precondition(lambda self: self.bench.flights)
    @rule(pick=PICK)
    def duplicate(self, pick: int) -> None:
        """Deliver a message that will arrive again."""
        self.bench.deliver(pick % len(self.bench.flights), keep=True)

    @precondition(lambda self: self.bench.flights)
    @rule(pick=PICK, count=st.integers(1, 10))
    def lose(self, pick: int, count: int) -> None:
        """Lose messages."""
        start = pick % len(self.bench.flights)
        del self.bench.flights[start : start + count]

    @precondition(lambda self: any(bed.syncs for bed in self.bench.beds.values()))
    @rule(pick=PICK)
    def sync(self, pick: int) -> None:
        """Let a disk do its work."""
        self.bench.sync(self.some([name for name, bed in self.bench.beds.items() if bed.syncs], pick))

    @precondition(lambda self: self.bench.up())
    @rule(pick=PICK)
    def time_out(self, pick: int) -> None:
        """Let a server have heard nothing for long."""
        self.bench.fire(self.some(self.bench.up(), pick), "election")

    @precondition(lambda self: self.bench.leaders())
    @rule(pick=PICK)
    def beat(self, pick: int) -> None:
        """A leader's heartbeat."""
        self.bench.fire(self.some(self.bench.leaders(), pick), "heartbeat")

    @precondition(lambda self: self.bench.up())
    @rule(pick=PICK, keep=st.integers(0, 3), torn=st.integers(0, 60))
    def crash(self, pick: int, keep: int, torn: int) -> None:
        """Let a server die, with some luck for what was not synced."""
        self.bench.crash(self.some(self.bench.up(), pick), keep, torn)

    @precondition(lambda self: len(self.bench.up()) < len(self.bench.names))
    @rule(pick=PICK)
    def restart(self, pick: int) -> None:
        """Let a dead server come back."""
        self.bench.start(self.some([name for name in self.bench.names if name not in self.bench.up()], pick))

    @precondition(lambda self: self.bench.up())
    @rule(pick=PICK)
    def write(self, pick: int) -> None:
        """Have a client write."""
        self.bench.write(self.some(self.bench.up(), pick), self.bench.fresh())

    @rule(seed=PICK, steps=st.integers(1, 150))
    def bustle(self, seed: int, steps: int) -> None:
        """Let much happen at once."""
        stream = RandomStream(seed, "bustle")
        storm(self.watch, StepOdds.drawn(stream), stream, steps)

    @precondition(lambda self: self.bench.up())
    @rule(pick=PICK, without=PICK)
    def calm(self, pick: int, without: int) -> None:
        """Run in a quiet time for all but perhaps one: somebody may be elected and entries spread."""
        away = self.bench.names[without % len(self.bench.names)]
        group = tuple(name for name in self.bench.names if name != away or without % 2)
        up = [name for name in self.bench.up() if name in group]
        if not up:
            return
        leaders = [name for name in self.bench.leaders() if name in group]
        if leaders:
            self.bench.fire(self.some(leaders, pick), "heartbeat")
        else:
            self.bench.wait(200)
            self.bench.fire(self.some(up, pick), "election")
        self.bench.settle(group)

    @invariant()
    def safe(self) -> None:
        """The five properties."""
        if hasattr(self, "watch"):
            self.watch.look()


Storm.TestCase.settings = settings(
    max_examples=int(os.environ.get("SPLITBRAIN_EXAMPLES", "60")),
    stateful_step_count=40,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    database=None,
)
TestStorm = Storm.TestCase


@pytest.mark.parametrize("first", range(0, SEEDS, 10))
def test_raft_is_safe_in_long_storms(first: int) -> None:
    """Runs longer than Hypothesis makes them, with probabilities of one kind each."""
    for seed in range(first, first + 10):
        stream = RandomStream(seed, "storm")
        bench = RaftBench(FIVE if stream.chance(0.3) else THREE, seed, reads=stream.choice(["log", "index", "lease"]))
        storm(SafetyWatch(bench), StepOdds.drawn(stream), stream, 1500)
