"""Traces of a run on a host, and the search for them when nobody cleaned up: a folder, processes, and nft tables.

All of them carry the run's name. The folder is held by a lock as long as the agent lives, so what carries the name of
a folder that nobody holds, or that is not there, was left behind.

Pitfall: the folders lie where every user may make some, and this may run as root. So only folders of this user count,
and a process is ended only if it is the one that the folder was made by: same id, start and user, with the lock open.
Pitfall: programs may overwrite their environment, where the name stands; so also those that work in the folder are the
run's.
"""

import contextlib
import fcntl
import json
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from splitbrain.harness.environments.linux import processes, scratch, tools
from splitbrain.harness.environments.real.orphans import Orphan, sweep
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.runtime.process_start import started_ticks

PARENT = Path("/var/tmp")
PREFIX = "splitbrain.host."
NAME = re.compile(r"[0-9a-f]{8,}")
MARK = "SPLITBRAIN_RUN"
"""The environment variable that names the run to its processes."""
RULES = re.compile(r"splitbrain_([0-9a-f]{8,})")
CHAINS = ("iptables-nft", "-t", "mangle", "-S")
OWNER = "owner.json"
LOCK = "lock"
YOUNG_SECONDS = 10.0
"""Age below which a folder may not be held yet."""
END_SECONDS = 15.0
KILL_SECONDS = 5.0


def table(run: str) -> str:
    """The name of a run's nft table, and of its chain of iptables."""
    return f"splitbrain_{run}"


def folder_of(run: str) -> Path:
    """The folder of a run."""
    return PARENT / f"{PREFIX}{run}"


def own(folder: Path, owner: str) -> None:
    """Say whose folder this is: the agent that runs this. owner: in words."""
    about = {
        "pid": os.getpid(),
        "started": started_ticks(os.getpid()),
        "owner": owner,
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    (folder / OWNER).write_text(json.dumps(about))


class HostRuns:
    """Runs on this host, but for the run of `own_folder`; see `real.orphans.OrphanSource`.

    Only folders of this user count: one of another user's says nothing that is believed, and its lock holds nobody up.
    """

    def __init__(self, own_folder: Path) -> None:
        self._own = own_folder

    def found(self) -> Sequence[Orphan]:
        ours = [folder for folder in sorted(PARENT.glob(f"{PREFIX}*")) if _trusted(folder)]
        folders = [Orphan("folder", str(folder), folder_run(folder), _held(folder)) for folder in ours]
        rules = sorted(_runs_with_rules() - {folder_run(folder) for folder in ours})
        return [
            *(one for one in folders if one.name != str(self._own)),
            *(Orphan("rules", table(run), run, owned=False) for run in rules),
        ]

    def remove(self, gone: Sequence[Orphan]) -> None:
        for one in gone:
            if one.kind == "rules":
                drop_rules(one.run)
                continue
            folder = Path(one.name)
            if _held(folder):
                _end(folder)
            _remove(folder)


def claim(own_folder: Path, *, everything: bool = False) -> list[str]:
    """Remove what dead runs have left here; what that was, in words. everything: end runs that are under way, too;
    else InfrastructureError if there is one, for two would be in each other's way."""
    source = HostRuns(own_folder)
    for one in source.found():
        if one.owned and not everything:
            raise InfrastructureError(
                f"in use by {_owner(Path(one.name))}: `splitbrain clean --hosts FILE --all` ends that"
            )
    gone = sweep([source], everything=everything)
    return [one.name if one.kind == "folder" else f"{one.kind} {one.name}" for one in gone]


def _trusted(folder: Path) -> bool:
    """Whether a run of this user made it."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return (
        NAME.fullmatch(folder_run(folder)) is not None
        and stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def folder_run(folder: Path) -> str:
    """The run that a folder belongs to."""
    return folder.name.removeprefix(PREFIX)


def _remove(folder: Path) -> None:
    run = folder_run(folder)
    processes.kill_all(lambda: members(run, folder))
    drop_rules(run)
    scratch.clear(folder)


def members(run: str, folder: Path | None = None, session: int = 0) -> list[int]:
    """The living processes of a run: those that carry its name, those that work in its folder, and those of a
    session."""
    mark = f"{MARK}={run}\0".encode()
    found = []
    for pid in _others():
        place = processes.PROC / str(pid)
        # It may end meanwhile, or belong to somebody else.
        with contextlib.suppress(OSError):
            if (
                mark in (place / "environ").read_bytes() + b"\0"
                or (session and os.getsid(pid) == session and processes.alive(pid))
                or (folder is not None and folder in ((there := (place / "cwd").readlink()), *there.parents))
            ):
                found.append(pid)
    return sorted(found)


def _others() -> Iterator[int]:
    """All processes but this one."""
    for entry in os.scandir(processes.PROC):
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            yield int(entry.name)


def drop_rules(run: str) -> None:
    """Remove a run's rules from the kernel, if this user may and they are there."""
    if os.geteuid() != 0:
        return
    for name in (table(run), f"{table(run)}_packets", f"{table(run)}_clients"):
        _quietly("nft", "-f", "-", words=f"add table inet {name}\ndelete table inet {name}\n")
    if table(run) in _quietly(*CHAINS):
        words = "".join(f"{what}\n" for what in removal(table(run)))
        _quietly("iptables-nft-restore", "--noflush", words=f"*mangle\n{words}COMMIT\n")


def removal(chain: str) -> list[str]:
    """The words for iptables that remove a chain that stands in INPUT."""
    return [f"-D INPUT -j {chain}", f"-F {chain}", f"-X {chain}"]


def _runs_with_rules() -> set[str]:
    """The runs that have rules in the kernel."""
    listed = _quietly("nft", "list", "tables", "inet") + _quietly(*CHAINS) if os.geteuid() == 0 else ""
    return set(RULES.findall(listed))


def uncuttable(run: str) -> str | None:
    """The reason that there can be no rules here, found by trying; None if there can."""
    name = f"{table(run)}_probe"
    try:
        done = subprocess.run(
            [tools.path("nft"), "-f", "-"],
            input=f"add table inet {name}\ndelete table inet {name}\n",
            capture_output=True,
            text=True,
            check=False,
        )
    except (OSError, InfrastructureError) as error:
        return str(error)
    return None if done.returncode == 0 else f"nft does not work there: {done.stderr.strip()[:200]}"


def _quietly(tool: str, *arguments: str, words: str = "") -> str:
    """The output of a tool, if it is there and has no complaint."""
    if tools.find(tool) is None:
        return ""
    command = [tools.path(tool), *arguments]
    return subprocess.run(command, input=words, capture_output=True, text=True, check=False).stdout


def _held(folder: Path) -> bool:
    """Whether somebody alive holds a folder."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        with contextlib.suppress(FileNotFoundError):  # somebody else has removed it
            return time.time() - folder.stat().st_mtime < YOUNG_SECONDS
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _about(folder: Path) -> dict[str, object]:
    try:
        found: dict[str, object] = json.loads((folder / OWNER).read_text())
    except (OSError, ValueError):  # it has just begun
        return {}
    return found


def _owner(folder: Path) -> str:
    about = _about(folder)
    return f"the run of {about['owner']}, since {about['since']}" if "owner" in about else "another run"


def _end(folder: Path) -> None:
    """End the agent that holds a folder: it is asked to clean up, and killed if it does not. One that ends by itself
    meanwhile, as all of a run do when one was ended, is no error. InfrastructureError if its holder is not the agent
    that made it."""
    about = _about(folder)
    try:
        handle = os.pidfd_open(int(str(about["pid"])))
    except (KeyError, ValueError, OSError):
        if _let_go(folder, KILL_SECONDS):
            return
        raise InfrastructureError(f"{folder} is held, and its agent cannot be found") from None
    try:
        # Looked at only now: from here on the handle means this process, whatever becomes of its number.
        if not _holds(int(str(about["pid"])), about.get("started"), folder):
            if _let_go(folder, KILL_SECONDS):
                return
            raise InfrastructureError(f"{folder} is held by another process than the one that its {OWNER} names")
        for number, seconds in ((signal.SIGTERM, END_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
            _let_go(folder, seconds)
    finally:
        os.close(handle)


def _let_go(folder: Path, seconds: float) -> bool:
    """Whether nobody holds a folder any more within so many seconds."""
    ends = time.monotonic() + seconds
    while _held(folder):
        if time.monotonic() >= ends:
            return False
        time.sleep(0.05)
    return True


def _holds(pid: int, started: object, folder: Path) -> bool:
    """Whether a process is this user's, started then, and has the lock of a folder open."""
    place = processes.PROC / str(pid)
    try:
        if place.stat().st_uid != os.geteuid() or started_ticks(pid) != started:
            return False
        lock = (folder / LOCK).stat()
        return any(os.path.samestat(entry.stat(), lock) for entry in (place / "fd").iterdir() if entry.exists())
    except OSError:
        return False
