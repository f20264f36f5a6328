"""Pass-through file system: a folder mounted over itself, whose unsynced writes can be taken back.

Run as a process of its own, by `volume`:

    python -m splitbrain.harness.environments.linux.passthrough FOLDER SECONDS

It says `mounted`, and waits for a word: `lose` ends it with the power lost, `keep` (or the end of its input) ends it
with everything kept. Then it says as JSON what it did.

What survives a power loss: of a file's contents, what was written before its last fsync, fdatasync, msync or
synchronous write; and, as a kernel writes back unasked, what was there when everything was last synced, which is done
each so many seconds. Names, folders, attributes, and sizes set by truncate or fallocate survive at once, as if the
journal had just been committed. Pitfall: the kernel tells a file system like this nothing of sync(2) and syncfs(2),
so a program that relies on these loses more than it should.
"""

import ctypes
import itertools
import json
import os
import resource
import stat
import struct
import sys
import threading
import time
from pathlib import Path

from splitbrain.harness.environments.linux import fuse
from splitbrain.harness.environments.linux.fuse import FuseRequest, FuseRequestKind, Handler, Mount
from splitbrain.harness.environments.linux.inodes import Inode, Inodes

LOSE, KEEP = "lose", "keep"
MOUNTED = "mounted"

MODE, UID, GID, SIZE, ATIME, MTIME, HANDLE, ATIME_NOW, MTIME_NOW = (1 << bit for bit in range(9))
SETATTR_IN = struct.Struct("=IIQQQQQQIIIIIIII")
WRITE_IN = struct.Struct("=QQIIQII")
READ_IN = struct.Struct("=QQI")
RENAME_IN = struct.Struct("=Q")
RENAME2_IN = struct.Struct("=QI4x")
FALLOCATE_IN = struct.Struct("=QQQI")
PUNCH_HOLE, ZERO_RANGE = 0x02, 0x10


class Passthrough:
    """A folder that answers what the kernel asks of it, by doing it there."""

    def __init__(self, inodes: Inodes) -> None:
        self._inodes = inodes
        self._listings: dict[int, list[bytes]] = {}
        self._listing = itertools.count(1)
        self._libc = ctypes.CDLL(None, use_errno=True)

    def handlers(self) -> dict[int, Handler]:
        """The handler of each kind of request."""
        return {
            FuseRequestKind.LOOKUP: lambda asked: self._tell(asked, asked.names()[0]),
            FuseRequestKind.FORGET: self._forget,
            FuseRequestKind.BATCH_FORGET: self._forget_many,
            FuseRequestKind.INTERRUPT: lambda _: b"",  # what is under way ends soon by itself
            FuseRequestKind.GETATTR: lambda asked: fuse.attributes_out(self._inodes[asked.inode].status()),
            FuseRequestKind.SETATTR: self._setattr,
            FuseRequestKind.READLINK: lambda asked: os.readlink(b"", dir_fd=self._inodes[asked.inode].anchor),
            FuseRequestKind.SYMLINK: self._symlink,
            FuseRequestKind.MKNOD: self._mknod,
            FuseRequestKind.MKDIR: self._mkdir,
            FuseRequestKind.UNLINK: self._unlink,
            FuseRequestKind.RMDIR: self._rmdir,
            FuseRequestKind.RENAME: lambda asked: self._rename(asked, RENAME_IN, 0),
            FuseRequestKind.RENAME2: self._rename2,
            FuseRequestKind.LINK: self._link,
            FuseRequestKind.OPEN: self._open,
            FuseRequestKind.CREATE: self._create,
            FuseRequestKind.READ: self._read,
            FuseRequestKind.WRITE: self._write,
            FuseRequestKind.FALLOCATE: self._fallocate,
            FuseRequestKind.FSYNC: self._fsync,
            FuseRequestKind.RELEASE: self._release,
            FuseRequestKind.STATFS: self._statfs,
            FuseRequestKind.OPENDIR: self._opendir,
            FuseRequestKind.READDIR: self._readdir,
            FuseRequestKind.RELEASEDIR: self._releasedir,
            FuseRequestKind.FSYNCDIR: self._fsyncdir,
        }

    def _tell(self, asked: FuseRequest, name: bytes) -> bytes:
        return self._inodes.tell(self._inodes[asked.inode], name)

    def _told_new(self, asked: FuseRequest, name: bytes) -> bytes:
        """Tell of what was just made: it belongs to the asking process."""
        if (asked.uid, asked.gid) != (os.geteuid(), os.getegid()):
            os.chown(name, asked.uid, asked.gid, dir_fd=self._inodes[asked.inode].anchor, follow_symlinks=False)
        return self._tell(asked, name)

    def _forget(self, asked: FuseRequest) -> bytes:
        self._inodes.forget(asked.inode, *struct.unpack_from("=Q", asked.body))
        return b""

    def _forget_many(self, asked: FuseRequest) -> bytes:
        (count,) = struct.unpack_from("=I", asked.body)
        for index in range(count):
            self._inodes.forget(*struct.unpack_from("=QQ", asked.body, 8 + 16 * index))
        return b""

    def _setattr(self, asked: FuseRequest) -> bytes:
        inode = self._inodes[asked.inode]
        fields = SETATTR_IN.unpack_from(asked.body)
        valid, _, handle, size = fields[:4]
        mode, _, uid, gid = fields[11:15]
        if valid & MODE:
            os.chmod(inode.path, stat.S_IMODE(mode))  # noqa: PTH101 - by its descriptor
        if valid & (UID | GID):
            os.chown(inode.path, uid if valid & UID else -1, gid if valid & GID else -1)
        if valid & SIZE:
            _resize(inode, handle if valid & HANDLE else None, size)
        if valid & (ATIME | MTIME):
            known = inode.status()
            atime = _time(valid & ATIME, valid & ATIME_NOW, fields[5], fields[8], known.st_atime_ns)
            mtime = _time(valid & MTIME, valid & MTIME_NOW, fields[6], fields[9], known.st_mtime_ns)
            os.utime(inode.path, ns=(atime, mtime))
        return fuse.attributes_out(inode.status())

    def _symlink(self, asked: FuseRequest) -> bytes:
        name, target = asked.names()
        os.symlink(target, name, dir_fd=self._inodes[asked.inode].anchor)
        return self._told_new(asked, name)

    def _mknod(self, asked: FuseRequest) -> bytes:
        mode, device = struct.unpack_from("=II", asked.body)
        (name,) = asked.names(16)
        os.mknod(name, mode, device, dir_fd=self._inodes[asked.inode].anchor)
        return self._told_new(asked, name)

    def _mkdir(self, asked: FuseRequest) -> bytes:
        (mode,) = struct.unpack_from("=I", asked.body)
        (name,) = asked.names(8)
        os.mkdir(name, mode, dir_fd=self._inodes[asked.inode].anchor)
        return self._told_new(asked, name)

    def _unlink(self, asked: FuseRequest) -> bytes:
        os.unlink(asked.names()[0], dir_fd=self._inodes[asked.inode].anchor)
        return b""

    def _rmdir(self, asked: FuseRequest) -> bytes:
        os.rmdir(asked.names()[0], dir_fd=self._inodes[asked.inode].anchor)
        return b""

    def _rename2(self, asked: FuseRequest) -> bytes:
        _, flags = RENAME2_IN.unpack_from(asked.body)
        return self._rename(asked, RENAME2_IN, flags)

    def _rename(self, asked: FuseRequest, head: struct.Struct, flags: int) -> bytes:
        old, new = asked.names(head.size)
        parent = head.unpack_from(asked.body)[0]
        here, there = self._inodes[asked.inode].anchor, self._inodes[parent].anchor
        self._checked(self._libc.renameat2(here, old, there, new, flags))
        return b""

    def _link(self, asked: FuseRequest) -> bytes:
        (number,) = struct.unpack_from("=Q", asked.body)
        (name,) = asked.names(8)
        os.link(self._inodes[number].path.encode(), name, dst_dir_fd=self._inodes[asked.inode].anchor)
        return self._tell(asked, name)

    def _open(self, asked: FuseRequest) -> bytes:
        (flags,) = struct.unpack_from("=I", asked.body)
        return _opened(os.open(self._inodes[asked.inode].path, _access(flags)))

    def _create(self, asked: FuseRequest) -> bytes:
        flags, mode = struct.unpack_from("=II", asked.body)
        (name,) = asked.names(16)
        made = os.O_CREAT | os.O_NOFOLLOW | (flags & os.O_EXCL)
        handle = os.open(name, _access(flags) | made, mode, dir_fd=self._inodes[asked.inode].anchor)
        return self._told_new(asked, name) + _opened(handle)

    def _read(self, asked: FuseRequest) -> bytes:
        handle, offset, size = READ_IN.unpack_from(asked.body)
        return os.pread(handle, size, offset)

    def _write(self, asked: FuseRequest) -> bytes:
        handle, offset, size, _, _, flags, _ = WRITE_IN.unpack_from(asked.body)
        inode = self._inodes[asked.inode]
        with inode.turn:
            written = inode.unsynced.write(handle, asked.body[WRITE_IN.size : WRITE_IN.size + size], offset)
            if flags & os.O_DSYNC:
                os.fdatasync(handle)
                inode.unsynced.synced()
        return struct.pack("=II", written, 0)

    def _fallocate(self, asked: FuseRequest) -> bytes:
        handle, offset, length, mode = FALLOCATE_IN.unpack_from(asked.body)
        inode = self._inodes[asked.inode]
        with inode.turn:
            before = os.fstat(handle).st_size
            if mode & (PUNCH_HOLE | ZERO_RANGE):
                inode.unsynced.erase(handle, offset, length)
            self._checked(self._libc.fallocate64(handle, mode, ctypes.c_int64(offset), ctypes.c_int64(length)))
            inode.unsynced.resized(before, os.fstat(handle).st_size)
        return b""

    def _fsync(self, asked: FuseRequest) -> bytes:
        handle, only_data = struct.unpack_from("=QI", asked.body)
        inode = self._inodes[asked.inode]
        with inode.turn:
            (os.fdatasync if only_data & 1 else os.fsync)(handle)
            inode.unsynced.synced()
        return b""

    def _release(self, asked: FuseRequest) -> bytes:
        os.close(*struct.unpack_from("=Q", asked.body))
        return b""

    def _statfs(self, asked: FuseRequest) -> bytes:
        found = os.statvfs(self._inodes[asked.inode].path)
        return fuse.STATFS_OUT.pack(
            found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree,
            found.f_bsize, found.f_namemax, found.f_frsize, 0,
        )  # fmt: skip

    def _opendir(self, asked: FuseRequest) -> bytes:
        number = next(self._listing)
        self._listings[number] = []
        return _opened(number)

    def _readdir(self, asked: FuseRequest) -> bytes:
        number, offset, size = READ_IN.unpack_from(asked.body)
        if offset == 0:
            self._listings[number] = _listing(self._inodes[asked.inode])
        answer = b""
        for entry in self._listings[number][offset:]:
            if len(answer) + len(entry) > size:
                break
            answer += entry
        return answer

    def _releasedir(self, asked: FuseRequest) -> bytes:
        del self._listings[struct.unpack_from("=Q", asked.body)[0]]
        return b""

    def _fsyncdir(self, asked: FuseRequest) -> bytes:
        folder = os.open(self._inodes[asked.inode].path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return b""

    def _checked(self, result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _access(flags: int) -> int:
    """Flags for opening the file below: what was asked for as flags of its own is done here. What is written over has
    to be read first."""
    return (os.O_RDONLY if flags & os.O_ACCMODE == os.O_RDONLY else os.O_RDWR) | os.O_CLOEXEC


def _opened(handle: int) -> bytes:
    return struct.pack("=QII", handle, fuse.KEEP_CACHE, 0)


def _resize(inode: Inode, handle: int | None, size: int) -> None:
    file = os.open(inode.path, os.O_RDWR | os.O_CLOEXEC) if handle is None else handle
    try:
        with inode.turn:
            inode.unsynced.resize(file, size)
    finally:
        if handle is None:
            os.close(file)


def _time(change: int, now: int, seconds: int, nanoseconds: int, known: int) -> int:
    if not change:
        return known
    return time.time_ns() if now else seconds * 10**9 + nanoseconds


def _listing(inode: Inode) -> list[bytes]:
    own = inode.status().st_ino
    found = [(b".", own, stat.S_IFDIR), (b"..", own, stat.S_IFDIR)]
    with os.scandir(inode.path.encode()) as entries:
        for entry in entries:
            found.append((entry.name, entry.inode(), stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)))
    return [fuse.directory_entry(place, *one) for place, one in enumerate(found, 1)]


def main(folder: Path, seconds: float) -> None:
    """See above. Ends with a sentence if the folder cannot be mounted."""
    os.umask(0)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    inodes = Inodes(folder)
    try:
        mount = Mount(folder, Passthrough(inodes).handlers())
    except OSError as error:
        sys.exit(f"{folder} cannot be mounted: {error.strerror}")
    print(MOUNTED, flush=True)
    over = threading.Event()
    writing_back = threading.Thread(target=_write_back, args=(inodes, seconds, over))
    writing_back.start()
    word = sys.stdin.readline().strip()
    over.set()
    writing_back.join()
    mount.end()
    did = inodes.lose() if word == LOSE else {}
    print(json.dumps({**did, "mistakes": len(mount.errors)}), flush=True)


def _write_back(inodes: Inodes, seconds: float, over: threading.Event) -> None:
    while not over.wait(seconds):
        inodes.write_back()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
