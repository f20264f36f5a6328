"""Versions of a value without a leader: which of two is newer, and which are siblings, written without knowledge of
each other.

A version is named by its *dot*: the actor that made it and the actor's number for it. An actor is one life of a node
(its name and how often it has started), so that a node that lost its last write in a crash never gives the same dot to
another (the mistake of Riak's issue 679). The context of a version says which dots it stands in place of, as a version
vector: DeCandia et al., "Dynamo", SOSP 2007, section 4.4; Preguiça et al., "Dotted Version Vectors", 2010.

The *rank* of a version, (stamp, actor, number), orders all versions, and agrees with contexts: a version that stands in
place of others has a greater stamp than all of them. So whoever must name one value of several siblings names the
greatest, and that never goes back as versions are joined.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

Rank = tuple[int, str, int]
Clock = dict[str, int]
"""A version vector: actor → the greatest number of it that is known."""


class Version(msgspec.Struct, frozen=True, array_like=True):
    """One value of a key. stamp: a logical clock, or wall-clock nanoseconds. context: the dots that it replaces."""

    stamp: int
    actor: str
    number: int
    value: Any = None
    context: Clock = {}

    @property
    def rank(self) -> Rank:
        """The place in the order of all versions."""
        return self.stamp, self.actor, self.number

    @property
    def dot(self) -> tuple[str, int]:
        """The name of the version."""
        return self.actor, self.number


Versions = tuple[Version, ...]
"""The versions that a replica has of a key, in the order of dots; none if it was never written."""
Join = Callable[[Iterable[Version]], Versions]


NOTHING: Rank = (-1, "", 0)
"""Less than the rank of any version."""


def greatest(versions: Iterable[Version]) -> Rank:
    """The greatest rank of some versions; `NOTHING` if there are none."""
    return max((version.rank for version in versions), default=NOTHING)


def newest(versions: Iterable[Version]) -> Versions:
    """The version of the greatest rank alone: last writer wins."""
    found = max(versions, key=lambda version: version.rank, default=None)
    return () if found is None else (found,)


def siblings(versions: Iterable[Version]) -> Versions:
    """All versions that no other one replaces."""
    found = {version.dot: version for version in versions}
    return tuple(
        found[dot]
        for dot in sorted(found)
        if not any(replaces(other, dot) for other in found.values() if other.dot != dot)
    )


def replaces(version: Version, dot: tuple[str, int]) -> bool:
    """Whether a version stands in place of the one with this dot."""
    return version.context.get(dot[0], 0) >= dot[1]


def following(known: Sequence[Version], actor: str, number: int, value: Any) -> Version:
    """A version that replaces all of these."""
    clock: Clock = {}
    for version in known:
        include(clock, version.context)
        include(clock, {version.actor: version.number})
    return Version(1 + max((version.stamp for version in known), default=0), actor, number, value, clock)


def include(clock: Clock, other: Mapping[str, int]) -> None:
    """Put into a version vector what another one knows."""
    for actor, number in other.items():
        if number > clock.get(actor, 0):
            clock[actor] = number


def covers(clock: Mapping[str, int], other: Mapping[str, int]) -> bool:
    """Whether a version vector knows all that another one knows."""
    return all(clock.get(actor, 0) >= number for actor, number in other.items())
