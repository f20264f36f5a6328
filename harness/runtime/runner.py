"""Runner: an event loop that calls the handlers of a program of `harness.program` and carries out
the effects, as the simulator does, with real sockets, files and clocks.

Pitfall: a handler that raises ends the process, as any uncaught exception should; and effects of one handler are
carried out in order, but a sync ends later, while other messages are handled.
"""

import asyncio
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from splitbrain.harness.program import (
    Append,
    CancelTimer,
    Effects,
    Log,
    Mark,
    Now,
    PowerCycle,
    ProgramFactory,
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
from splitbrain.harness.runtime import frames
from splitbrain.harness.runtime.files import Files
from splitbrain.harness.runtime.peers import Peer
from splitbrain.harness.runtime.power import ProcessSwitch

CLIENT_PORT = 7410
PEER_PORT = 7411


def serve(
    factory: ProgramFactory, name: str, members: Mapping[str, str], folder: Path, seed: int, power: Path | None = None
) -> NoReturn:
    """Run one node until the process is ended.

    members: name → address of every node, in order. folder: where its files live. seed: of its random stream. power:
    the folder of the switch by which nodes end each other, if there is one.
    """
    program = factory(name, tuple(members), RandomStream(seed, "program", name))
    switch = None if power is None else ProcessSwitch(power)
    if switch is not None:
        switch.attach(name)
    runner = Runner(program, name, members, folder, switch)
    asyncio.run(runner.run())
    raise AssertionError("a node runs until it is ended")


class Runner:
    """One node being run."""

    def __init__(
        self, program: Any, name: str, members: Mapping[str, str], folder: Path, switch: ProcessSwitch | None = None
    ) -> None:
        self._switch = switch
        self._switching: dict[asyncio.Task[None], None] = {}
        self._program = program
        self._name = name
        self._address = members[name]
        self._peers = {peer: Peer(name, address, PEER_PORT) for peer, address in members.items() if peer != name}
        self._files = Files(folder, self._synced)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._requests: dict[int, tuple[asyncio.StreamWriter, int]] = {}
        self._last_request = 0
        self._carry: dict[type, Callable[[Any], None]] = {
            Send: self._send,
            SetTimer: self._set_timer,
            CancelTimer: self._cancel_timer,
            Reply: self._reply,
            Append: self._files.order,
            Replace: self._files.order,
            Truncate: self._files.order,
            Sync: self._files.order,
            PowerCycle: self._power_cycle,
            Log: lambda effect: log(effect.text),
            Mark: lambda mark: None,
        }

    async def run(self) -> None:
        """Start the program on what its files hold, then listen, until cancelled."""
        self._loop = asyncio.get_running_loop()
        contents = self._files.start()
        self._handle(self._program.on_start, contents)
        peers = await asyncio.start_server(self._serve_peer, self._address, PEER_PORT)
        clients = await asyncio.start_server(self._serve_client, self._address, CLIENT_PORT)
        log(f"{self._name} serves clients on {self._address}:{CLIENT_PORT}")
        await asyncio.gather(peers.serve_forever(), clients.serve_forever())

    def _handle(self, handler: Callable[..., Effects], *arguments: Any) -> None:
        try:
            for effect in effects_of(handler(Now(time.monotonic_ns(), time.time_ns()), *arguments)):
                self._carry[type(effect)](effect)
        except SystemExit as leave:
            end(f"the process ended itself: {died_in_words(leave, handler)}", 0)
        except Exception as error:  # noqa: BLE001 - whatever a program raises ends its process, and stands in its log
            end(f"{traceback.format_exc()}{died_in_words(error, handler)}", 1)

    def _send(self, effect: Send) -> None:
        self._peers[effect.to].send(effect.message)

    def _set_timer(self, effect: SetTimer) -> None:
        self._cancel_timer(CancelTimer(effect.name))
        self._timers[effect.name] = self._loop.call_later(max(0, effect.after) / 1e9, self._timer_due, effect.name)

    def _cancel_timer(self, effect: CancelTimer) -> None:
        if (timer := self._timers.pop(effect.name, None)) is not None:
            timer.cancel()

    def _timer_due(self, name: str) -> None:
        del self._timers[name]
        self._handle(handler_of(self._program, "on_timer"), name)

    def _synced(self, token: int, errno: int) -> None:
        if errno:
            self._loop.call_soon_threadsafe(self._handle, handler_of(self._program, "on_disk_error"), token, errno)
        else:
            self._loop.call_soon_threadsafe(self._handle, handler_of(self._program, "on_durable"), token)

    def _power_cycle(self, effect: PowerCycle) -> None:
        if self._switch is None:
            raise LookupError("it switched a node off, and there is no switch here")
        task = self._loop.create_task(self._switched(self._switch, effect.node))
        self._switching[task] = None
        task.add_done_callback(self._switching.pop)

    async def _switched(self, switch: ProcessSwitch, node: str) -> None:
        """Switch a node off, and tell the program; what cannot be switched ends this node."""
        try:
            await asyncio.to_thread(switch.cycle, node)
        except OSError as error:
            end(f"{node} could not be switched off: {error}", 1)
        self._handle(handler_of(self._program, "on_power_cycled"), node)

    def _reply(self, effect: Reply) -> None:
        check_reply(self._program, effect.message)
        writer, number = self._requests.pop(effect.request)
        if not writer.is_closing():
            writer.write(frames.frame((number, effect.message)))

    async def _serve_peer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            sender = await frames.read(reader, msgspec.msgpack.Decoder(str))
            if sender is not None and sender not in self._peers:
                raise frames.BadFrame(f"{sender!r} is no member")
            decoder = msgspec.msgpack.Decoder(self._program.message_type)
            while (message := await frames.read(reader, decoder)) is not None:
                self._handle(handler_of(self._program, "on_message"), sender, message)
        except OSError as error:
            log(f"closing the connection from peer {_peer(writer)}: {error}")
        finally:
            writer.close()

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = frames.numbered(self._program.request_type)
        try:
            while (asked := await frames.read(reader, decoder)) is not None:
                number, message = asked
                self._last_request += 1
                self._requests[self._last_request] = (writer, number)
                self._handle(handler_of(self._program, "on_request"), self._last_request, message)
        except OSError as error:
            log(f"closing the connection from client {_peer(writer)}: {error}")
        finally:
            writer.close()


def log(text: str) -> None:
    """A line of the node's log, with its own wall clock."""
    print(time.strftime("%H:%M:%S", time.gmtime()), text, flush=True)


def end(why: str, code: int) -> NoReturn:
    """End the process at once: nothing that was not synced is promised to anybody."""
    log(why)
    sys.stdout.flush()
    os._exit(code)


def _peer(writer: asyncio.StreamWriter) -> str:
    name = writer.get_extra_info("peername")
    return f"{name[0]}:{name[1]}" if name else "somebody"
