"""Process of a simulated node, from its start to its death: calls the program's handlers and carries out their effects.

A handler takes no time, unless the world says so (`BusyProcess`): then its effects come later than its decision, and
what arrives meanwhile waits. Everything that was meant for one process ends with it: timers, tokens of syncs, requests.

Pitfall: a stopped process loses nothing but messages beyond the bound of its backlog, so on going on it handles, in
order, what came due meanwhile; and a handler that raises kills the process, as an uncaught exception does anywhere.
"""

import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from msgspec import Struct

from splitbrain.harness.environments.sim.channel import ClientLink, SimChannel
from splitbrain.harness.environments.sim.clock import SimClock
from splitbrain.harness.environments.sim.disk import Disk
from splitbrain.harness.environments.sim.link import SendsMessages
from splitbrain.harness.environments.sim.log import NodeLog
from splitbrain.harness.environments.sim.power import PowerSwitch
from splitbrain.harness.environments.sim.scheduler import EventQueue
from splitbrain.harness.errors import InfrastructureError, SplitbrainError
from splitbrain.harness.marks import START, Marks
from splitbrain.harness.program import (
    Append,
    CancelTimer,
    Effects,
    Log,
    Mark,
    Message,
    PowerCycle,
    Program,
    Replace,
    Reply,
    Send,
    SetTimer,
    Sync,
    Truncate,
    check_reply,
    died_in_words,
    effects_of,
    handler_of,
)
from splitbrain.harness.random_stream import RandomStream


@dataclass
class SimHost:
    """The part of a node that outlives its processes. members: all nodes of the cluster. clients: the way to it.
    power: the switch by which nodes end each other.
    backlog_max: what a stopped or busy process can have waiting before messages and requests are lost. service_ns: mean
    time that a handler takes. stream: for how long each of them does. ended: called when a
    process ends, with why, or None if it was killed."""

    name: str
    members: tuple[str, ...]
    seed: int
    kernel: EventQueue
    clock: SimClock
    disk: Disk
    log: NodeLog
    links: Mapping[str, SendsMessages]
    marks: Marks
    clients: ClientLink
    power: PowerSwitch
    stream: RandomStream
    backlog_max: int
    service_ns: int = 0
    ended: Callable[[str | None], object] = lambda why: None


class AnswerChannel(Protocol):
    """The way of an answer to whoever asked."""

    def answer(self, number: int, message: Message) -> None:
        """Take the answer to the request of this number."""


OF_THE_DISK = ("on_start", "on_disk_error")
"""Handlers in which a program that ends itself refuses its disk, as it should; in any other that is its mistake."""


class PlannedTimer(Struct, frozen=True, gc=False):
    """A timer of a process. due: when, by its monotonic clock. time, place: when in virtual time, and its place among
    the entries of that instant. entry_time, entry: time and place of the entry in the queue that stands for it."""

    due: int
    time: int
    place: int
    entry_time: int
    entry: int


class EffectHandlers(dict[type, Callable[[Any], object]]):
    """Functions that carry out each kind of effect."""

    def __missing__(self, kind: type) -> Callable[[Any], object]:
        raise TypeError(f"a handler returned something of type {kind.__name__}, which is no effect")


def _no_program(*arguments: Any) -> Effects:
    """The handler of a process whose program is still to be made: there is nothing to handle yet."""
    raise RuntimeError("an event came before there was a program")


class SimProcess:
    """One incarnation. died: called once, with why in words if it died or ended by itself, or None if it was killed
    or refused its disk."""

    def __init__(self, machine: SimHost, died: "Callable[[SimProcess, str | None], None]") -> None:
        self._machine = machine
        self._kernel = machine.kernel
        self._clock = machine.clock
        self._links = machine.links
        self._name = machine.name
        self._publish = machine.marks.publish
        self._died = died
        self._program: Program
        self._on_message = self._on_request = self._on_durable = self._on_timer = _no_program
        self._timers: dict[str, PlannedTimer] = {}
        self._requests: dict[int, tuple[AnswerChannel, int]] = {}
        self._handles = count(1).__next__
        self._channels: dict[SimChannel, None] = {}
        self._stops = 0
        self._backlog: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._effects = EffectHandlers(
            {
                Send: self._send,
                SetTimer: self._set_timer,
                CancelTimer: lambda effect: self._timers.pop(effect.name, None),
                Reply: self._reply,
                Append: machine.disk.write,
                Replace: machine.disk.write,
                Truncate: machine.disk.write,
                Sync: lambda effect: machine.disk.sync(lambda errno: self._synced(effect.token, errno)),
                PowerCycle: lambda effect: machine.power.cycle(effect.node, lambda: self._power_cycled(effect.node)),
                Log: lambda effect: machine.log.write(effect.text),
                Mark: self._mark,
            }
        )
        self.alive = True
        self.death = 0
        """The true time at which it died, if it did."""
        self.left = False
        """Whether it ended itself on purpose."""

    def start(self, make: Callable[[], Program]) -> None:
        """Make the program and let it start on what is on the disk."""
        self._mark(Mark(START))
        SimProcess._handle(self, lambda now: self._made(make))
        if self.alive:
            self._handle(handler_of(self._program, "on_start"), self._machine.disk.contents())

    def receive(self, sender: str, message: Message) -> None:
        """A message from another node."""
        if self._stops:
            self._queue(self.receive, (sender, message))
        elif self.alive:
            self._handle(self._on_message, sender, message)

    def accept(self, channel: SimChannel) -> None:
        """Take a client's connection."""
        self._channels[channel] = None

    def hang_up(self, channel: SimChannel) -> None:
        """Forget the connection of a client that has closed it; its requests that arrived are handled all the same."""
        self._channels.pop(channel, None)

    def request(self, channel: AnswerChannel, number: int, message: Message) -> None:
        """A client's request."""
        if self._stops:
            self._queue(self.request, (channel, number, message))
        elif self.alive:
            handle = self._handles()
            self._requests[handle] = (channel, number)
            self._handle(self._on_request, handle, message)

    def stop(self) -> None:
        """Stop without dying; to be matched by `proceed`."""
        self._stops += 1

    def proceed(self) -> None:
        """Take back one `stop`. After the last, what waits is handled now, in the order in which it came due."""
        self._stops -= 1
        if self._stops or not self.alive:
            return
        for call, args in self._backlog:
            self._kernel.at(self._kernel.now, call, args)
        self._backlog.clear()

    def plan_timers_anew(self) -> None:
        """Plan all timers anew, as the rate of the monotonic clock has changed."""
        for name, timer in list(self._timers.items()):
            self._plan_timer(name, timer.due)

    def kill(self) -> None:
        """End at once: the disk loses what was not synced, and clients' connections break."""
        self._end(None)

    def _made(self, make: Callable[[], Program]) -> Effects:
        self._program = program = make()
        self._on_message = handler_of(program, "on_message")
        self._on_request = handler_of(program, "on_request")
        self._on_durable = handler_of(program, "on_durable")
        self._on_timer = handler_of(program, "on_timer")
        return ()

    def _handle(self, handler: Callable[..., Effects], *args: Any) -> None:
        """Call a handler and carry out what it decides."""
        try:
            self._carry_out(handler(self._clock.read(), *args))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - told apart there
            self._failed(handler, error)

    def _carry_out(self, decided: Effects) -> None:
        effects, publish = self._effects, self._publish
        for effect in decided if type(decided) is list else effects_of(decided):
            if type(effect) is Mark:
                publish(self._name, self._kernel.now, effect.name, effect.values)
            else:
                effects[type(effect)](effect)

    def _failed(self, handler: Callable[..., Effects], raised: BaseException) -> None:
        """A handler, or an effect of it, raised something. handler: whose it is, for the words if it is wrong."""
        if isinstance(raised, SplitbrainError):
            raise raised
        if isinstance(raised, MemoryError):
            raise InfrastructureError(f"{self._name} needed more memory than the run may have") from None
        why = died_in_words(raised, handler)
        if isinstance(raised, SystemExit):
            self.left = True
            self._machine.log.write(f"the process ended itself: {why}")
            self._end(None if getattr(handler, "__name__", "") in OF_THE_DISK else why)
        else:
            told = "".join(traceback.format_exception(raised))
            self._machine.log.write(f"the process died of an exception:\n{told}")
            self._end(why)

    def _end(self, why: str | None) -> None:
        self.alive = False
        self.death = self._kernel.now
        self._timers.clear()
        self._backlog.clear()
        self._machine.disk.crash()
        for channel in self._channels:
            channel.host_died(self)
        self._machine.ended(why)
        self._died(self, why)

    def _queue(self, call: Callable[..., object], args: tuple[Any, ...]) -> None:
        """Queue what came over the network, if there is room."""
        if self.alive and len(self._backlog) < self._machine.backlog_max:
            self._backlog.append((call, args))

    def _send(self, effect: Send) -> None:
        link = self._links.get(effect.to)
        if link is None:
            raise LookupError(f"it sent to {effect.to!r}, which is no member of the cluster")
        link.send(effect.message)

    def _reply(self, effect: Reply) -> None:
        asked = self._requests.pop(effect.request, None)
        if asked is None:
            raise LookupError(f"it answered request {effect.request}, which was answered before or never made")
        check_reply(self._program, effect.message)
        channel, number = asked
        channel.answer(number, effect.message)

    def _mark(self, mark: Mark) -> None:
        self._publish(self._name, self._kernel.now, mark.name, mark.values)

    def _set_timer(self, effect: SetTimer) -> None:
        after = effect.after
        self._plan_timer(effect.name, self._clock.monotonic() + (after if after > 0 else 0))

    def _plan_timer(self, name: str, due: int) -> None:
        """Plan a timer, in the place of one of that name. Where an entry of that one comes first, it is left to it to
        plan this one: most timers are set again before they are due."""
        kernel, time = self._kernel, self._clock.when(due)
        place = kernel.place()
        before = self._timers.get(name)
        if before is not None and before.entry_time <= time:
            self._timers[name] = PlannedTimer(due, time, place, before.entry_time, before.entry)
        else:
            self._timers[name] = PlannedTimer(due, time, place, time, place)
            kernel.at_place(time, place, self._timer_due, (name, place))

    def _timer_due(self, name: str, entry: int) -> None:
        timer = self._timers.get(name)
        if timer is None or timer.entry != entry:
            return
        if timer.place != entry:
            time = max(timer.time, self._kernel.now)  # later, if it waited while the process was stopped
            self._timers[name] = PlannedTimer(timer.due, time, timer.place, time, timer.place)
            self._kernel.at_place(time, timer.place, self._timer_due, (name, timer.place))
            return
        if self._stops:
            self._backlog.append((self._timer_due, (name, entry)))
            return
        del self._timers[name]
        self._handle(self._on_timer, name)

    def _synced(self, token: int, errno: int) -> None:
        if self._stops:
            self._backlog.append((self._synced, (token, errno)))
        elif not self.alive:
            return
        elif errno:
            self._handle(handler_of(self._program, "on_disk_error"), token, errno)
        else:
            self._handle(self._on_durable, token)

    def _power_cycled(self, node: str) -> None:
        if self._stops:
            self._backlog.append((self._power_cycled, (node,)))
        elif self.alive:
            self._handle(handler_of(self._program, "on_power_cycled"), node)


class BusyProcess(SimProcess):
    """A process whose handlers take time: what a handler decided is carried out later, and meanwhile nothing else is
    handled. If the process is stopped in between, its effects come when it goes on; if it dies, never."""

    def __init__(self, machine: SimHost, died: Callable[[SimProcess, str | None], None]) -> None:
        super().__init__(machine, died)
        self._busy = False
        self._inbox: deque[tuple[Callable[..., Effects], tuple[Any, ...]]] = deque()

    def _handle(self, handler: Callable[..., Effects], *args: Any) -> None:
        if self._busy:
            if len(self._inbox) < self._machine.backlog_max:
                self._inbox.append((handler, args))
            return
        try:
            self._think(handler, args)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - told apart there
            self._failed(handler, error)

    def _think(self, handler: Callable[..., Effects], args: tuple[Any, ...]) -> None:
        effects: list[Any] = []
        for effect in effects_of(handler(self._clock.read(), *args)):
            # A mark tells of the state as it was when the handler decided.
            if type(effect) is Mark:
                self._mark(effect)
            else:
                effects.append(effect)
        self._busy = True
        machine = self._machine
        taking = int(machine.stream.exponential(machine.service_ns))
        self._kernel.at(self._kernel.now + taking, self._act, (handler, effects))

    def _act(self, handler: Callable[..., Effects], effects: list[Any]) -> None:
        if self._stops:
            self._backlog.append((self._act, (handler, effects)))
            return
        if not self.alive:
            return
        self._busy = False
        try:
            self._carry_out(effects)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - told apart there
            self._failed(handler, error)
        if self._inbox and self.alive:
            handler, args = self._inbox.popleft()
            self._handle(handler, *args)
