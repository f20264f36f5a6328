"""FUSE: the kernel's requests for files over /dev/fuse, one read each, answered by one write each.

FUSE, spoken directly, so that nothing is to be installed for it: the structures of <linux/fuse.h>, version 7.31. Only
the parts that a file system on this machine needs; the kernel does without the others (ENOSYS), as FUSE defines it.
Permissions and locks are the kernel's. Pitfall: a file system that unmounts itself must go on answering meanwhile,
so requests are served by threads.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

DEVICE = Path("/dev/fuse")
ROOT = 1
"""The number of the uppermost folder."""
MAJOR, MINOR = 7, 31
MAX_WRITE = 128 << 10
BUFFER_BYTES = MAX_WRITE + 4096
THREADS = 4
END_SECONDS = 10.0

ASYNC_READ, BIG_WRITES, PARALLEL_DIROPS = 1 << 0, 1 << 5, 1 << 18
WANTED = ASYNC_READ | BIG_WRITES | PARALLEL_DIROPS
KEEP_CACHE = 1 << 1
FOREVER = 1 << 31
"""Seconds for which the kernel may rely on a name or an attribute: nobody else changes these files."""

MS_NOSUID, MS_NODEV = 2, 4
MNT_FORCE, MNT_DETACH = 1, 2

HEADER = struct.Struct("=IIQQIIII")
REPLY = struct.Struct("=IiQ")
INIT_IN = struct.Struct("=IIII")
INIT_OUT = struct.Struct("=IIIIHHIIHHI28x")
ATTRIBUTES = struct.Struct("=6Q10I")
ATTRIBUTES_OUT = struct.Struct("=QII")
ENTRY_OUT = struct.Struct("=QQQQII")
STATFS_OUT = struct.Struct("=5Q4I24x")


class FuseRequestKind(IntEnum):
    """The kinds of requests that we answer."""

    LOOKUP = 1
    FORGET = 2
    GETATTR = 3
    SETATTR = 4
    READLINK = 5
    SYMLINK = 6
    MKNOD = 8
    MKDIR = 9
    UNLINK = 10
    RMDIR = 11
    RENAME = 12
    LINK = 13
    OPEN = 14
    READ = 15
    WRITE = 16
    STATFS = 17
    RELEASE = 18
    FSYNC = 20
    INIT = 26
    OPENDIR = 27
    READDIR = 28
    RELEASEDIR = 29
    FSYNCDIR = 30
    CREATE = 35
    INTERRUPT = 36
    BATCH_FORGET = 42
    FALLOCATE = 43
    RENAME2 = 45


SILENT = frozenset({FuseRequestKind.FORGET, FuseRequestKind.BATCH_FORGET, FuseRequestKind.INTERRUPT})
"""These get no answer."""


class FuseRequest(NamedTuple):
    """One request. inode: by the number that we gave it. uid, gid: of the process that asks. body: what follows the
    header; valid while it is being answered."""

    inode: int
    uid: int
    gid: int
    body: memoryview

    def names(self, start: int = 0) -> list[bytes]:
        """The names that the body holds from there on."""
        return bytes(self.body[start:]).split(b"\0")[:-1]


Handler = Callable[[FuseRequest], bytes]
"""Function that answers a request; an OSError is an answer too."""


def attributes(status: os.stat_result) -> bytes:
    """The attributes of a file in the kernel's form."""
    times = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    return ATTRIBUTES.pack(
        status.st_ino,
        status.st_size,
        status.st_blocks,
        *(time // 10**9 for time in times),
        *(time % 10**9 for time in times),
        status.st_mode,
        status.st_nlink,
        status.st_uid,
        status.st_gid,
        status.st_rdev & 0xFFFFFFFF,
        status.st_blksize,
        0,
    )


def attributes_out(status: os.stat_result) -> bytes:
    """The answer to a question for attributes."""
    return ATTRIBUTES_OUT.pack(FOREVER, 0, 0) + attributes(status)


def entry_out(inode: int, status: os.stat_result) -> bytes:
    """The answer to a question for a name."""
    return ENTRY_OUT.pack(inode, 0, FOREVER, FOREVER, 0, 0) + attributes(status)


def directory_entry(offset: int, name: bytes, number: int, mode: int) -> bytes:
    """One entry of a listing. offset: where the next one begins."""
    head = struct.pack("=QQII", number, offset, len(name), stat.S_IFMT(mode) >> 12)
    return head + name + b"\0" * (-len(name) % 8)


class Mount:
    """A folder of which the kernel asks us. OSError if it cannot be mounted."""

    def __init__(self, folder: Path, handlers: Mapping[int, Handler]) -> None:
        self.folder = folder
        self._handlers = {FuseRequestKind.INIT: _init, **handlers}
        self._device = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
        self.errors: list[str] = []
        """Mistakes of our own: tracebacks. Who asked was told EIO."""
        options = f"fd={self._device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
        _call("mount", b"splitbrain", str(folder).encode(), b"fuse", MS_NOSUID | MS_NODEV, _options(options))
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Unmount; returns when no request is under way any more. OSError if somebody keeps it in use."""
        try:
            _call("umount2", str(self.folder).encode(), MNT_FORCE | MNT_DETACH)
        except PermissionError:  # force is for root only, on some kernels
            _call("umount2", str(self.folder).encode(), MNT_DETACH)
        deadline = time.monotonic() + END_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            raise OSError(errno.EBUSY, f"{self.folder} is still in use")
        os.close(self._device)

    def _serve(self) -> None:
        buffer = memoryview(bytearray(BUFFER_BYTES))
        while True:
            try:
                size = os.readv(self._device, [buffer])
            except OSError as error:
                if error.errno == errno.ENODEV:  # unmounted
                    return
                if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):  # taken back before it was read
                    continue
                raise
            self._answer(buffer[:size])

    def _answer(self, data: memoryview) -> None:
        _, code, unique, inode, uid, gid, _, _ = HEADER.unpack_from(data)
        request = FuseRequest(inode, uid, gid, data[HEADER.size :])
        handler = self._handlers.get(code)
        failed, answer = 0, b""
        try:
            if handler is None:
                failed = errno.ENOSYS
            else:
                answer = handler(request)
        except OSError as error:
            failed = error.errno or errno.EIO
        except Exception:  # noqa: BLE001 - a thread that ends would leave the kernel waiting; told by `errors`
            self.errors.append(traceback.format_exc())
            print(self.errors[-1], file=sys.stderr, flush=True)
            failed = errno.EIO
        if code in SILENT:
            return
        # Who asked may have been killed meanwhile.
        with contextlib.suppress(FileNotFoundError):
            os.writev(self._device, [REPLY.pack(REPLY.size + len(answer), -failed, unique), answer])


def _init(request: FuseRequest) -> bytes:
    _, minor, readahead, flags = INIT_IN.unpack_from(request.body)
    return INIT_OUT.pack(MAJOR, min(minor, MINOR), readahead, flags & WANTED, 0, 0, MAX_WRITE, 1, 0, 0, 0)


def _options(always: str) -> bytes:
    # Users other than the one that mounted it may look in: servers that change their user, and Docker.
    return f"{always},default_permissions,allow_other".encode()


def _call(name: str, *arguments: bytes | int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
