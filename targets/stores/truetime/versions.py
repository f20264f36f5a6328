"""Versions of the keys of one owner, each with its timestamp, on a journal of the requests that made them.

Pitfall: a request that was refused is written down too. A copy of it that comes after a restart must not be carried
out, for its client was told that it was not.
"""

from collections.abc import Mapping

import msgspec

from splitbrain.harness.program import Effect
from splitbrain.targets.stores.journal import Journal
from splitbrain.targets.stores.messages import Response
from splitbrain.targets.stores.requests import Name

KEPT = 64
"""Versions of a key that are kept."""


class TimedChange(msgspec.Struct, frozen=True, array_like=True):
    """A record: what became of a request that changes a key. at: its timestamp, nanoseconds; 0 if it was refused."""

    key: str
    at: int
    value: object
    request: tuple[str, int]
    response: Response


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(TimedChange).decode


class TimedVersions:
    """All versions that an owner has, and the last request of each session."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.deduplicated = 0
        """Requests that were answered as before."""
        self._versions: dict[str, list[tuple[int, object, int]]] = {}
        """Key → timestamp, value and revision of each, in order."""
        self._last: dict[str, TimedChange] = {}
        """Session → its last request."""

    def recover(self, disk: Mapping[str, bytes]) -> tuple[list[tuple[int, TimedChange]], list[Effect]]:
        """Read the journal: all changes with the numbers of their records, and what to do first."""
        records, effects = self.journal.recover(disk)
        found = [(number, _decode(payload)) for number, payload in enumerate(records, 1)]
        for _, change in found:
            self._take(change)
        return [(number, change) for number, change in found if change.at], effects

    def add(self, change: TimedChange) -> int:
        """Take a change and write it down; the number of its record."""
        self._take(change)
        return self.journal.write(_encode(change))

    def _take(self, change: TimedChange) -> None:
        self._last[change.request[0]] = change
        if change.at:
            versions = self._versions.setdefault(change.key, [])
            versions.append((change.at, change.value, change.response.revision or 0))
            del versions[:-KEPT]

    def known(self, name: Name) -> bool:
        """Whether a request, or a later one of its session, has been here."""
        last = self._last.get(name[0])
        return last is not None and last.request[1] >= name[1]

    def answer_to(self, name: Name) -> Response | None:
        """The answer that a request has had; None to one that is older than the last of its session."""
        self.deduplicated += 1
        last = self._last[name[0]]
        return last.response if last.request[1] == name[1] else None

    def last(self, key: str) -> tuple[int, object, int]:
        """Timestamp, value and revision of the last version of a key."""
        versions = self._versions.get(key)
        return versions[-1] if versions else (0, None, 0)

    def up_to(self, key: str, at: int) -> Response | None:
        """The answer to a read at a time; None if so old a version is not kept."""
        versions = self._versions.get(key, ())
        for stamp, value, revision in reversed(versions):
            if stamp <= at:
                return Response(value, revision)
        return None if versions and versions[0][2] > 1 else Response(None, 0)

    def sessions(self) -> dict[str, int]:
        """Session → number of its last request that was carried out or refused by what a key held."""
        return {session: change.request[1] for session, change in self._last.items()}
