"""Updates of a simulated run, and which happened before which (Lamport 1978), whatever their stamps say.

The simulator follows two relations. By every message: the order of each node, and from the sending of any message to
what its receiver does then. By messages that bring updates: from an update to what a node does that has taken it. The
first holds the second; a store whose other messages, such as questions of gossip, carry no stamp cannot know the rest.

An update is made where the mark `made` says so (its name, stamp, vector, and the wall clock of its node), and taken
where `has` does. A version of a register is made where the first message leaves that puts it, and is known to a node
that has handled a message with it; versions of one key are compared, for each key has clocks of its own.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from splitbrain.harness.environment import Environment
from splitbrain.harness.environments.sim import Sim
from splitbrain.harness.environments.sim.steps import ObservedProgram, StepRecorder
from splitbrain.harness.environments.sim.world import read_world, world_options
from splitbrain.harness.marks import MarkEvent, Marking
from splitbrain.harness.program import Effects, Message, Now, Program, ProgramFactory, handler_of
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.steps import SENT_ONLY
from splitbrain.targets.stores.replicas import Got, Put, word
from splitbrain.targets.stores.versions import Version

Dot = tuple[str, int]


@dataclass(frozen=True)
class StampedUpdate:
    """An update as it was made. past, brought: the numbers of those that happened before it, as bits, by every message
    and by those that bring updates. wall, at: the clock of its node, and true time, nanoseconds. key: of a version of a
    register; "" of an update whose clock is that of all keys."""

    dot: Dot
    stamp: int
    vector: Mapping[str, int]
    wall: int
    at: int
    past: int
    brought: int
    key: str = ""
    value: str = ""
    """The value of a version of a register."""


class HappenedBefore(StepRecorder):
    """Recorder of the updates of one run. It writes no steps down. Pitfall: a node that is killed forgets nothing
    here."""

    def __init__(self) -> None:
        super().__init__(1, 0)
        self.updates: list[StampedUpdate] = []
        self._numbers: dict[Dot, int] = {}
        self._past: dict[str, int] = defaultdict(int)
        """Node → what happened before what it does next, as bits."""
        self._brought: dict[str, int] = defaultdict(int)
        self._flown: list[int] = []
        """The past of each message when it was sent, by its number."""
        self._under_way: list[str] = []
        """The senders of messages of the current event, whose past is known at its end."""

    def environment(self, seed: int, knobs: str) -> Environment:
        """The simulator of a seed, in the world of these knobs, that is followed."""
        made = Sim(seed, world_options(read_world(knobs)), recorder=self)
        cast("Marking", made).marks.subscribe(self.hear, "made", "has")
        return made

    def programs(self, make: ProgramFactory) -> ProgramFactory:
        """Make programs whose events are followed."""

        def followed(name: str, nodes: Sequence[str], random: RandomStream) -> Program:
            made: Any = FollowedProgram(make(name, nodes, random), name, self)
            return made  # type: ignore[no-any-return]

        return followed

    def hear(self, event: MarkEvent) -> None:
        """Take in a mark."""
        if event.name == "made":
            dot, stamp, vector, wall = event.values
            past, brought = self._past[event.node], self._brought[event.node]
            self._made(event.node, StampedUpdate(dot, stamp, dict(vector), wall, event.time, past, brought))
        else:
            self._taken(event.node, self._numbers[event.values[0], event.values[1]])

    def sent(self, sender: str, to: str, message: Message, *, cut: bool, lossy: bool) -> None:
        """Note a message that is being sent."""
        for key, version in versions_in(message):
            if version.dot not in self._numbers:
                made = StampedUpdate(
                    version.dot, version.stamp, version.context, 0, self._now(), self._past[sender],
                    self._brought[sender], key, word(version.value),
                )  # fmt: skip
                self._made(sender, made)
        super().sent(sender, to, message, cut=cut, lossy=lossy)
        self._under_way.append(sender)

    def handled(self, sender: str, to: str, message: Message) -> int:
        """The number of the flight that a node handles now."""
        self.event_ended()
        number = super().handled(sender, to, message)
        if number != SENT_ONLY:
            self._past[to] |= self._flown[number]
        for _, version in versions_in(message):
            if version.dot in self._numbers:
                self._taken(to, self._numbers[version.dot])
        return number

    def event_ended(self) -> None:
        """Settle the past of the messages of the event before: it holds all that was done in it."""
        self._flown += [self._past[sender] for sender in self._under_way]
        self._under_way.clear()

    def _made(self, node: str, update: StampedUpdate) -> None:
        number = self._numbers[update.dot] = len(self.updates)
        self.updates.append(update)
        self._taken(node, number)

    def _taken(self, node: str, number: int) -> None:
        update = self.updates[number]
        self._past[node] |= 1 << number | update.past
        self._brought[node] |= 1 << number | update.brought


class FollowedProgram(ObservedProgram):
    """A program whose events are followed."""

    _recorder: HappenedBefore

    def on_message(self, now: Now, sender: str, message: Message) -> Effects:
        """See `Program`."""
        self._recorder.handled(sender, self._node, message)
        return handler_of(self._program, "on_message")(now, sender, message)

    def _handled(self, what: str, about: str, handler: Any, now: Now, *args: Any, flight: int = SENT_ONLY) -> Effects:
        self._recorder.event_ended()
        return super()._handled(what, about, handler, now, *args, flight=flight)


def versions_in(message: Message) -> Iterator[tuple[str, Version]]:
    """The versions that a message between replicas brings, with their keys; the key is "" of an answer, whose versions
    are not new."""
    if isinstance(message, Put | Got):
        key = message.key if isinstance(message, Put) else ""
        yield from ((key, version) for version in message.versions)
    else:
        yield from ((key, version) for key, versions in getattr(message, "items", ()) for version in versions)
