"""Recorder of the steps of simulated nodes, from one time to another: wraps each node's program and the links between
nodes, and changes nothing of what happens.

Messages are told apart by identity: the same object sent twice on one link is matched in the order of sending. Pitfall:
the state is looked at before and after each event, so a program whose `role` has effects would be another one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from splitbrain.harness.environments.sim.link import DirectedLink, Receive
from splitbrain.harness.program import (
    Append,
    CancelTimer,
    Effects,
    Log,
    Mark,
    Message,
    Now,
    PowerCycle,
    Program,
    ProgramFactory,
    Replace,
    Reply,
    SetTimer,
    Sync,
    Truncate,
    effects_of,
    handler_of,
)
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.state_text import state_text, value_text
from splitbrain.harness.steps import SENT_ONLY, NodeStep, RecordedFlight, RecordedSteps, difference

WORDS: Mapping[type, Callable[[Any], str]] = {
    SetTimer: lambda effect: f"timer {effect.name} in {effect.after / 1e6:.1f} ms",
    CancelTimer: lambda effect: f"timer {effect.name} cancelled",
    Reply: lambda effect: f"reply to the client: {value_text(effect.message)}",
    Append: lambda effect: f"{len(effect.data)} bytes appended to {effect.file}",
    Replace: lambda effect: f"{effect.file} replaced by {len(effect.data)} bytes",
    Truncate: lambda effect: f"{effect.file} cut to {effect.length} bytes",
    Sync: lambda effect: f"sync {effect.token} asked for",
    PowerCycle: lambda effect: f"{effect.node} to be switched off and on again",
    Log: lambda effect: f"log: {effect.text}",
    Mark: lambda effect: f"mark {effect.name} {' '.join(value_text(value, 60) for value in effect.values)}".rstrip(),
}
"""Each kind of effect in words; what is sent is told as a flight."""


class StepRecorder:
    """Recorder of what happens from `begin` to `end`, in nanoseconds since the start of the run."""

    def __init__(self, begin: int, end: int) -> None:
        self.begin, self.end = begin, end
        self._now: Callable[[], int] = lambda: 0
        self._nodes: tuple[str, ...] = ()
        self._steps: list[NodeStep] = []
        self._flights: list[RecordedFlight] = []
        self._messages: list[Message] = []
        """The message of each flight, which is kept so that no other has its identity."""
        self._sent_before: dict[tuple[str, str, int], list[int]] = {}
        """By sender, receiver and identity: numbers of flights, the first one sent first."""
        self._arrived: dict[tuple[str, str, int], list[int]] = {}
        """Flights that have arrived, and that their receiver has not handled yet."""
        self._known: set[str] = set()
        """Nodes whose state is known from a step before."""

    def attach(self, now: Callable[[], int], names: tuple[str, ...]) -> None:
        """Begin with a cluster of these nodes."""
        self._now, self._nodes = now, names

    @property
    def recording(self) -> bool:
        """Whether what happens now is recorded."""
        return self.begin <= self._now() <= self.end

    def steps(self) -> RecordedSteps:
        """Everything that was recorded. Flights that no step of the window saw, and that came before it, are left
        out."""
        shown = {
            number: flight
            for number, flight in enumerate(self._flights)
            if flight.sent <= self.end and (flight.arrived >= self.begin or flight.sent >= self.begin)
        }
        for number, flight in shown.items():
            flight.text = value_text(self._messages[number])
        return RecordedSteps(self.begin, self.end, self._nodes, self._steps, shown)

    def programs(self, make: ProgramFactory) -> ProgramFactory:
        """Make programs whose events are recorded."""

        def observed(name: str, nodes: Sequence[str], random: RandomStream) -> Program:
            made: Any = ObservedProgram(make(name, nodes, random), name, self)
            return made  # type: ignore[no-any-return]

        return observed

    def links(self, sender: str, links: Mapping[str, DirectedLink]) -> dict[str, "ObservedLink"]:
        """A node's links, with what is sent over them recorded."""
        return {to: ObservedLink(link, sender, to, self) for to, link in links.items()}

    def arrivals(self, to: str, receive: Receive, running: Callable[[], bool]) -> Receive:
        """The function that takes messages to a node, with what arrives recorded."""

        def observed(sender: str, message: Message) -> None:
            self._note_arrival((sender, to, id(message)), running=running())
            receive(sender, message)

        return observed

    def ended(self, node: str, why: str | None) -> None:
        """Note that a node's process has ended. why: None if it was killed."""
        self._known.discard(node)
        if self.recording:
            self._steps.append(NodeStep(node, self._now(), "ended", why or "killed"))

    def sent(self, sender: str, to: str, message: Message, *, cut: bool, lossy: bool) -> None:
        """Note a message that is being sent. cut, lossy: whether its link is cut, or may lose it."""
        number = len(self._flights)
        fate = "cut" if cut else "lost" if lossy else "under way"
        self._flights.append(RecordedFlight(sender, to, "", self._now(), fate=fate))
        self._messages.append(message)
        self._sent_before.setdefault((sender, to, id(message)), []).append(number)

    def handled(self, sender: str, to: str, message: Message) -> int:
        """The number of the flight that a node handles now; SENT_ONLY if it is not known."""
        waiting = self._arrived.get((sender, to, id(message)))
        if not waiting:
            return SENT_ONLY
        number = waiting.pop(0)
        if not waiting:
            del self._arrived[sender, to, id(message)]
        return number

    def note(self, step: NodeStep, before: Mapping[str, str]) -> None:
        """Keep a step of a program whose state was this before."""
        if step.node not in self._known:
            self._known.add(step.node)
            step = NodeStep(
                step.node, step.time, step.what, step.about, step.sender, step.flight, step.sent, step.effects, before,
                step.changes,
            )  # fmt: skip
        self._steps.append(step)

    @property
    def flown(self) -> int:
        """The number of messages that were sent so far."""
        return len(self._flights)

    def _note_arrival(self, name: tuple[str, str, int], *, running: bool) -> None:
        numbers = self._sent_before.get(name, ())
        if not numbers:
            return
        flights = self._flights
        number = next((n for n in numbers if flights[n].arrived == SENT_ONLY), numbers[-1])
        if flights[number].arrived == SENT_ONLY:
            flights[number].arrived, flights[number].fate = self._now(), "arrived" if running else "nobody"
        else:
            flights[number].again += 1
        if running:
            self._arrived.setdefault(name, []).append(number)


class ObservedLink:
    """A link that tells a recorder what is sent over it."""

    def __init__(self, link: DirectedLink, sender: str, to: str, recorder: StepRecorder) -> None:
        self._link, self._ends, self._recorder = link, (sender, to), recorder

    def send(self, message: Message) -> None:
        """Send a message, see `DirectedLink.send`."""
        link = self._link
        lossy = bool(link.impairs or link.limps or link.shortenings or link.withholdings)
        self._recorder.sent(*self._ends, message, cut=bool(link.cuts), lossy=lossy)
        link.send(message)


class ObservedProgram:
    """A program whose events are recorded; it does and has what the program does and has."""

    def __init__(self, program: Program, node: str, recorder: StepRecorder) -> None:
        self._program, self._node, self._recorder = program, node, recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._program, name)

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """See `Program`."""
        about = ", ".join(f"{file}: {len(data)} bytes" for file, data in disk.items()) or "an empty disk"
        return self._handled("start", about, handler_of(self._program, "on_start"), now, disk)

    def on_message(self, now: Now, sender: str, message: Message) -> Effects:
        """See `Program`."""
        flight = self._recorder.handled(sender, self._node, message)
        handler = handler_of(self._program, "on_message")
        return self._handled("message", value_text(message), handler, now, sender, message, flight=flight)

    def on_timer(self, now: Now, name: str) -> Effects:
        """See `Program`."""
        return self._handled("timer", name, handler_of(self._program, "on_timer"), now, name)

    def on_request(self, now: Now, request: int, message: Message) -> Effects:
        """See `Program`."""
        return self._handled(
            "request", value_text(message), handler_of(self._program, "on_request"), now, request, message
        )

    def on_durable(self, now: Now, token: int) -> Effects:
        """See `Program`."""
        return self._handled("synced", f"sync {token}", handler_of(self._program, "on_durable"), now, token)

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """See `Program`."""
        about = f"sync {token}: errno {errno}"
        return self._handled("disk error", about, handler_of(self._program, "on_disk_error"), now, token, errno)

    def on_power_cycled(self, now: Now, node: str) -> Effects:
        """See `PowerCycle`."""
        return self._handled("switched off", node, handler_of(self._program, "on_power_cycled"), now, node)

    def _handled(
        self, what: str, about: str, handler: Callable[..., Effects], now: Now, *args: Any, flight: int = SENT_ONLY
    ) -> Effects:
        if not self._recorder.recording:
            return handler(now, *args)
        return self._recorded(what, about, flight, handler, (now, *args))

    def _recorded(
        self, what: str, about: str, flight: int, handler: Callable[..., Effects], args: tuple[Any, ...]
    ) -> Iterator[Any]:
        """The effects of a handler, one by one as they are carried out, and the step when all are."""
        recorder, program = self._recorder, self._program
        before, time, first = state_text(program), recorder._now(), recorder.flown
        words = []
        for effect in effects_of(handler(*args)):
            if type(effect) in WORDS:
                words.append(WORDS[type(effect)](effect))
            yield effect
        sender = args[1] if what == "message" else ""
        sent = tuple(range(first, recorder.flown))
        changes = difference(before, state_text(program))
        recorder.note(NodeStep(self._node, time, what, about, sender, flight, sent, words, None, changes), before)
