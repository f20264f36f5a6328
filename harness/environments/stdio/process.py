"""StdioProcess: one process of a node: the lines that it reads and prints, its clients, and what it was asked.

Pitfall: a process that reads nothing, as one that is stopped, keeps its senders waiting for ever if they wait. So what
does not fit in its pipe waits here, up to `BACKLOG_BYTES`; more is lost, as a full socket buffer loses it.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import IO

from splitbrain.harness.deployment import Body
from splitbrain.harness.environments.sim.channel import SimChannel
from splitbrain.harness.environments.stdio.wire import Envelope, MalformedLine, line_of, number_in, parse

BACKLOG_BYTES = 16 << 20
LINE_BYTES = 16 << 20
"""The longest line that is read."""
READ_BYTES = 1 << 16
STARTER = "c0"
"""The client that asks what a node has to answer before it is ready."""


@dataclass(frozen=True)
class RequestUnderWay:
    """A request under way. client: who asked. answer: takes the reply."""

    client: str
    request: Body
    answer: Callable[[Body], None]


class StdioProcess(asyncio.Protocol):
    """One process; the protocol of its standard output, and the host of its clients' channels.

    opening: what it is asked first, one after the other; `ready` is set when all is answered. send: takes messages that
    are for other nodes or for services. breach: told, once, how it broke the protocol: the end of "n1 …".
    """

    def __init__(
        self,
        name: str,
        opening: Sequence[Body],
        objection: Callable[[Body, Body], str],
        send: Callable[[Envelope], None],
        breach: Callable[[str], None],
        clients: Callable[[], int],
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self._opening = deque(opening)
        self._objection = objection
        self._send, self._breach = send, breach
        self._clients = clients
        self._buffer = bytearray()
        self._stdin: asyncio.WriteTransport | None = None
        self._stdout: asyncio.ReadTransport | None = None
        self._numbers = count(1)
        self._asked: dict[int, RequestUnderWay] = {}
        self._channels: dict[SimChannel, str] = {}
        self._over = False

    def begin(self, stdin: asyncio.WriteTransport, stdout: asyncio.ReadTransport) -> None:
        """Ask the first of what it has to answer, now that it can be reached."""
        self._stdin, self._stdout = stdin, stdout
        self._open()

    def write(self, line: bytes) -> None:
        """Let it read a line."""
        stdin = self._stdin
        if stdin is not None and not stdin.is_closing() and stdin.get_write_buffer_size() < BACKLOG_BYTES:
            stdin.write(line)

    def data_received(self, data: bytes) -> None:
        """Take what it printed."""
        if b"\n" not in data:
            self._buffer += data
            if len(self._buffer) > LINE_BYTES:
                self._broke(f"printed a line of more than {LINE_BYTES >> 20} MiB")
            return
        *lines, rest = bytes(self._buffer + data).split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            if line.strip() and not self._over:
                self._take(line + b"\n")

    def read_rest(self, stdout: IO[bytes]) -> None:
        """Take what it had printed before it ended, and has not been read."""
        with contextlib.suppress(OSError, ValueError):  # nothing is left, or all is read and closed
            while data := os.read(stdout.fileno(), READ_BYTES):
                self.data_received(data)

    def end(self) -> None:
        """Close: it has ended, or nobody listens any more. Its clients learn that their connections broke."""
        self._over = True
        if self._stdin is not None and not self._stdin.is_closing():
            self._stdin.abort()
        if self._stdout is not None:
            self._stdout.close()
        channels, self._channels = list(self._channels), {}
        self._asked.clear()
        for channel in channels:
            channel.host_died(self)

    def accept(self, channel: SimChannel) -> None:
        """See `harness.environments.sim.channel.PeerHost`."""
        if self._over:
            channel.host_died(self)
        else:
            self._channels[channel] = f"c{self._clients()}"

    def request(self, channel: SimChannel, request: int, message: Body) -> None:
        """See `harness.environments.sim.channel.PeerHost`."""
        if channel in self._channels:
            self._ask(self._channels[channel], message, lambda reply: channel.answer(request, reply))

    def hang_up(self, channel: SimChannel) -> None:
        """See `harness.environments.sim.channel.PeerHost`."""
        client = self._channels.pop(channel, None)
        self._asked = {number: asked for number, asked in self._asked.items() if asked.client != client}

    def _ask(self, client: str, request: Body, answer: Callable[[Body], None]) -> None:
        number = next(self._numbers)
        self._asked[number] = RequestUnderWay(client, request, answer)
        self.write(line_of(client, self.name, {**request, "msg_id": number}))

    def _open(self) -> None:
        """Ask the next thing that it has to answer before it is ready."""
        if self._opening:
            self._ask(STARTER, self._opening[0], self._opened)
        else:
            self.ready.set()

    def _opened(self, reply: Body) -> None:
        request = self._opening.popleft()
        if reply["type"] == "error":
            self._broke(f"answered {request['type']} with an error: {reply.get('text') or reply.get('code')}")
        else:
            self._open()

    def _take(self, line: bytes) -> None:
        try:
            envelope = parse(line, self.name)
        except MalformedLine as error:
            self._broke(str(error))
            return
        number = number_in(envelope.body, "in_reply_to")
        asked = None if number is None else self._asked.get(number)
        if number is None or asked is None or asked.client != envelope.dest:
            # What nobody waits for any more is lost, as a late reply.
            if not (envelope.dest[:1] == "c" and envelope.dest[1:].isdecimal()):
                self._send(envelope)
            return
        del self._asked[number]
        wrong = _wrong_type(asked.request, envelope.body) or self._objection(asked.request, envelope.body)
        if wrong:
            self._broke(wrong)
        else:
            asked.answer(envelope.body)

    def _broke(self, how: str) -> None:
        if not self._over:
            self._breach(how)


def _wrong_type(request: Body, reply: Body) -> str:
    """An objection to the type of a reply; empty if there is none."""
    expected, came = f"{request['type']}_ok", reply.get("type")
    if came in (expected, "error"):
        return ""
    return f"answered {request['type']} with a message of type {came!r}; due is {expected}, or error"
