"""Workload `session`: sessions of clients that read and write a few registers, and move between nodes.

What must hold: the session guarantees of Terry et al. (1994), each judged by itself: read your writes, monotonic reads,
monotonic writes, writes follow reads. What breaks them: a session that goes on at a node whose copy is behind, or whose
node answers from a copy that is behind. With `sticky=on` sessions stay at their node, and what breaks them then is a
node that does not answer from its own copy, or whose copy goes back. `token=off` has a session leave behind what a
store gave it to tell other nodes what it has seen.

A session is carried on by one client at a time, for `steps` operations; then by the client, of another node where
possible, that asks next. There are more sessions than clients, so that none waits.

Operations: `write` (value: unique), `read` (ok value: the value, nil if never written); each with the name of its
session.
"""

from collections.abc import Mapping, Sequence

import msgspec

from splitbrain.checkers.sessions.check import MODELS, SessionCheck
from splitbrain.harness.checker import Checker
from splitbrain.harness.generator import Answer, Completion, Context, Generator
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Option, Setting
from splitbrain.workloads.final import read_latest_keys
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Size, Workload

OPTIONS = (
    Option("sticky", False, "whether sessions stay at their node"),
    Option("token", True, "whether a session that moves takes along what the store gave it"),
    Option("steps", 1, "after how many operations a session moves", least=1),
    Option("keys", 3, "number of registers", least=1),
    Option("write_share", 0.5, "share of writes among operations, 0 to 1", least=0, most=1),
)


class MovingSessions(msgspec.Struct, frozen=True):
    """Sessions, carried on by whichever client asks. at: thread → its session, and how many operations it has had of
    it. free: sessions that nobody carries on, and the node where each was last (-1: nowhere), the latest first: a copy
    that is behind is seen soon or not at all."""

    size: Size
    steps: int
    keys: int
    write_share: float
    token: bool
    at: Mapping[int, tuple[int, int]]
    free: tuple[tuple[int, int], ...]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        thread = context.thread
        node = thread % self.size.nodes
        session, done = self.at.get(thread, (-1, self.steps))
        free = self.free
        if done >= self.steps:
            taken = next((place for place, (_, last) in enumerate(free) if last != node), 0)
            left = () if session < 0 else ((session, node),)
            session, done = free[taken][0], 0
            free = (*left, *free[:taken], *free[taken + 1 :])
        at = {**self.at, thread: (session, done + 1)}
        following = MovingSessions(self.size, self.steps, self.keys, self.write_share, self.token, at, free)
        return operation(context, self.size, self.keys, self.write_share, f"s{session}", self.token), following

    def update(self, completion: Completion) -> Generator:
        return self


class StickySessions(msgspec.Struct, frozen=True):
    """Sessions that stay with their client, also when its process is replaced."""

    size: Size
    keys: int
    write_share: float
    token: bool

    def next(self, context: Context) -> tuple[Answer, Generator]:
        name = f"s{context.thread}"
        return operation(context, self.size, self.keys, self.write_share, name, self.token), self

    def update(self, completion: Completion) -> Generator:
        return self


def operation(context: Context, size: Size, keys: int, write_share: float, session: str, token: bool) -> Operation:
    """An operation of a session."""
    key, carried = f"k{context.draws.below(keys)}", session if token else None
    if context.draws.chance(write_share):
        value = size.unique(context.thread, context.ordinal)
        return Operation(WRITE, value, key, session=session, takes=carried, gives=carried)
    return Operation(READ, None, key, session=session, takes=carried, gives=carried)


def main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Reads and writes of sessions that move, or stay."""
    keys, share, token = int(settings["keys"] or 1), float(settings["write_share"] or 0), bool(settings["token"])
    if settings["sticky"]:
        return StickySessions(size, keys, share, token)
    free = tuple((session, -1) for session in range(size.concurrency + size.nodes))
    return MovingSessions(size, int(settings["steps"] or 1), keys, share, token, {}, free)


def checkers(settings: Mapping[str, Setting]) -> Sequence[Checker]:
    """The four session guarantees."""
    return [SessionCheck(name, guarantee) for name, (_, guarantee) in MODELS.items()]


SESSION = Workload(
    name="session",
    summary="sessions that move between nodes; does each see what it saw and wrote?",
    operations=READ_WRITE,
    options=OPTIONS,
    main=main,
    final=read_latest_keys,
    checkers=checkers,
)
