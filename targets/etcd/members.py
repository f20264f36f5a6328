"""How does a member of etcd come to be? Its command line, when it is ready, and what its log says when it is ill.

The trap: `/health` of a member says yes only once it knows of a leader, so all are started before any is asked.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from splitbrain.harness.deployment import Host, Membership, Place, Process, Ready
from splitbrain.harness.injection import Compact, Defragment, Maintenance
from splitbrain.harness.logs import CRASHES, Pattern
from splitbrain.harness.options import Setting
from splitbrain.harness.verdict import Validity
from splitbrain.targets.etcd.errors import EtcdError
from splitbrain.targets.etcd.gateway import CLIENT_PORT, PEER_PORT, Gateway, revision_of
from splitbrain.targets.etcd.membership import Members

SERVER = "etcd"
"""The copy of the server in the folder of a member on a machine of its own."""
READY_SECONDS = 30.0
ASK_SECONDS = 1.0

LOG_PATTERNS: Sequence[Pattern] = (
    Pattern(
        re.compile(
            r"found data inconsistency with peers|found different hash values|checkInitialHashKV failed"
            r"|data corruption detected|found hash mismatch|alarm:CORRUPT|activated.*CORRUPT",
            re.IGNORECASE,
        ),
        "says that members hold different data",
        Validity.INVALID,
    ),
    Pattern(
        # Not a crash by itself: etcd logs the level "panic" and then panics.
        re.compile(r'"level":"panic"|tocommit\(\d+\) is out of range'),
        "gave up on a state that should not be",
        Validity.UNKNOWN,
    ),
    *CRASHES,
)
"""What to look for in the members' logs."""


class Common(TypedDict):
    """What members as processes and as containers have in common; see `harness.deployment.Served`."""

    ready: Ready
    port: int
    ready_seconds: float
    relative_waits: bool
    admin_calls: Mapping[type[Maintenance], Callable[[Place], Awaitable[None]]]
    membership: Membership
    tells_version: Callable[[Place], Awaitable[str]]


def common() -> Common:
    """See `Common`."""
    return {
        "ready": healthy,
        "port": CLIENT_PORT,
        "ready_seconds": READY_SECONDS,
        "relative_waits": True,
        "admin_calls": {Compact: compact, Defragment: defragment},
        "membership": Members(),
        "tells_version": version,
    }


def as_process(binary: Callable[[], Path], settings: Mapping[str, Setting], upgraded: Process | None = None) -> Process:
    """The deployment of members as processes. binary: where the server is, asked when the first one starts."""
    return Process(argv=lambda place: command(binary(), place, settings), upgraded=upgraded, **common())


def as_host(binary: Callable[[], Path], settings: Mapping[str, Setting], upgraded: Host | None = None) -> Host:
    """The deployment of members on machines of their own, each with a copy of the server in its folder."""
    return Host(
        argv=lambda place: command(place.folder / SERVER, place, settings),
        uploads=lambda: {SERVER: binary()},
        upgraded=upgraded,
        **common(),
    )


def command(binary: Path | str, place: Place, settings: Mapping[str, Setting]) -> list[str]:
    """The command line of a member."""
    peer, client = (f"http://{place.address}:{port}" for port in (PEER_PORT, CLIENT_PORT))
    members = ",".join(
        f"{name}=http://{address}:{PEER_PORT}" for name, address in (place.joins or place.members).items()
    )
    words = {
        "name": place.name,
        "data-dir": place.folder / "data",
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "initial-cluster": members,
        "initial-cluster-state": "existing" if place.joins else "new",
        "strict-reconfig-check": "true" if settings["strict_reconfig_check"] else "false",
        "initial-cluster-token": "splitbrain",
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
    return [str(binary), *(f"--{name}={value}" for name, value in words.items())]


async def healthy(place: Place) -> bool:
    """Whether a member serves: it knows of a leader, and no alarm is raised."""
    gateway = Gateway(place.address)
    try:
        async with asyncio.timeout(ASK_SECONDS):
            answer = await gateway.get("/health")
    except EtcdError:  # it answers, and says that it cannot serve
        return False
    finally:
        await gateway.close()
    return str(answer.get("health")) == "true"


async def version(place: Place) -> str:
    """Which version a member is."""
    gateway = Gateway(place.address)
    try:
        return str((await gateway.get("/version"))["etcdserver"])
    finally:
        await gateway.close()


async def compact(place: Place) -> None:
    """Forget all revisions before the present one, as this member knows it."""
    gateway = Gateway(place.address)
    try:
        revision = revision_of(await gateway.call("/v3/maintenance/status", {}))
        await gateway.call("/v3/kv/compaction", {"revision": str(revision), "physical": True})
    finally:
        await gateway.close()


async def defragment(place: Place) -> None:
    """Rewrite this member's file without holes."""
    gateway = Gateway(place.address)
    try:
        await gateway.call("/v3/maintenance/defragment", {})
    finally:
        await gateway.close()
