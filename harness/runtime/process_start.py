"""Start of a process: with its number, what tells it from a later process that got the same number."""

from pathlib import Path


def started_ticks(pid: int) -> int:
    """The start of a process, in ticks since the boot. OSError if there is none."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
