"""What has splitbrain left in Docker, and who owns it? Everything it makes carries a label with its run and owner.

An owner is a process: boot, process namespace, id and start time, so that a number used again is not taken for it.
What nobody alive owns is removed at the next start, or by `splitbrain clean`. The trap: an owner in another process
namespace cannot be seen from here, so what it owns stays unless everything is to go.
"""

import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.harness.environments.docker.daemon import Daemon, absent, attempt
from splitbrain.harness.environments.linux import scratch, tools
from splitbrain.harness.errors import InfrastructureError

LABEL = "splitbrain"
"""On containers and networks: the run's id."""
OWNER = "splitbrain.owner"
FOLDER = "splitbrain.folder"
"""On networks: the scratch folder of the run."""
BUSY_SECONDS = 10.0
TABLE = re.compile(r"splitbrain(\d+)")
"""A network's name, and that of the nft table with its cuts."""


def table(number: int) -> str:
    """The name of a network by its number, and of the nft table with its cuts."""
    return f"splitbrain{number}"


def bridge(number: int) -> str:
    """The name of a network's bridge among this machine's interfaces."""
    return f"sbd{number}"


def labels(folder: Path) -> dict[str, str]:
    """Labels for what a new run makes, owned by this process. folder: its scratch folder."""
    return {LABEL: secrets.token_hex(4), OWNER: owner(os.getpid()), FOLDER: str(folder)}


def owner(pid: int) -> str:
    """What tells a process from all others, those of other boots and namespaces included. OSError if there is none."""
    started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{_boot()} {_namespace()} {pid} {started}"


def alive(mark: str) -> bool:
    """Whether an owner still lives, as far as can be told: one in another process namespace is said to."""
    try:
        boot, namespace, pid, _ = mark.split()
        if boot != _boot():
            return False
        return namespace != _namespace() or owner(int(pid)) == mark
    except (OSError, ValueError):
        return False


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)


@dataclass(frozen=True)
class Leftover:
    """One container or network."""

    kind: str
    id: str
    name: str
    run: str
    folder: Path
    owned: bool
    """Whether whoever made it still lives."""


def find(daemon: Daemon) -> list[Leftover]:
    """All containers and networks of all runs, containers first."""
    api, only = daemon.api, {"label": LABEL}
    containers = attempt(api.containers, all=True, filters=only)
    networks = attempt(api.networks, filters=only)
    return [
        *(_leftover("container", one, (one["Names"] or [one["Id"][:12]])[0].lstrip("/")) for one in containers),
        *(_leftover("network", one, one["Name"]) for one in networks),
    ]


def _leftover(kind: str, found: Mapping[str, Any], name: str) -> Leftover:
    marks = found["Labels"]
    return Leftover(kind, found["Id"], name, marks[LABEL], Path(marks.get(FOLDER, "")), alive(marks.get(OWNER, "")))


def remove(daemon: Daemon, run: str) -> None:
    """Remove everything in Docker that carries a run's label. Safe to call twice."""
    _remove(daemon, [one for one in find(daemon) if one.run == run])


def _remove(daemon: Daemon, found: Sequence[Leftover]) -> None:
    for one in found:
        deadline = time.monotonic() + BUSY_SECONDS
        while not _removed(daemon, one, time.monotonic() > deadline):
            time.sleep(0.1)


def _removed(daemon: Daemon, one: Leftover, last: bool) -> bool:
    """Try to remove it. False if it is still in use, as while somebody else removes its containers."""
    try:
        if one.kind == "container":
            attempt(daemon.api.remove_container, one.id, force=True, v=True)
        else:
            attempt(daemon.api.remove_network, one.id)
    except InfrastructureError as error:
        if not absent(error):
            if "active endpoints" not in str(error) or last:
                raise
            return False
    return True


def sweep(daemon: Daemon, *, everything: bool = False) -> list[Leftover]:
    """Remove what nobody alive owns, or really everything, with the nft tables and folders that belong to it; what was
    removed in Docker."""
    gone = [one for one in find(daemon) if everything or not one.owned]
    _remove(daemon, gone)
    for folder in {one.folder for one in gone}:
        if folder.parent == scratch.parent() and folder.name.startswith(scratch.PREFIX):
            scratch.clear(folder)
    _drop_tables()
    scratch.sweep()
    return gone


def _drop_tables() -> None:
    """Remove the tables of cuts whose bridge is gone; there may be a second Docker Engine here that has others."""
    if os.geteuid() != 0 or tools.missing("nft"):
        return
    nft = tools.path("nft")
    listed = subprocess.run([nft, "-j", "list", "tables", "bridge"], capture_output=True, check=False).stdout
    with contextlib.suppress(json.JSONDecodeError):  # a kernel without such tables lists nothing
        names = [item["table"]["name"] for item in json.loads(listed)["nftables"] if "table" in item]
        bridges = {name for _, name in socket.if_nameindex()}
        for name in names:
            found = TABLE.fullmatch(name)
            if found and bridge(int(found[1])) not in bridges:
                subprocess.run([nft, "delete", "table", "bridge", name], capture_output=True, check=False)
