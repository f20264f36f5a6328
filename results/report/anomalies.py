"""Meanings of the anomalies that the page names, from the lattice of models."""

import re
from collections.abc import Iterable, Iterator

from splitbrain.checkers.lattice import lattice

_HEAD = re.compile(r"([A-Za-z0-9-]+): ")
_BASE = re.compile(r"As ([A-Za-z0-9-]+),")


def meanings(kinds: Iterable[str], sentences: Iterable[str]) -> list[tuple[str, str]]:
    """Name and meaning of each anomaly that is a kind of what was found (`list-append/G0`), or with which a sentence of
    a witness begins; before one that is as another, that other."""
    names = [kind.rpartition("/")[2] for kind in kinds]
    names += [head[1] for sentence in sentences if (head := _HEAD.match(sentence))]
    return list(dict.fromkeys(one for name in names for one in _meaning(name)))


def _meaning(name: str) -> Iterator[tuple[str, str]]:
    anomaly = lattice().anomalies.get(name)
    if anomaly is None:
        return
    base = _BASE.match(anomaly.definition)
    if base:
        yield from _meaning(base[1])
    yield name, anomaly.definition
