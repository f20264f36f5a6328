"""Client of an own store: one request a call, one answer or an exception.

A client that retries sends a request again, under its session and number, when it does not know what became of it:
after silence, a broken connection, or an answer that is in doubt. A store must not carry it out twice. Once in doubt,
a refusal proves nothing, for it speaks of the copy that was sent last.

Pitfall: the session's name. The store answers a repeated (session, sequence) with the first answer, so a name used
twice would make the second client hear the first one's results. A name is made of the node, the loop's clock (in a
simulation the virtual one, the same for the same seed; elsewhere monotonic nanoseconds of the machine) and a counter.
"""

import asyncio
from typing import Any

import msgspec

from splitbrain.harness.node import Channel, ChannelClosed, Node
from splitbrain.harness.operation import Operation, Outcome, Value
from splitbrain.targets.stores.machine import FORGET_AFTER
from splitbrain.targets.stores.messages import (
    EXPIRED,
    IN_DOUBT,
    NO_LEADER,
    PRECONDITION,
    UNAVAILABLE,
    Account,
    Request,
    Response,
    session_name,
)
from splitbrain.targets.values import frozen

PATIENCE_SECONDS = 0.4
"""Silence after which a request is sent again."""
PAUSE_SECONDS = 0.05
ATTEMPTS = 6
"""Sends of one request, at most."""

NEVER = "never written"
"""A value that nobody writes."""

OBSERVING = ("read", "members")
"""Operations that change nothing, and whose answer is their value."""


class StoreError(Exception):
    """An error answered by a node; `code` is its word in the error table."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Sessions:
    """Names of sessions, each given once: also to clients of another run against the same cluster; and what came of
    them, as long as the store remembers a session for sure."""

    def __init__(self) -> None:
        self._given = 0
        self._acknowledgements = 0
        self._last: dict[str, int] = {}
        """Of each session, how many acknowledgements there were when it was last heard of, the oldest first."""
        self.acknowledged: dict[str, int] = {}
        """Of each session, the number of its last request that was acknowledged and may have changed something."""
        self.refused: dict[str, int] = {}
        """Of each session that ended so, the number of its last request, which was refused for good."""
        self.retried = 0
        """Requests that were sent again."""

    def acknowledge(self, session: str, sequence: int) -> None:
        """Note the answer to a request that may have changed something."""
        self._acknowledgements += 1
        self.acknowledged[session] = sequence
        self._heard(session)

    def refuse(self, session: str, sequence: int) -> None:
        """Note a request that was refused for good."""
        self.refused[session] = sequence
        self._heard(session)

    def _heard(self, session: str) -> None:
        """Note when it was, and drop the sessions that have expired since they were heard of: each acknowledgement is
        an application at least."""
        self._last.pop(session, None)
        self._last[session] = self._acknowledgements
        while True:
            oldest, at = next(iter(self._last.items()))
            if at > self._acknowledgements - FORGET_AFTER:
                return
            del self._last[oldest]
            self.acknowledged.pop(oldest, None)
            self.refused.pop(oldest, None)

    def new(self, node: str) -> str:
        """A name that no other client has. Asked inside a running event loop."""
        self._given += 1
        clock = round(asyncio.get_running_loop().time() * 1e9)
        return session_name(node, clock, self._given)


class StoreClient:
    """One logical client, pinned to one node. tokens: whether a read says which revision its session has seen.
    compares: whether the store has compare-and-set."""

    def __init__(
        self, node: Node, sessions: Sessions, *, retries: bool = False, tokens: bool = False, compares: bool = True
    ) -> None:
        self._node = node
        self._tokens = tokens
        self._retries = retries
        self._compares = compares
        self._sessions = sessions
        self._channel: Channel | None = None
        self._session = ""
        self._sequence = 0
        self._ended = False
        """Whether the next request needs a new session."""
        self._seen: dict[Any, int] = {}

    @property
    def seen(self) -> Value:
        """The highest revision of each key that was written or read."""
        return dict(self._seen)

    @property
    def last_request(self) -> tuple[str, int]:
        """Session and number of the request sent last: its name in the marks `executed`."""
        return self._session, self._sequence

    def adopt(self, seen: Value) -> None:
        """See `TokenClient`."""
        for key, revision in seen.items():
            self._note(key, revision)

    def _note(self, key: Any, revision: int | None) -> None:
        if revision is not None and revision > self._seen.get(key, 0):
            self._seen[key] = revision

    async def open(self) -> None:
        """Connect and take a new session. ConnectionRefusedError if the node is down."""
        self._channel = await self._node.connect()
        self._begin_session()

    def _begin_session(self) -> None:
        """Go on under a name that is new."""
        self._session, self._sequence = self._sessions.new(self._node.name), 0
        self._ended = False

    async def setup(self) -> None:
        """Nothing to prepare, for keys exist as soon as they are written; but see that the store serves, by a cas that
        cannot succeed, or by a read where there is none. StoreError if it does not yet."""
        response = await (
            self._request("cas", "", [NEVER, NEVER]) if self._compares else self._request("read", "", None)
        )
        if response.error not in (None, PRECONDITION):
            raise StoreError(response.error, response.text)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out a read, write or cas. StoreError, or what the channel raises, as in the error table."""
        wanted = self._seen.get(operation.key) if operation.f == "read" and self._tokens else operation.value
        response = await self._carry_out(operation.f, operation.key, wanted)
        if operation.f not in OBSERVING:
            self._acknowledged(operation.key, response)
        if self._tokens:
            self._note(operation.key, response.revision)
        value = frozen(response.value) if operation.f in (*OBSERVING, "txn") else operation.value
        return Outcome.ok(value, response.revision)

    async def _carry_out(self, f: str, key: Any, value: Any) -> Response:
        """Send a request, and note whether it was acknowledged or refused for good. StoreError for an error."""
        response = await self._request(f, key, value)
        if response.error in (NO_LEADER, UNAVAILABLE) and f not in OBSERVING:
            self._sessions.refuse(self._session, self._sequence)
            self._ended = True
        if response.error is not None:
            raise StoreError(response.error, response.text)
        if f not in OBSERVING:
            self._sessions.acknowledge(self._session, self._sequence)
        return response

    def _acknowledged(self, key: Any, response: Response) -> None:
        """Note a change that was acknowledged."""

    async def teardown(self) -> None:
        """Nothing to undo."""

    async def close(self) -> None:
        """Disconnect."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    async def _request(self, f: str, key: Any, value: Any) -> Response:
        if self._channel is None:
            raise ConnectionRefusedError("the client is not open")
        if self._ended:
            self._begin_session()
        self._sequence += 1
        request = Request(f, key, value, self._session, self._sequence)
        if self._retries:
            return await self._insist(request)
        try:
            return await self._send(request, anew=False)
        except ConnectionRefusedError:
            # Nothing was sent, for the connection had broken before.
            return await self._send(request, anew=True)

    async def _insist(self, request: Request) -> Response:
        """Send a request until it is clear what became of it, or often enough; then what raised the doubt is raised."""
        doubt: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sessions.retried += 1
                await asyncio.sleep(PAUSE_SECONDS)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    response = await self._send(request, anew=attempt > 0)
            except (ChannelClosed, TimeoutError) as error:
                doubt = error
            except ConnectionRefusedError as error:
                if doubt is None:
                    raise
                doubt = ChannelClosed(f"{doubt}; when sent again: {error}")
            else:
                if (doubt is None and response.error != IN_DOUBT) or response.error in (None, PRECONDITION):
                    return response
                doubt = StoreError(EXPIRED if response.error == EXPIRED else IN_DOUBT, response.text)
                if response.error == EXPIRED:
                    break
        raise doubt or AssertionError("no attempt was made")

    async def _send(self, request: Request, *, anew: bool) -> Response:
        """Send it once; if again, over a new connection."""
        if anew or self._channel is None:
            await self.close()
            self._channel = await self._node.connect()
        response: Response = await self._channel.request(request)
        if response.error == EXPIRED:
            self._ended = True
        return response


async def ask_role(node: Node, seconds: float) -> str | None:
    """The role that a node believes to have; None if it does not answer in time, or not that."""
    value = await ask(node, "role", seconds)
    return str(value[0]) if isinstance(value, (list, tuple)) and value else None


async def ask_account(node: Node, seconds: float) -> Account | None:
    """A node's account of its copy; None if it does not answer in time."""
    value = await ask(node, "audit", seconds)
    return None if value is None else msgspec.convert(value, Account)


async def ask(node: Node, f: str, seconds: float) -> Any:
    """A node's answer to a question about itself; None if it does not in time, or does not know."""
    try:
        async with asyncio.timeout(seconds):
            channel = await node.connect()
            try:
                response = await channel.request(Request(f))
            finally:
                await channel.close()
    except (OSError, TimeoutError):
        return None
    return response.value if isinstance(response, Response) and response.error is None else None
