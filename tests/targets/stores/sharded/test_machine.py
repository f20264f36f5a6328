"""Machines of data groups between which slots move, against one plain machine that has all keys."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.targets.stores.machine import Machine
from splitbrain.targets.stores.messages import Request
from splitbrain.targets.stores.sharded.machine import ShardMachine
from splitbrain.targets.stores.sharded.messages import DROP, FREEZE, INSTALL, MOVED
from splitbrain.targets.stores.sharded.partitioning import SLOTS, Partitioning
from splitbrain.targets.stores.sharded.rebalancing import entry

GROUPS = ("g1", "g2", "g3")
PARTITIONING = Partitioning("range", GROUPS, 1)
KEYS = st.integers(0, 11)
"""Keys of three slots."""
CHANGES = st.tuples(st.sampled_from(["write", "append", "read"]), KEYS, st.integers(0, 3))
STEPS = st.one_of(
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("move"), st.tuples(st.integers(0, 2), st.sampled_from(GROUPS))),
    st.tuples(st.just("late"), st.integers(0, 50)),
    st.tuples(st.just("again"), st.integers(0, 50)),
    st.tuples(st.just("restart"), st.sampled_from(GROUPS)),
)


class ShardTrial:
    """Three groups and the plain machine, with everything that was ever in a log."""

    def __init__(self) -> None:
        self.plain = Machine()
        self.groups = {group: self.new(group) for group in GROUPS}
        self.owners = list(PARTITIONING.owners)
        self.epoch = 0
        self.entries: list[tuple[str, Request]] = []
        self.asked: list[Request] = []

    def new(self, group: str) -> ShardMachine:
        made = ShardMachine()
        made.begin(group, PARTITIONING)
        return made

    def change(self, change: tuple[str, int, int]) -> None:
        """Ask every group, as if with each possible route: the owner answers like the plain machine, no other does."""
        f, key, value = change
        self.asked.append(Request(f, key, value, f"s{len(self.asked)}", 1))
        self.ask(self.asked[-1])

    def ask(self, request: Request) -> None:
        expected = self.plain.apply(request)
        owner = self.owners[PARTITIONING.slot(request.key)]
        for group, machine in self.groups.items():
            answer = machine.apply(request)
            assert answer is not None
            assert answer == expected if group == owner else answer.error == MOVED

    def again(self, number: int) -> None:
        """Ask again what was asked before."""
        if self.asked:
            self.ask(self.asked[number % len(self.asked)])

    def move(self, to_where: tuple[int, str]) -> None:
        """Move a slot."""
        slot, to = to_where
        source = self.owners[slot]
        if to != source:
            self.epoch += 1
            self.place(source, entry(FREEZE, slot, self.epoch, to))
            self.place(to, entry(INSTALL, slot, self.epoch, self.groups[source].state(slot)))
            self.place(source, entry(DROP, slot, self.epoch))
            self.owners[slot] = to

    def place(self, group: str, request: Request) -> None:
        self.entries.append((group, request))
        self.groups[group].apply(request)

    def late(self, number: int) -> None:
        """An entry of a move that is over comes again to its group."""
        if self.entries:
            group, request = self.entries[number % len(self.entries)]
            before = self.groups[group].account(0)
            self.groups[group].apply(request)
            assert self.groups[group].account(0) == before

    def restart(self, group: str) -> None:
        """Start a group anew from its snapshot."""
        copy = self.new(group)
        copy.restore(self.groups[group].dump())
        assert copy.account(0) == self.groups[group].account(0)
        self.groups[group] = copy


@given(st.lists(STEPS, max_size=40))
def test_moves_change_nothing_for_clients(steps: list[tuple[str, Any]]) -> None:
    trial = ShardTrial()
    for kind, what in steps:
        getattr(trial, kind)(what)
    for group, machine in trial.groups.items():
        assert [slot for slot in range(SLOTS) if machine.owns(slot)] == [
            slot for slot, owner in enumerate(trial.owners) if owner == group
        ]
