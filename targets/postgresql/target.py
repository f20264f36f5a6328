"""PostgreSQL as a system under test: one server, or a primary with standbys that stream its log.

A client asks its node who the primary is and speaks to that; with reads=node a `read` is the node's own.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.copies import unmoved
from splitbrain.targets.postgresql.client import PostgreSQLClient, PostgreSQLSession
from splitbrain.targets.postgresql.errors import ERRORS
from splitbrain.targets.postgresql.software import SOFTWARE, lacking
from splitbrain.targets.servers.agreement import agreeing, same_data
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.sql.client import SQL_OPERATIONS, contents

NODE = Path(__file__).with_name("node.sh")
HBA = "local all all trust\nhost all all all trust\nhost replication all all trust\n"
ROLE = """SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'primary' WHEN EXISTS
(SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 'standby' ELSE 'detached' END"""


POSITION = """SELECT CASE WHEN pg_is_in_recovery()
THEN (SELECT concat(received_tli, ':') FROM pg_stat_wal_receiver) || pg_last_wal_replay_lsn()
ELSE (SELECT concat(('x' || substr(pg_walfile_name(at), 1, 8))::bit(32)::int, ':', at)
      FROM pg_current_wal_insert_lsn() AS at) END,
(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')"""
"""The timeline and how far a server has come in its log; and commits that wait for a standby, which has them before the
primary shows them."""
AUDIT_SECONDS = 20.0


class PostgreSQL(Server):
    """PostgreSQL with the given settings."""

    name = "postgresql"
    summary = "PostgreSQL, isolation levels and streaming replication: real processes, containers, or a cluster"
    software, port, schemes, folder, library = SOFTWARE, 5432, ("postgresql", "postgresqls"), True, "asyncpg"
    tools = ("sh", "unshare", "setpriv", "chown", "rm", "sleep", "timeout", "sort", "tail", "grep", "wc", "true")
    operations = SQL_OPERATIONS
    errors, client_class, default_workload, ready_seconds = ERRORS, PostgreSQLClient, "list-append", 90.0
    options = server_options(
        SOFTWARE,
        Option("isolation", "serializable", "of transactions", ("read-committed", "repeatable-read", "serializable")),
        Option("failover", "none", "whether a standby is promoted when the primary is lost", ("none", "promote")),
        Option("quorum", "0", "how many standbys must have a commit before it is acknowledged", ("0", "1", "2")),
        Option("commit", "on", "synchronous_commit: what they must have done", ("off", "local", "on", "remote_apply")),
        Option(
            "reads", "primary", "who answers a `read`: the primary, or the node that was asked", ("primary", "node")
        ),
        Option("fsync", True, "off: a commit is acknowledged before it is on disk"),
    )

    claims_source = (
        "PostgreSQL's manual, 13.2: read committed; repeatable read is snapshot isolation, whose snapshots are the "
        "latest; serializable. Of a server that keeps what it acknowledged, and that is the only one to answer"
    )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        kept = self.settings["fsync"] and self.word("commit") != "off" and self.word("failover") == "none"
        if not kept:
            return ()
        level = {"repeatable-read": "strong-snapshot-isolation"}.get(self.word("isolation"), self.word("isolation"))
        partitioned = () if self.one_copy else ("CP",)
        return (level, "linearizable", *partitioned) if self.word("reads") == "primary" else (level,)

    @property
    def one_copy(self) -> bool:
        """Whether a server by itself does all that is asked: no commit waits for a standby, and none takes over."""
        return self.word("failover") == "none" and not self.number("quorum")

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`: one is the primary, and commits would wait for standbys that are not there."""
        return {f"quorum={self.word('quorum')}": 1 + self.number("quorum")}

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        return {"node.sh": NODE.read_text(), "pg_hba.conf": HBA}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        others = ",".join(address for name, address in place.members.items() if name != place.name)
        if others and Path(program.path).is_dir() and (missing := lacking(Path(program.path))):
            raise InfrastructureError(
                f"postgresql: {version} as it is here has no {missing}, which standbys need: --nodes 1, or another "
                "version"
            )
        settings = {
            "listen_addresses": place.address,
            "port": self.port,
            "unix_socket_directories": "",
            "hba_file": place.folder / "pg_hba.conf",
            "shared_buffers": "32MB",
            "max_connections": 200,
            "dynamic_shared_memory_type": "mmap",
            "deadlock_timeout": "200ms",
            "log_min_error_statement": "panic",
            "fsync": "on" if self.settings["fsync"] else "off",
            "synchronous_commit": self.word("commit"),
            "wal_receiver_timeout": "4s",
            "wal_sender_timeout": "4s",
            "wal_retrieve_retry_interval": "500ms",
        }
        if others:
            settings["wal_keep_size"] = "256MB"  # not of 12 and older, which serve alone
            settings["primary_conninfo"] = (
                f"host={others} port={self.port} user=postgres connect_timeout=2 target_session_attrs=primary "
                f"application_name={place.name}"
            )
        if self.number("quorum"):
            settings["synchronous_standby_names"] = f"ANY {self.number('quorum')} ({','.join(place.members)})"
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        script = str(place.folder / "node.sh")
        who = (place.address, self.word("failover"), *place.members.values())
        return ["sh", script, program.path, *who, "--", *words]

    async def ready(self, place: Place) -> bool:
        (await PostgreSQLSession.connect(place.address, self.port)).close()
        return True

    async def role(self, node: Node) -> str:
        with closing(await PostgreSQLSession.connect(node.address, self.port, self.access)) as session:
            return str((await session.rows(ROLE))[0][0])

    async def settle(self, nodes: Sequence[Node]) -> None:
        """Return when one node is the primary and all others stream from it."""
        wanted = ["primary", *["standby"] * (len(nodes) - 1)]
        while sorted((await self.roles(nodes)).values()) != wanted:
            await asyncio.sleep(0.2)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """Whether standbys hold the same rows as their primary, once they have replayed its log so far."""
        if len(nodes) == 1:
            return agreeing("replicas", "one server, and no other copy")

        async def copy(node: Node) -> tuple[str, str]:
            with closing(await PostgreSQLSession.connect(node.address, self.port, self.access)) as session:
                return await unmoved(lambda: _position(session), lambda: contents(session))

        return await same_data("replicas", nodes, copy, AUDIT_SECONDS)


async def _position(session: PostgreSQLSession) -> str:
    """The place of a server in the log. ServerError if it follows nobody, or commits wait for a standby."""
    ((role,),) = await session.rows(ROLE)
    ((position, waiting),) = await session.rows(POSITION)
    if role == "detached" or waiting or position is None:
        raise ServerError(f"it is {role}, and {waiting} commits wait for a standby")
    return str(position)
