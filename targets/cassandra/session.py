"""The driver's session with one node, which the clients that are pinned to the node share.

A session has one coordinator and no other: its node. The driver's retries and speculative executions are off, and no
statement is marked idempotent, so what was asked once is sent once. Replies are matched to requests by id, so a late
one never answers the next request. Statements are prepared on a thread that can only end within the driver's bounds.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from splitbrain.harness.operation import ErrorKind
from splitbrain.targets.cassandra.cql import NATIVE_PORT
from splitbrain.targets.cassandra.errors import ERRORS, translate_error
from splitbrain.targets.servers.access import CONNECT_SECONDS, PLAIN, Access
from splitbrain.targets.servers.driver import called_back, on_thread

PROTOCOL = 5
FORGOTTEN_SECONDS = 30.0
"""Time after which the driver forgets a request. Longer than any client waits: the client's deadline decides."""

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class CqlRequest:
    """A statement and its values.

    text: CQL, with `?` for each value. consistency: level of the read or write; of a lightweight transaction that of
    its commit, and `serial` that of its agreement. conditional: whether it is a lightweight transaction.
    """

    text: str
    values: tuple[object, ...] = ()
    consistency: str = "ONE"
    serial: str = "SERIAL"
    conditional: bool = False


class CassandraSession:
    """The session with one node. broken: whether its connection is gone."""

    def __init__(self, cluster: Any, session: Any) -> None:
        """cluster, session: the driver's."""
        self._cluster, self._session = cluster, session
        self._prepared: dict[str, asyncio.Task[Any]] = {}
        self.broken = False

    async def ask(self, request: CqlRequest) -> Rows:
        """The rows of the reply. ConnectionRefusedError: not sent; other errors: see the error table."""
        from cassandra import ConsistencyLevel

        try:
            bound = (await self._statement(request.text)).bind(request.values)
            bound.consistency_level = ConsistencyLevel.name_to_value[request.consistency]
            bound.serial_consistency_level = ConsistencyLevel.name_to_value[request.serial]
            return await self._sent(bound, request.conditional)
        except Exception as error:
            self.broken = self.broken or ERRORS.classify(error)[0] in (ErrorKind.REFUSED, ErrorKind.CONNECTION)
            raise

    async def define(self, text: str) -> None:
        """Carry out a statement that changes the schema, and wait until the nodes agree on it."""
        from cassandra.query import SimpleStatement

        await self._sent(SimpleStatement(text), conditional=False)

    async def close(self) -> None:
        """End it, and its threads."""
        await asyncio.to_thread(self._cluster.shutdown)

    async def _statement(self, text: str) -> Any:
        """Prepared once, for all clients. ConnectionRefusedError if it could not be: it was not executed."""
        preparing = self._prepared.get(text)
        if preparing is None or (preparing.done() and preparing.exception() is not None):
            preparing = self._prepared[text] = on_thread(self._session.prepare, text)
        try:
            return await asyncio.shield(preparing)
        except Exception as error:
            told = translate_error(error, conditional=False)
            if ERRORS.classify(told) == (ErrorKind.OTHER, True):
                raise told from error.__cause__
            raise ConnectionRefusedError(f"a statement could not be prepared: {told}") from error

    async def _sent(self, statement: Any, conditional: bool) -> Rows:
        def start(settle: Callable[[Any], None], fail: Callable[[Exception], None]) -> None:
            told = partial(translate_error, conditional=conditional)
            try:
                self._session.execute_async(statement).add_callbacks(settle, lambda error: fail(told(error)))
            except Exception as error:  # noqa: BLE001 - handed over, as the errors of the callback
                fail(told(error))

        return await called_back(start) or ()


def connected(address: str, *, client_timestamps: bool, access: Access = PLAIN) -> CassandraSession:
    """A new session with the node at an address; blocks. ConnectionRefusedError if it cannot be reached.

    client_timestamps: whether the client's clock stamps writes, and not the coordinator's.
    """
    from cassandra import policies
    from cassandra.auth import PlainTextAuthProvider
    from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
    from cassandra.query import tuple_factory

    profile = ExecutionProfile(
        load_balancing_policy=policies.WhiteListRoundRobinPolicy([access.host_and_port(address, NATIVE_PORT)[0]]),
        retry_policy=policies.FallthroughRetryPolicy(),
        speculative_execution_policy=policies.NoSpeculativeExecutionPolicy(),
        request_timeout=FORGOTTEN_SECONDS,
        row_factory=tuple_factory,
    )
    host, port, secure = access.host_and_port(address, NATIVE_PORT)
    cluster = Cluster(
        [host],
        port=port,
        auth_provider=PlainTextAuthProvider(access.user, access.password) if access.user else None,
        ssl_context=access.context if secure else None,
        protocol_version=PROTOCOL,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        reconnection_policy=policies.ConstantReconnectionPolicy(1.0, max_attempts=None),
        connect_timeout=CONNECT_SECONDS,
        control_connection_timeout=CONNECT_SECONDS,
        idle_heartbeat_interval=0,
        schema_metadata_enabled=False,
        token_metadata_enabled=False,
        monitor_reporting_enabled=False,
    )
    try:
        session = cluster.connect()
    except Exception as error:
        cluster.shutdown()
        if isinstance(error, NoHostAvailable):
            reasons = "; ".join(map(str, error.errors.values()))
            raise ConnectionRefusedError(f"no connection to {address}: {reasons}") from error
        raise
    session.use_client_timestamp = client_timestamps
    session.default_fetch_size = None
    return CassandraSession(cluster, session)
