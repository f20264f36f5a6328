"""Patroni as a system under test: PostgreSQL servers of which one is elected to be the primary, through etcd.

Each node is a server of etcd, Patroni, the PostgreSQL that Patroni runs, promotes and rewinds, and a proxy before the
primary. A client asks its node who the primary is and speaks to that, as with `postgresql`; with route=node it speaks
to its node's proxy alone, so that a split parts it from a primary on the other side.
"""

import importlib.metadata
import importlib.util
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from splitbrain.harness.announce import Say
from splitbrain.harness.deployment import Container, Deployment, External, Place
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.logs import CRASHES, TRACEBACK
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.etcd.target import SOFTWARE as ETCD
from splitbrain.targets.patroni_proxy import REST
from splitbrain.targets.postgresql import PostgreSQL
from splitbrain.targets.postgresql.client import PostgreSQLClient, PostgreSQLSession
from splitbrain.targets.postgresql.software import PACKAGED, PROGRAMS, lacking
from splitbrain.targets.postgresql.software import SOFTWARE as POSTGRESQL
from splitbrain.targets.postgresql.target import HBA
from splitbrain.targets.servers.server import ServerProgram, require, server_options

SOFTWARE = replace(
    POSTGRESQL,
    name="Patroni",
    sources=POSTGRESQL.sources[:1],
    described=f"of PostgreSQL, {PACKAGED}; or that of the folder that binary names",
    releases=re.escape(PACKAGED),
)
CLIENT, PEER, PROXY = 2379, 2380, 6432
"""Ports of etcd, and of the proxy."""
TIMES = {"ttl": 20, "loop_wait": 2, "retry_timeout": 5}
"""Seconds: the lease of the primary's key, the least that Patroni takes; how often it looks; how long it asks etcd."""
# PostgreSQL refuses to run as root; and a server's shared memory ends with its IPC namespace.
NODE = """set -u
python=$1 etcd=$2 proxy=$3
shift 3
"$python" -m splitbrain.targets.patroni_proxy $proxy &
"$etcd" --data-dir etcd --logger zap --log-level error "$@" &
if unshare --user --ipc --map-user=65534 --map-group=65534 true 2>/dev/null; then
  as="unshare --user --ipc --map-user=65534 --map-group=65534 --"
else
  chown -R 65534:65534 .
  as="setpriv --reuid=65534 --regid=65534 --clear-groups --"
fi
export HOME="$PWD" PYTHONUNBUFFERED=1
exec $as "$python" -m patroni patroni.json
"""
SYNCHRONOUS = {
    "off": {},
    "on": {"synchronous_mode": True},
    "strict": {"synchronous_mode": True, "synchronous_mode_strict": True},
}


class PatroniClient(PostgreSQLClient):
    """One logical client."""

    async def connected(self) -> PostgreSQLSession:
        if self.server.word("route") == "node":
            return await PostgreSQLSession.connect(self.address, PROXY)
        return await super().connected()


class Patroni(PostgreSQL):
    """PostgreSQL under Patroni with the given settings."""

    name, summary = "patroni", "Patroni, PostgreSQL whose primary is elected through etcd: real processes, or a cluster"
    software, library, client_class = SOFTWARE, "patroni", PatroniClient
    ready_seconds, recovery_seconds = 120.0, 25.0
    log_patterns = tuple(one for one in CRASHES if one is not TRACEBACK)
    """Patroni logs the traceback of an etcd that does not answer, and looks for another one."""
    options = server_options(
        SOFTWARE,
        *(option for option in PostgreSQL.options if option.name in ("isolation", "reads", "fsync")),
        Option(
            "synchronous",
            "off",
            "synchronous_mode: off: a commit waits for no standby; on: for one, if there is any; strict: for one",
            tuple(SYNCHRONOUS),
        ),
        Option(
            "route",
            "straight",
            "how a client gets to the primary: straight, or by its node, which passes it on",
            ("straight", "node"),
        ),
    )

    claims_source = (
        'patroni.readthedocs.io, "Replication modes": the default may lose what was committed last; with '
        "synchronous_mode a standby that may lack a commit is not promoted. PostgreSQL's manual, 13.2: the level of "
        "isolation. Nothing is said of reads by an old primary"
    )

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        if self.endpoints and self.word("route") == "node":
            raise UsageError(
                "patroni: option route=node is for nodes of our own, which have a proxy; with endpoints leave it out"
            )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`."""
        if self.word("synchronous") == "off" or not self.settings["fsync"]:
            return ()
        level = self.word("isolation")
        return ("snapshot-isolation" if level == "repeatable-read" else level,)

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`: with `strict` a commit waits for a standby."""
        return {f"synchronous={self.word('synchronous')}": 2 if self.word("synchronous") == "strict" else 1}

    @property
    def one_copy(self) -> bool:
        """False: another server takes over."""
        return False

    @property
    def deployments(self) -> Sequence[Deployment]:
        """No containers: what has no Python there is half a node."""
        return tuple(one for one in super().deployments if not isinstance(one, Container))

    def check_library(self) -> None:
        for module in ("patroni", "psycopg", "asyncpg"):
            require(self.name, module)

    def provide(self, deployment: Deployment, say: Say) -> None:
        super().provide(deployment, say)
        if not isinstance(deployment, External):
            ETCD.obtain(ETCD.resolve(""), say=say)

    @cached_property
    def _etcd(self) -> Path:
        return ETCD.obtain(ETCD.resolve(""))

    def obtain(self, version: str, say: Say) -> Path:
        """The programs of PostgreSQL, which the target `postgresql` shares."""
        return POSTGRESQL.obtain(version, self.binary, say)

    def notices(self) -> Sequence[str]:
        if self.endpoints:
            return ()
        patroni = importlib.metadata.version("patroni") if importlib.util.find_spec("patroni") else "of the extra"
        return (f"PostgreSQL {self.version}, Patroni {patroni}, etcd {ETCD.resolve('')}",)

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        return {"node.sh": NODE, "patroni.json": json.dumps(self._configuration(place), indent=1)}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        peers = {name: f"http://{address}:{PEER}" for name, address in place.members.items()}
        client = f"http://{place.address}:{CLIENT}"
        words = {
            "name": place.name,
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peers[place.name],
            "initial-advertise-peer-urls": peers[place.name],
            "initial-cluster": ",".join(f"{name}={url}" for name, url in peers.items()),
        }
        script = str(place.folder / "node.sh")
        proxy = " ".join((place.address, str(PROXY), *place.members.values()))
        return [
            "sh",
            script,
            sys.executable,
            str(self._etcd),
            proxy,
            *(f"--{name}={word}" for name, word in words.items()),
        ]

    def _configuration(self, place: Place) -> Mapping[str, Any]:
        """The file of a node's Patroni."""
        here, everybody = f"{place.address}:{self.port}", {"username": "postgres"}
        parameters = {
            "shared_buffers": "32MB",
            "max_connections": 200,
            "dynamic_shared_memory_type": "mmap",
            "deadlock_timeout": "200ms",
            "log_min_error_statement": "panic",
            "unix_socket_directories": "",
            "fsync": "on" if self.settings["fsync"] else "off",
            "wal_receiver_timeout": "4s",
            "wal_sender_timeout": "4s",
            "wal_retrieve_retry_interval": "500ms",
        }
        dynamic = {**TIMES, **SYNCHRONOUS[self.word("synchronous")], "postgresql": {"use_pg_rewind": True}}
        return {
            "scope": "splitbrain",
            "name": place.name,
            "restapi": {"listen": f"{place.address}:{REST}", "connect_address": f"{place.address}:{REST}"},
            "etcd3": {"hosts": [f"{address}:{CLIENT}" for address in place.members.values()]},
            "bootstrap": {"dcs": dynamic, "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, {"auth": "trust"}]},
            "postgresql": {
                "listen": here,
                "connect_address": here,
                "data_dir": f"{place.folder}/data",
                "bin_dir": str(self._bin),
                "pgpass": f"{place.folder}/pgpass",
                "authentication": {"superuser": everybody, "replication": everybody, "rewind": everybody},
                "parameters": parameters,
                "pg_hba": HBA.splitlines(),
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
            },
        }

    @property
    def _bin(self) -> Path:
        folder = self.program(self.version)
        if missing := lacking(folder):
            raise InfrastructureError(f"patroni: PostgreSQL {self.version} as it is here has no {missing}")
        return next((folder / path).parent for path in PROGRAMS if (folder / path).exists())
