"""Programs of own stores: handlers that take an event and return effects.

A handler never blocks and never reads a clock, a file or a socket: it receives the time, and it returns effects. So
one and the same program runs in the simulator and as a process, and "acknowledged before it was synced" is the same
bug in both.

Pitfall: messages are immutable once sent; a write is durable only when its sync's token comes back; timers run on the
node's *monotonic* clock, which is not its wall clock."""

import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import CoroutineType, GeneratorType
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from splitbrain.harness.random_stream import RandomStream

Message = Any
"""A frozen `msgspec.Struct`: passed as it is in the simulator, as msgpack between processes."""


class Now(Struct, frozen=True, gc=False):
    """The time as the node sees it, in nanoseconds."""

    monotonic: int
    """Time of a clock that never steps; its rate may be wrong."""
    wall: int
    """The wall clock, which may be anything: offset, stepped, drifting."""


class Send(Struct, frozen=True, gc=False):
    """Send a message to another node; it may be lost, late, doubled or out of order."""

    to: str
    message: Message


class SetTimer(Struct, frozen=True, gc=False):
    """Call `on_timer(name)` after so many nanoseconds of monotonic time; replaces a running timer of that name."""

    name: str
    after: int


class CancelTimer(Struct, frozen=True, gc=False):
    """Forget a timer; nothing happens if it is not running."""

    name: str


class Reply(Struct, frozen=True, gc=False):
    """Answer a client's request, once. `request` is the handle that `on_request` was given."""

    request: int
    message: Message


class Append(Struct, frozen=True, gc=False):
    """Append bytes to a file. Until synced they may be lost, or torn, in a crash."""

    file: str
    data: bytes


class Replace(Struct, frozen=True, gc=False):
    """Put new contents in a file, atomically: after a crash either the old or the new contents are there. Whether
    the new ones are is certain only once synced."""

    file: str
    data: bytes


class Truncate(Struct, frozen=True, gc=False):
    """Cut a file to its first `length` bytes."""

    file: str
    length: int


class Sync(Struct, frozen=True, gc=False):
    """Make every earlier write of this node durable; then `on_durable(token)`, or `on_disk_error(token, errno)`."""

    token: int


class PowerCycle(Struct, frozen=True, gc=False):
    """Switch another node's power off, and on again, by a switch outside the network; then
    `on_power_cycled(now, node)`, a handler that only programs need that return this: what ran there before is dead, and
    what it had not synced is lost."""

    node: str


class Log(Struct, frozen=True, gc=False):
    """A line for the node's log, for people."""

    text: str


class Mark:
    """A message of the node to the test that runs it: `Mark("leader", term)`. No other node sees it, and nothing
    follows from it; invariants are watched by it, and faults may be aimed by it (`harness.marks`). Processes drop it.

    values: plain words and numbers, or tuples of them.
    """

    __slots__ = ("name", "values")

    def __init__(self, name: str, *values: Any) -> None:
        self.name = name
        self.values = values

    def __repr__(self) -> str:
        return f"Mark{(self.name, *self.values)!r}"


class ElectionMessage(Protocol):
    """Properties that a message between nodes may have, for an adversary that reads along. Both are optional.

    elects: the term in which it gives its receiver a vote; None if it gives none. leads: the term in which its sender
    says that it leads; None if it does not.
    """

    elects: int | None
    leads: int | None


Effect = Send | SetTimer | CancelTimer | Reply | Append | Replace | Truncate | Sync | PowerCycle | Log | Mark
Effects = Iterable[Effect]
NO_EFFECTS = (str, bytes, Mapping)
"""Types that can be walked through and are no list of effects all the same."""


class Role(Struct, frozen=True, gc=False):
    """The role that a node believes to have. It may be wrong: that is what tests are for."""

    name: str
    """"leader", "primary", "follower", …"""
    term: int = 0


NO_PROGRAMS = (Path(__file__).resolve().parent, Path(sys.base_prefix).resolve())
"""Folders whose files are no program's: the harness and Python."""


class Program(Protocol):
    """A node of an own store, driven by events. Made anew at each start: memory does not survive, only the disk.

    A handler that raises ends the node's process: `SystemExit` on purpose (its disk failed, say), after which it is
    started again at the heal of the fault; anything else as a crash that the run reports.
    """

    message_type: ClassVar[Any]
    """The union of all messages between nodes, for decoding on a real network."""
    request_type: ClassVar[Any]
    """The type of a client's request."""
    reply_type: ClassVar[Any]
    """The type of an answer to a client."""

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        """Start the node; `disk` is what survived."""

    def on_message(self, now: Now, sender: str, message: Message) -> Effects:
        """Take a message from another node."""

    def on_timer(self, now: Now, name: str) -> Effects:
        """Act on a timer set earlier, which has run out."""

    def on_request(self, now: Now, request: int, message: Message) -> Effects:
        """Take a client's request; answer with `Reply(request, …)`, now or later or never."""

    def on_durable(self, now: Now, token: int) -> Effects:
        """Take in that everything written before `Sync(token)` is durable."""

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        """Act on a sync that failed; nothing is known of the writes before it."""


class ProgramFactory(Protocol):
    """A maker of the program of one node of a cluster."""

    def __call__(self, name: str, nodes: Sequence[str], random: RandomStream) -> Program:
        """name: this node. nodes: all members, in order, this one included; none for a newcomer, which learns of them
        from those that it joins. random: its own stream."""


def handler_of(program: Any, name: str) -> Callable[..., Effects]:
    """A handler of a program by name; one that raises TypeError, in words, if the program has none."""
    found: Callable[..., Effects] | None = getattr(program, name, None)
    return (
        found if found is not None else partial(_missing, f"{type(program).__name__} has no {name}, and needs it now")
    )


def _missing(words: str, *arguments: Any) -> Effects:
    raise TypeError(words)


def effects_of(decided: Any) -> Effects:
    """The effects that a handler returned; TypeError, in words, if they would be lost: those that a generator returns,
    and those of a coroutine, which nobody awaits."""
    if isinstance(decided, GeneratorType):
        return _whole(decided)
    if isinstance(decided, CoroutineType):
        decided.close()
        raise TypeError("it is async, and a handler may not wait: without async it returns its effects")
    if decided is None or isinstance(decided, NO_EFFECTS) or not isinstance(decided, Iterable):
        what = "None" if decided is None else type(decided).__name__
        raise TypeError(f"it returned {what}, which is no list of effects; [] is one")
    return decided


def _whole(handler: "GeneratorType[Effect, None, Any]") -> Effects:
    """The effects that a generator yields; TypeError if it returns some too, which Python would drop."""
    returned = yield from handler
    if returned is not None:
        raise TypeError(
            f"it yields effects, so what it returns is lost, and it returned {type(returned).__name__}: "
            "yield those too, or return all in one list"
        )


def check_reply(program: Any, message: Message) -> None:
    """TypeError, in words, if a program answers a client with something that is not of its `reply_type`."""
    kind = program.reply_type
    if isinstance(kind, type) and kind is not Any and not isinstance(message, kind):
        raise TypeError(f"it answered a request with {message!r}, which is no {kind.__name__}")


def check_write(write: Append | Replace | Truncate) -> None:
    """TypeError, in words, for a write that names no file or writes something else than bytes."""
    if not isinstance(write.file, str):
        raise TypeError(f"it wrote to {write.file!r}, which is no name of a file")
    if not isinstance(write, Truncate) and not isinstance(write.data, bytes):
        raise TypeError(f"it wrote {write.data!r} to {write.file}: what is written is bytes")


def died_in_words(error: BaseException, handler: Callable[..., Effects]) -> str:
    """The reason that a program died or ended itself, in a sentence: the error, and the line of the program where it
    was raised; where it is the handler's answer that was wrong, the line where the handler begins. No line of the
    harness, none of Python's library, and none of the machine's folders."""
    text = str(error)
    if isinstance(error, SystemExit):
        text = text if error.code and not isinstance(error.code, int) else f"exit code {error.code or 0}"
    else:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_programs(frame.filename)]
    if frames:
        return f"{text} ({Path(frames[-1].filename).name}:{frames[-1].lineno})"
    code = getattr(handler, "__code__", None)
    if code is None or code.co_name == "<lambda>":
        return text
    return f"{text} ({Path(code.co_filename).name}:{code.co_firstlineno}, {handler.__name__})"


def _is_programs(filename: str) -> bool:
    """Whether a file is neither the harness's nor Python's."""
    path = Path(filename).resolve()
    return not filename.startswith("<") and not any(path.is_relative_to(folder) for folder in NO_PROGRAMS)
