"""What does a client do with an operation? It dispatches on its name; all of one client goes through one node.

The trap: a node that is paused accepts connections and answers nothing. So a client asks it a question before it sends
the first operation: what fails until then is certain not to have happened.
"""

from collections.abc import Awaitable, Callable, Mapping

from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.cassandra.counters import Counters
from splitbrain.targets.cassandra.errors import CassandraError
from splitbrain.targets.cassandra.lwt import AgreedRegisters
from splitbrain.targets.cassandra.manners import Manners
from splitbrain.targets.cassandra.plain import Registers
from splitbrain.targets.cassandra.session import Request, Session
from splitbrain.targets.cassandra.sessions import Line
from splitbrain.targets.cassandra.sets import Collections, Elements
from splitbrain.targets.cassandra.statements import COUNTER, REGISTER, SET, define, kind

ARE_YOU_THERE = Request("SELECT key FROM system.local")

Handler = Callable[[Operation], Awaitable[Outcome]]


class CassandraClient:
    """One logical client, pinned to one node."""

    def __init__(self, node: Node, manners: Manners) -> None:
        self._node, self._manners = node, manners
        self._line: Line | None = None
        self._session: Session | None = None
        self._handlers: Mapping[str, Handler] = {}
        self._readers: Mapping[str, Handler] = {}

    async def open(self) -> None:
        """Take part in the session with the node, and see whether it answers."""
        self._line = self._manners.sessions.join(self._node.address)
        session = await self._line.session()
        try:
            await session.ask(ARE_YOU_THERE)
        except CassandraError as error:
            raise ConnectionRefusedError(f"{self._node.name} does not answer: {error}") from error
        self._session = session
        self._offer(session)

    async def setup(self) -> None:
        """Make the tables."""
        await define(self._opened(), self._manners)

    async def invoke(self, operation: Operation) -> Outcome:
        """Carry out an operation. Raises what the error table knows."""
        if operation.f == "read":
            return await self._readers[kind(self._manners, operation.key)](operation)
        return await self._handlers[operation.f](operation)

    async def teardown(self) -> None:
        """Nothing: the cluster goes away with the run."""

    async def close(self) -> None:
        """Leave the session; the last client closes it."""
        line, self._line, self._session = self._line, None, None
        if line is not None:
            await self._manners.sessions.leave(line)

    def _offer(self, session: Session) -> None:
        manners = self._manners
        sets = Elements(session, manners) if manners.rows else Collections(session, manners)
        readers: dict[str, Handler] = {SET: sets.read}
        handlers: dict[str, Handler] = {"add": sets.add, "remove": sets.remove}
        if manners.lwt:
            agreed = AgreedRegisters(session, manners)
            readers[REGISTER] = agreed.read
            handlers |= {"write": agreed.write, "cas": agreed.cas, "append": agreed.append}
        else:
            registers, counters = Registers(session, manners), Counters(session, manners)
            readers |= {REGISTER: registers.read, COUNTER: counters.read}
            handlers |= {"write": registers.write, "append": registers.append, "increment": counters.increment}
        self._readers, self._handlers = readers, handlers

    def _opened(self) -> Session:
        if self._session is None:
            raise ConnectionRefusedError("the client is not open")
        return self._session
