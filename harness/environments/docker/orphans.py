"""Orphans of runs in Docker: containers and networks, each with labels that name its run and owner.

What nobody alive owns is removed at the next start, or by `splitbrain clean`; see `real.orphans`.
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
from splitbrain.harness.environments.real.orphans import Orphan, alive, owner
from splitbrain.harness.errors import InfrastructureError

LABEL = "splitbrain"
"""On containers and networks: the run's id."""
OWNER = "splitbrain.owner"
FOLDER = "splitbrain.folder"
"""On networks: the scratch folder of the run."""
BUSY_SECONDS = 10.0
TABLE = re.compile(r"splitbrain(\d+)(_clients)?")
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


@dataclass(frozen=True)
class DockerOrphan(Orphan):
    """A container or network. folder: the scratch folder of its run."""

    id: str
    folder: Path


def find(daemon: Daemon) -> list[DockerOrphan]:
    """All containers and networks of all runs, containers first."""
    api, only = daemon.api, {"label": LABEL}
    containers = attempt(api.containers, all=True, filters=only)
    networks = attempt(api.networks, filters=only)
    return [
        *(_labelled("container", one, (one["Names"] or [one["Id"][:12]])[0].lstrip("/")) for one in containers),
        *(_labelled("network", one, one["Name"]) for one in networks),
    ]


def _labelled(kind: str, found: Mapping[str, Any], name: str) -> DockerOrphan:
    marks = found["Labels"]
    owned = alive(marks.get(OWNER, ""))
    return DockerOrphan(kind, name, marks[LABEL], owned, found["Id"], Path(marks.get(FOLDER, "")))


def remove(daemon: Daemon, run: str) -> None:
    """Remove everything in Docker that carries a run's label. Safe to call twice."""
    _remove(daemon, [one for one in find(daemon) if one.run == run])


def _remove(daemon: Daemon, found: Sequence[DockerOrphan]) -> None:
    for one in found:
        deadline = time.monotonic() + BUSY_SECONDS
        while not _removed(daemon, one, time.monotonic() > deadline):
            time.sleep(0.1)


def _removed(daemon: Daemon, one: DockerOrphan, last: bool) -> bool:
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


class DockerObjects:
    """All containers and networks of ours, with the nft tables and folders that belong to them."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._found: list[DockerOrphan] = []

    def found(self) -> Sequence[Orphan]:
        self._found = find(self._daemon)
        return self._found

    def remove(self, gone: Sequence[Orphan]) -> None:
        dead = [one for one in self._found if one in gone]
        _remove(self._daemon, dead)
        for folder in {one.folder for one in dead}:
            if folder.parent == scratch.parent() and folder.name.startswith(scratch.PREFIX):
                scratch.clear(folder)
        _drop_tables()


def _drop_tables() -> None:
    """Remove the tables of cuts whose bridge is gone; there may be a second Docker Engine here that has others."""
    if os.geteuid() != 0 or tools.missing("nft"):
        return
    nft = tools.path("nft")
    listed = subprocess.run([nft, "-j", "list", "tables"], capture_output=True, check=False).stdout
    with contextlib.suppress(json.JSONDecodeError):  # a kernel without such tables lists nothing
        tables = [item["table"] for item in json.loads(listed)["nftables"] if "table" in item]
        bridges = {name for _, name in socket.if_nameindex()}
        for one in tables:
            found = TABLE.fullmatch(one["name"])
            if found and bridge(int(found[1])) not in bridges:
                subprocess.run([nft, "delete", "table", one["family"], one["name"]], capture_output=True, check=False)
