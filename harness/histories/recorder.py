"""Recorder of a run: writes every event as one line, given to the operating system before the test goes on.

A kill -9 loses nothing but the line it may cut. Buffering was tried: it saves about a microsecond an event and needs a
clock, and a timer for the last events before a pause. A history that grows long is not held in memory meanwhile: it is
read from the file when it is asked for.

Pitfall: what is recorded must be what a reader of the file will find, so values are brought into the form JSON keeps
(sets as sorted tuples, names of fields as strings).
"""

import gzip
import os
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.histories.lateness import Lateness
from splitbrain.harness.histories.read import read
from splitbrain.harness.history import ABSENT, NEMESIS_PROCESS, Event, History
from splitbrain.harness.operation import NEMESIS, EventType, Operation, Outcome, Value

_INVOKE, _INFO = int(EventType.INVOKE), int(EventType.INFO)
_WORDS = tuple(kind.word for kind in EventType)
_SCALARS = frozenset((type(None), bool, int, float, str))
HELD_MAX = 200_000
"""Events that are held in memory beside the file, as long as nobody asks for the history."""
RECENT = 20
"""Number of operations that count as recent."""


class Recorder:
    """Recorder of a run into columns and, line by line, into a file.

    path: `history.jsonl` of the run folder, which must not exist yet; None keeps the history in memory only. hold: keep
    the lines in memory too, for `save`. now: nanoseconds since the start of the run, never running backwards.
    InfrastructureError if the file cannot be made, or later if a line cannot be written: everything before stays
    readable, and the line waits to be written by the next call.
    """

    def __init__(self, path: Path | None, now: Callable[[], int], *, hold: bool = False) -> None:
        self._history: History | None = History()
        """None while it is in the file alone."""
        self._asked = False
        self._count = 0
        self._late: Lateness | None = None
        self.recent: deque[bool] = deque(maxlen=RECENT)
        """Whether the operations that ended last were answered."""
        self._now = now
        self._path = path
        self._encode = msgspec.json.Encoder().encode
        self._pending = b""
        self._file = ABSENT
        self._held: list[bytes] | None = [] if hold else None
        if path is not None:
            try:
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise InfrastructureError(f"cannot record a history in {path}: {error.strerror}") from error

    @property
    def history(self) -> History:
        """Everything that was recorded so far, and what will be: from now on it is held in memory, however long."""
        self._asked = True
        if self._history is None:
            assert self._path is not None and self._late is not None
            self._history = read(self._path)
            self._history.late, self._late = self._late.taken(), None
        return self._history

    def _let_go(self) -> None:
        """Keep the history in the file alone."""
        if self._path is not None and self._history is not None and not self._asked:
            self._late, self._history = Lateness(self._path.parent, self._history.late), None

    def invoke(self, process: int, operation: Operation, node: str, late: int = 0) -> int:
        """Record that an operation begins, by so many nanoseconds later than it was due. Returns the event's index."""
        index = self._record(
            _INVOKE, process, operation.f, operation.value, operation.key, node,
            token=operation.takes, session=operation.session,
        )  # fmt: skip
        if late > 0 and self._history is not None:
            self._history.late[index] = late
        elif late > 0 and self._late is not None:
            self._late.add(index, late)
        return index

    def complete(self, process: int, operation: Operation, outcome: Outcome, node: str) -> int:
        """Record that an operation ended. Returns the event's index."""
        self.recent.append(outcome.type is EventType.OK)
        return self._record(
            int(outcome.type), process, operation.f, outcome.value, operation.key, node,
            None if outcome.error is None else (outcome.error.kind.value, outcome.error.text),
            ABSENT if outcome.revision is None else outcome.revision,
            operation.gives if outcome.token is None and outcome.type is EventType.OK else outcome.token,
            outcome.session,
        )  # fmt: skip

    def nemesis(self, f: str, value: Value) -> int:
        """Record that a fault starts or stops, or anything else the nemesis has to say. Returns the event's index."""
        return self._record(_INFO, NEMESIS_PROCESS, f, value, None, None)

    def close(self, *, compress: bool = True) -> Path | None:
        """End the recording and return the file that holds it: `history.jsonl.gz`, or the plain file as it is if not
        to be compressed. A disk too full for the compressed copy leaves the plain file, and a warning in the history.
        Safe to call twice. InfrastructureError if lines still wait that cannot be written."""
        if self._path is None or self._file == ABSENT:
            return self._path
        try:
            if self._pending:
                self._write(self._pending)
        finally:
            os.close(self._file)
            self._file = ABSENT
        if compress:
            self._path = self._compressed(self._path)
        return self._path

    def save(self, path: Path) -> Path:
        """Write what was held in memory to `path`, compressed as `close` does it, and return the file."""
        try:
            path.write_bytes(b"".join(self._held or ()))
        except OSError as error:
            raise InfrastructureError(f"cannot record a history in {path}: {error.strerror}") from error
        return self._compressed(path)

    def _record(
        self, kind: int, process: int, f: str, value: Value, key: Value, node: str | None, error: Value = None,
        revision: int = ABSENT, token: Value = None, session: Value = None,
    ) -> int:  # fmt: skip
        if type(value) not in _SCALARS:
            value = _as_read(value)
        index, time = self._count, self._now()
        self._count += 1
        if self._history is not None:
            self._history.add(kind, process, f, value, key, time, node, error, revision, token, session)
        if self._file != ABSENT or self._held is not None:
            event = Event(
                index=index,
                time=time,
                process=NEMESIS if process == NEMESIS_PROCESS else process,
                type=_WORDS[kind],
                f=f,
                key=UNSET if key is None else key,
                value=value,
                node=UNSET if node is None else node,
                error=UNSET if error is None else error,
                revision=UNSET if revision == ABSENT else revision,
                token=UNSET if token is None else token,
                session=UNSET if session is None else session,
            )
            line = self._encode(event) + b"\n"
            if self._held is not None:
                self._held.append(line)
            else:
                self._write(self._pending + line)
                if self._count == HELD_MAX:
                    self._let_go()
        return index

    def _write(self, lines: bytes) -> None:
        """Write lines; what cannot be written now waits in `_pending`."""
        self._pending = lines
        try:
            written = os.write(self._file, lines)
            while written < len(lines):  # a full disk takes a part and says so only when asked again
                self._pending = lines[written:]
                written += os.write(self._file, self._pending)
            self._pending = b""
        except OSError as error:
            raise InfrastructureError(
                f"cannot write to {self._path}: {error.strerror}; what was recorded before is kept there"
            ) from error

    def _compressed(self, plain: Path) -> Path:
        """Replace a plain file by its compressed form, whose bytes depend on the content alone."""
        target = plain.with_name(plain.name + ".gz")
        partial = target.with_name(target.name + ".partial")
        try:
            with plain.open("rb") as source, partial.open("wb") as raw:
                with gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
                    shutil.copyfileobj(source, packed, 1 << 20)
                raw.flush()
                os.fsync(raw.fileno())
            partial.replace(target)
            plain.unlink()
        except OSError as error:
            partial.unlink(missing_ok=True)
            self.history.warnings.append(f"the history stays uncompressed: {error.strerror}")
            return target if not plain.exists() else plain
        return target


def _as_read(value: Any) -> Value:
    """A value as a reader of the JSON line will find it."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is tuple or kind is list:
        return tuple(map(_as_read, value))
    if isinstance(value, dict):
        return {_name(key): _as_read(inner) for key, inner in value.items()}
    if isinstance(value, set | frozenset):
        return tuple(sorted(map(_as_read, value), key=_order))
    if isinstance(value, tuple | list):
        return tuple(map(_as_read, value))
    try:
        plain: Value = msgspec.json.decode(msgspec.json.encode(value))
    except TypeError:
        raise UsageError(
            f"an operation has a value of type {kind.__name__}, which a history cannot hold: let the target "
            "answer with numbers, texts, None, lists or maps of them"
        ) from None
    return plain


def _name(key: Any) -> str:
    return str(key) if isinstance(key, str) else msgspec.json.encode(key).decode()


def _order(value: Value) -> tuple[str, Any]:
    kind = type(value)
    return ("number", value) if kind is int or kind is float else (kind.__name__, str(value))
