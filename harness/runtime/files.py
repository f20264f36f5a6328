"""Files: a program's disk. A worker thread writes and syncs in order; the event loop never waits.

A file of the program is a file of the node's folder. `Replace` writes a neighbour (`NAME.tmp`), syncs it, and renames;
the folder is synced with the next `Sync`. Pitfall, as in the kernel: an error of a write is returned by the next sync,
once; nothing is known of the writes before it.
"""

import os
import queue
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from splitbrain.harness.errors import UsageError
from splitbrain.harness.program import Append, Replace, Sync, Truncate, check_write
from splitbrain.harness.runtime.temporary import TEMPORARY

Write = Append | Replace | Truncate


class Files:
    """The files of one node.

    done: called in the worker thread with the token of a sync and its errno, 0 if all is durable.
    """

    def __init__(self, folder: Path, done: Callable[[int, int], None]) -> None:
        self._folder = folder
        self._done = done
        self._orders: queue.SimpleQueue[Write | Sync] = queue.SimpleQueue()
        self._open: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._folder_dirty = False
        self._errno = 0

    def start(self) -> dict[str, bytes]:
        """Read what survived, by name; then the worker takes orders."""
        self._folder.mkdir(parents=True, exist_ok=True)
        contents = {}
        for file in sorted(self._folder.iterdir()):
            if file.name.endswith(TEMPORARY):
                file.unlink()
            elif file.is_file():
                contents[file.name] = file.read_bytes()
        threading.Thread(target=self._work, name="disk", daemon=True).start()
        return contents

    def order(self, effect: Write | Sync) -> None:
        """Carry an effect out, after all earlier ones. TypeError for what cannot be written."""
        if not isinstance(effect, Sync):
            check_write(effect)
        self._orders.put(effect)

    def _work(self) -> None:
        try:
            while True:
                self._carry_out(self._orders.get())
        except BaseException:  # noqa: BLE001 - a thread that only raises would leave the node waiting for its disk
            traceback.print_exc()
            os._exit(1)

    def _carry_out(self, order: Write | Sync) -> None:
        try:
            if isinstance(order, Sync):
                self._sync()
            else:
                self._write(order)
        except OSError as error:
            self._errno = self._errno or error.errno or -1
        if isinstance(order, Sync):
            failed, self._errno = self._errno, 0
            self._done(order.token, failed)

    def _write(self, order: Write) -> None:
        match order:
            case Append(file, data):
                _write_all(self._handle(file), data)
                self._dirty.add(file)
            case Truncate(file, length):
                os.ftruncate(self._handle(file), length)
                self._dirty.add(file)
            case Replace(file, data):
                self._replace(file, data)

    def _replace(self, file: str, data: bytes) -> None:
        path = self._path(file)
        temporary = path.with_name(path.name + TEMPORARY)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            _write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.rename(path)
        self._folder_dirty = True
        self._dirty.discard(file)
        if file in self._open:
            os.close(self._open.pop(file))

    def _sync(self) -> None:
        # Whether it succeeds or not, no later sync can say more of these writes.
        dirty, self._dirty = self._dirty, set()
        for file in sorted(dirty):
            os.fsync(self._handle(file))
        if self._folder_dirty:
            self._folder_dirty = False
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _handle(self, file: str) -> int:
        if file not in self._open:
            path = self._path(file)
            self._folder_dirty = self._folder_dirty or not path.exists()
            self._open[file] = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        return self._open[file]

    def _path(self, file: str) -> Path:
        if "/" in file or file.endswith(TEMPORARY) or file in ("", ".", ".."):
            raise UsageError(f"a program's file cannot be called {file!r}")
        return self._folder / file


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
