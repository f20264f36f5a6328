"""Programs that the mechanisms call, and what is to be installed where one is missing.

Pitfall: `/usr/sbin` is not on an ordinary user's PATH on Debian, and that is where `nft` and `ip` live.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from splitbrain.harness.errors import InfrastructureError

PACKAGES = {
    "ip": "iproute2",
    "tc": "iproute2",
    "nft": "nftables",
    "iptables-nft": "iptables",
    "iptables-nft-restore": "iptables",
    "strace": "strace",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "mount": "mount",
    "umount": "mount",
}
"""The Debian and Ubuntu package that holds each tool; most distributions use the same names."""

PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def find(tool: str) -> str | None:
    """The tool's path, or None."""
    return shutil.which(tool, path=PATH)


def missing(*tools: str) -> str | None:
    """One sentence naming what to install if any of the tools is missing, else None."""
    absent = [tool for tool in tools if find(tool) is None]
    if not absent:
        return None
    packages = sorted({PACKAGES.get(tool, tool) for tool in absent})
    return f"{' and '.join(absent)} not found: install {' and '.join(packages)} (apt install {' '.join(packages)})"


def path(tool: str) -> str:
    """The tool's path; InfrastructureError naming its package if it is missing."""
    found = find(tool)
    if found is None:
        raise InfrastructureError(missing(tool) or tool)
    return found


class Shell(Protocol):
    """A shell: runs a command somewhere: here, in a namespace, on another machine."""

    async def __call__(self, argv: Sequence[str], stdin: str = "") -> str:
        """Run a tool; its standard output. InfrastructureError with the command and what it said if it fails."""


@dataclass(frozen=True)
class LocalShell:
    """A shell of this machine, with commands behind a prefix such as `nsenter --net=…`."""

    prefix: tuple[str, ...] = ()

    async def __call__(self, argv: Sequence[str], stdin: str = "") -> str:
        command = (*self.prefix, path(argv[0]), *argv[1:])
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C", "PATH": PATH},
        )
        out, err = await process.communicate(stdin.encode())
        if process.returncode:
            raise InfrastructureError(f"`{' '.join(argv)}` failed: {err.decode(errors='replace').strip()[:500]}")
        return out.decode(errors="replace")
