"""Shard: the keys of one node, each with its versions.

Which node has a key is a matter of its checksum. A version has the timestamp of the commit that made it, or where there
are none its number.
"""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from splitbrain.targets.procedures import Step
from splitbrain.targets.stores.machine import wire_name

KEPT = 64
"""Versions of a key that are kept."""
Name = str | bytes
"""A key as it stands on the wire."""


class ShardVersion(NamedTuple):
    """A version of a key. wall: the wall clock of the node when it was made, nanoseconds."""

    at: int
    value: Any
    wall: int = 0


NEVER_WRITTEN = ShardVersion(0, None)


def owner(key: Any, nodes: Sequence[str]) -> str:
    """The node that has a key."""
    name = wire_name(key)
    return nodes[zlib.crc32(name.encode() if isinstance(name, str) else name) % len(nodes)]


def stepped(value: Any, step: Step) -> Any:
    """The value of a key after a write or an append. TypeError if the value to append to is no list."""
    f, _, new = step
    if f == "w":
        return new
    if not isinstance(value, (list, tuple, type(None))):
        raise TypeError(f"the value is {value!r}, which is no list")
    return [*(value or ()), new]


class Shard:
    """The keys of a node."""

    def __init__(self) -> None:
        self._versions: dict[Name, list[ShardVersion]] = {}

    def latest(self, name: Name) -> ShardVersion:
        """The latest version of a key."""
        versions = self._versions.get(name)
        return versions[-1] if versions else NEVER_WRITTEN

    def at(self, name: Name, stamp: int) -> ShardVersion | None:
        """The version that a snapshot has; None if it is no longer kept."""
        versions: list[ShardVersion] = self._versions.get(name, [])
        for version in versions[::-1]:
            if version.at <= stamp:
                return version
        return NEVER_WRITTEN if len(versions) < KEPT else None

    def add(self, name: Name, version: ShardVersion) -> None:
        """Add a version, the latest one."""
        versions = self._versions.setdefault(name, [])
        versions.append(version)
        del versions[:-KEPT]
