"""What is etcd as a system under test? Options, claims, and how its members come to be.

The trap: two things are called by one name. `reads=serializable` reads are not serializable transactions: they are what
the asked member has, however old, and so etcd claims nothing of them.
"""

import os
import secrets
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from splitbrain.harness.client import ErrorTable, Shape, Shapes
from splitbrain.harness.deployment import Container, Deployment, External, Host, Process
from splitbrain.harness.errors import UsageError
from splitbrain.harness.logs import Pattern
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.etcd import audit, binaries
from splitbrain.targets.etcd.client import EtcdClient, Manners
from splitbrain.targets.etcd.containers import as_container
from splitbrain.targets.etcd.errors import ERRORS
from splitbrain.targets.etcd.gateway import Access, require_library
from splitbrain.targets.etcd.lock import LockRules
from splitbrain.targets.etcd.members import LOG_PATTERNS, as_host, as_process
from splitbrain.targets.etcd.watch import Positions

OPTIONS = (
    Option("version", "", "which release; by default the one that is here, 3.5.1 with the extra splitbrain[etcd]"),
    Option("binary", "", "the path of a server to use"),
    Option("upgrade_to", "", "the release that --nemesis upgrade takes the members to, at most one minor version on"),
    Option("image", "", "for containers: an image that holds etcd, instead of one built from the server"),
    Option("reads", "linearizable", "whether a member may answer from what it has", ("linearizable", "serializable")),
    Option("require_leader", True, "requests are refused at once by a member that knows of no leader"),
    Option("heartbeat_ms", 100, "how often a leader is heard of"),
    Option("election_ms", 1000, "after how long without a leader a new one is elected"),
    Option("snapshot_count", 0, "changes between snapshots, few: a lagging member needs one; 0: etcd's default"),
    Option("fsync", True, "off: a write is acknowledged before it is on disk, a weakness that a power loss shows"),
    Option("corrupt_check_seconds", 0, "how often members compare their data themselves; 0: never"),
    Option("strict_reconfig_check", False, "members change only while all have been connected for 5 s: etcd's default"),
    Option("lock_ttl_seconds", 2, "the lease of a lock; etcd raises it to 1.5 election timeouts"),
    Option("keep_alive", True, "the lease is renewed while the lock is held"),
    Option("lease_loss", "told", "a holder learns of a lost lease from etcd, or also from the time", ("told", "timed")),
    Option("lock_wait_seconds", 1.0, "how long an acquire waits"),
    Option("fencing", True, "the resource guarded by the lock refuses older tokens"),
    Option("endpoints", "", "an existing cluster, as URL+URL+…; its nodes are not hurt"),
    Option("ca", "", "for endpoints with TLS: file of the authority's certificate"),
    Option("cert", "", "likewise: file of the client's certificate"),
    Option("key", "", "likewise: file of the client's key"),
    Option("user", "", "for endpoints that ask for one: the user's name"),
    Option("password_env", "ETCD_PASSWORD", "the environment variable that holds the password"),
)

OPERATIONS: Shapes = {
    "read": Shape("none", "value, elements or list", effects=False),
    "write": Shape("value", "value"),
    "cas": Shape("[old, new]", "[old, new]"),
    "add": Shape("element", "element"),
    "append": Shape("element", "element"),
    "acquire": Shape("none", "none, with token"),
    "hold": Shape("seconds", "seconds, with token", effects=False),
    "use": Shape("none", "none, with token and revision"),
    "release": Shape("none", "none, with token"),
    "watch": Shape("watcher", "[[key, revision, value], …]", effects=False),
    "drain": Shape("watcher", "[[key, revision, value], …]", effects=False),
}

KNOWN_BUGGY = ("3.5.0", "3.5.1", "3.5.2")
"""Releases that may lose data when killed: etcd issue 13766."""


class Etcd:
    """etcd with the given settings; see the package for its operations."""

    name: ClassVar[str] = "etcd"
    summary: ClassVar[str] = "etcd, a key-value store on Raft: real processes, containers, or a cluster that exists"
    options: ClassVar[Sequence[Option]] = OPTIONS
    log_patterns: ClassVar[Sequence[Pattern]] = LOG_PATTERNS

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """UsageError if an option makes no sense."""
        self._binary = str(settings["binary"])
        self._endpoints = tuple(filter(None, str(settings["endpoints"]).split("+")))
        for url in self._endpoints:
            if not url.startswith(("http://", "https://")):
                raise UsageError(f"etcd: option endpoints is URL+URL+… with http:// or https://, not {url!r}")
        self._image = str(settings["image"])
        unknown = self._endpoints or self._image
        version = "" if unknown else binaries.resolve(str(settings["version"]), self._binary)
        self.settings: Mapping[str, Setting] = {**settings, "version": version}
        self._upgrade_to = str(settings["upgrade_to"])
        if self._upgrade_to:
            if self._endpoints:
                raise UsageError("etcd: option upgrade_to is for members of our own, not for endpoints")
            binaries.check_upgrade(version, self._upgrade_to)
        self._manners = self._made_manners()
        self._positions = Positions()

    @property
    def claims(self) -> Sequence[str]:
        """Linearizable and CP, as etcd's documentation says, unless members may answer from what they have, or promise
        what is not on disk."""
        return ("linearizable", "CP") if self.settings["reads"] == "linearizable" and self.settings["fsync"] else ()

    @property
    def deployments(self) -> Sequence[Deployment]:
        """Processes or containers of our own, processes on machines of yours, or the endpoints that were given."""
        if self._endpoints:
            return (External(self._endpoints),)
        process, container, host = self._upgraded()
        container = as_container(self._path, self._image, self.settings, container)
        if self._image:
            return (container,)
        return as_process(self._path, self.settings, process), container, as_host(self._path, self.settings, host)

    def _upgraded(self) -> tuple[Process | None, Container | None, Host | None]:
        """How members come to be after an upgrade."""
        if not self._upgrade_to:
            return None, None, None
        binary = partial(binaries.obtain, self._upgrade_to)
        settings = {**self.settings, "version": self._upgrade_to}
        return as_process(binary, settings), as_container(binary, "", settings), as_host(binary, settings)

    @property
    def operations(self) -> Shapes:
        """Registers, sets, lists, locks and watches."""
        return OPERATIONS

    @property
    def errors(self) -> ErrorTable:
        """What each error means."""
        return ERRORS

    def provide(self, deployment: Deployment) -> None:
        """See `harness.target.Provided`: find, fetch or build the server."""
        require_library()
        if not (self._endpoints or self._image):
            self._path()
        if self._upgrade_to:
            binaries.obtain(self._upgrade_to)

    def notices(self) -> Sequence[str]:
        """See `harness.target.Provided`: which version runs, and what is known of it."""
        if self._endpoints:
            return ()
        version = str(self.settings["version"])
        first = f"etcd of the image {self._image}" if self._image else f"etcd {version}"
        later = f", to be upgraded to {self._upgrade_to}" if self._upgrade_to else ""
        buggy = [one for one in (version, self._upgrade_to) if one in KNOWN_BUGGY]
        known = f"; {' and '.join(buggy)} is known to lose data when killed (etcd issue 13766)" if buggy else ""
        return (f"{first}{later}{known}",)

    def client(self, node: Node) -> EtcdClient:
        """A new client pinned to a member."""
        return EtcdClient(node, self._manners, self._positions)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """Who leads, as each member says."""
        return await audit.roles(nodes, self._manners.access)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `harness.target.Audited`: do all members hold the same data."""
        return await audit.audit(nodes, self._manners.access)

    def _path(self) -> Path:
        return binaries.obtain(str(self.settings["version"]), self._binary)

    def _made_manners(self) -> Manners:
        word = {name: str(value) for name, value in self.settings.items()}
        password = os.environ.get(word["password_env"], "") if word["user"] else ""
        if word["user"] and not password:
            raise UsageError(f"etcd: option user needs the password in the environment variable {word['password_env']}")
        ttl = int(self.settings["lock_ttl_seconds"] or 0)
        if ttl < 1:
            raise UsageError(f"etcd: option lock_ttl_seconds is at least 1, not {ttl}")
        rules = LockRules(
            ttl_seconds=ttl,
            keep_alive=bool(self.settings["keep_alive"]),
            timed=word["lease_loss"] == "timed",
            fencing=bool(self.settings["fencing"]),
            wait_seconds=float(self.settings["lock_wait_seconds"] or 0),
        )
        return Manners(
            access=Access(word["ca"], word["cert"], word["key"], word["user"], password),
            root=f"splitbrain/{secrets.token_hex(4)}/",
            serializable=word["reads"] == "serializable",
            with_leader=bool(self.settings["require_leader"]),
            lock=rules,
            clean=bool(self._endpoints),
        )
