"""Journal of a node: one file of records, written with group commit, and the messages that wait for it.

Every record gets a number. A message that promises something (a vote, an acknowledgement) is *held* until the record
it rests on is durable. At most one sync is under way; what is written meanwhile shares the next one, so a slow disk
makes a node slow and not ever slower. Records are appended; only `rewrite` puts others in their place, atomically.

Pitfall: a failed sync says nothing about the records before it, so a node must not try again and go on as if they were
there; see `give_up`.
"""

import errno as errors
from collections.abc import Mapping, Sequence
from typing import NoReturn

from splitbrain.harness.program import Append, Effect, Replace, Send, Sync, Truncate
from splitbrain.targets.stores.codec import damaged, frame, unframe


def give_up(errno: int) -> NoReturn:
    """End this node, as its disk has failed: nobody knows what is on it before somebody reads it. Who starts again
    does."""
    raise SystemExit(
        f"the disk failed with {errors.errorcode.get(errno, errno)}: what is on it is known after a restart"
    )


class Journal:
    """An append-only file of records, and what waits for it.

    persistent: False keeps nothing and calls every record durable at once: a weakness to be found by a test. synced:
    False writes, and calls durable what it has written, without ever asking for a sync.
    """

    def __init__(self, file: str = "log", *, persistent: bool = True, synced: bool = True) -> None:
        self.file = file
        self.persistent = persistent
        self.synced = synced
        self.written = 0
        """The number of the last record written; records are numbered from 1."""
        self.durable = 0
        """The number of the last record that survives a crash, as far as this journal knows."""
        self._unwritten: list[bytes] = []
        self._replacement: bytes | None = None
        self._syncing: int | None = None
        self._token = 0
        self.held: list[tuple[int, Send]] = []
        """Messages that wait, each with the number of its record."""

    def recover(self, disk: Mapping[str, bytes]) -> tuple[list[bytes], list[Effect]]:
        """The records that survived, and what to do first: cut a torn tail. SystemExit if the file was damaged: then
        this node can no longer keep what it promised, and must not take part."""
        if not self.persistent:
            return [], []
        data = disk.get(self.file, b"")
        records, good = unframe(data)
        if damaged(data, good):
            raise SystemExit(f"{self.file} is damaged after byte {good} of {len(data)}: refusing to go on without it")
        self.written = self.durable = len(records)
        return records, [Truncate(self.file, good)] if good < len(data) else []

    def write(self, payload: bytes) -> int:
        """Add a record; its number. It goes to the disk with the next `flush`."""
        self.written += 1
        if self.persistent:
            self._unwritten.append(frame(payload))
        return self.written

    def rewrite(self, payloads: Sequence[bytes]) -> int:
        """Put these records in the place of all that were written so far, as one record that stands for them; its
        number. It goes to the disk with the next `flush`."""
        self.written += 1
        if self.persistent:
            self._unwritten.clear()
            self._replacement = b"".join(map(frame, payloads))
        return self.written

    def hold(self, record: int, send: Send) -> None:
        """Send this as soon as that record is durable; if it already is, with the next `released`."""
        self.held.append((record, send))

    def flush(self) -> list[Effect]:
        """Hand what was written to the disk, and ask for a sync unless one is under way, or none is wanted."""
        if not self.persistent:
            self.durable = self.written
        if self.durable == self.written:
            return []
        effects: list[Effect] = []
        if self._replacement is not None:
            effects.append(Replace(self.file, self._replacement))
            self._replacement = None
        if self._unwritten:
            effects.append(Append(self.file, b"".join(self._unwritten)))
            self._unwritten.clear()
        if not self.synced:
            self.durable = self.written
        elif self._syncing is None:
            self._token += 1
            self._syncing = self.written
            effects.append(Sync(self._token))
        return effects

    def on_durable(self, token: int) -> None:
        """End the sync with this token; the next one may start."""
        if token == self._token and self._syncing is not None:
            self.durable = self._syncing
            self._syncing = None

    def released(self) -> list[Send]:
        """The held messages whose time has come, in the order in which they were held; each is returned once."""
        held, durable = self.held, self.durable
        ready = [send for record, send in held if record <= durable]
        if len(ready) == len(held):
            self.held = []
        elif ready:
            self.held = [(record, send) for record, send in held if record > durable]
        return ready
