"""The sweep that removes what runs that were killed have left, in every real environment.

An environment names what it makes (folders, containers, rules) as an `OrphanSource`; `sweep` removes what nobody alive
owns.

Pitfall: a process id is used again, and may be written down by anybody. So an owner is known by boot, process
namespace, id and start time, and one in another process namespace, which cannot be seen from here, is taken to live.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from splitbrain.harness.environments.linux import scratch
from splitbrain.harness.runtime.process_start import started_ticks


@dataclass(frozen=True)
class Orphan:
    """Something that a run has made. kind: "container", "network", "folder", "rules". owned: its run still lives."""

    kind: str
    name: str
    run: str
    owned: bool


class OrphanSource(Protocol):
    """One kind of place in which runs leave something."""

    def found(self) -> Sequence[Orphan]:
        """All that runs have made there, in the order in which it is to be removed."""

    def remove(self, gone: Sequence[Orphan]) -> None:
        """Remove some of what was found; what has gone meanwhile is no error."""


def sweep(sources: Sequence[OrphanSource], *, everything: bool = False) -> list[Orphan]:
    """Remove what nobody alive owns, or really everything; what that was."""
    swept: list[Orphan] = []
    for source in sources:
        gone = [one for one in source.found() if everything or not one.owned]
        source.remove(gone)
        swept += gone
    return swept


class ScratchFolders:
    """The folders of `linux.scratch`. Those that are held, too young, or another user's are never among them."""

    def found(self) -> Sequence[Orphan]:
        return [Orphan("folder", str(folder), folder.name, owned=False) for folder in scratch.abandoned()]

    def remove(self, gone: Sequence[Orphan]) -> None:
        for one in gone:
            scratch.clear(Path(one.name))


def owner(pid: int) -> str:
    """Identity of a process among all others, those of other boots and namespaces included. OSError if there is
    none."""
    return f"{_boot()} {_namespace()} {pid} {started_ticks(pid)}"


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
