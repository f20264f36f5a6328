"""Systems: what the usual tables say about systems and their configurations, with sources, as data."""

import functools
import tomllib
from collections.abc import Sequence
from importlib.resources import files

import msgspec

RELEASE = ("version", "binary", "image")
"""Options that say which release of a system is run. Tables speak of systems, not of releases."""


class TextbookClaim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a table. claim: CP, AP, CA or neither. target: what runs the configuration here; "" for nothing.
    env: where. nodes: how many; 0 for as many as usual. reason: why nothing runs it, if not for want of a target."""

    system: str
    configuration: str
    claim: str
    source: str
    target: str = ""
    env: str = "sim"
    nodes: int = 0
    reason: str = ""

    @property
    def name(self) -> str:
        """The system and its configuration."""
        return f"{self.system}, {self.configuration}"


@functools.cache
def textbook() -> Sequence[TextbookClaim]:
    """All lines, in the order of the file."""
    found = tomllib.loads(files(__package__).joinpath("systems.toml").read_text(encoding="utf-8"))
    return msgspec.convert(found["claim"], list[TextbookClaim])


def claim_of(target: str, env: str, nodes: int) -> TextbookClaim | None:
    """The line about a target where it runs, with as many nodes, whichever release it is; None if there is none."""
    return next((one for one in _about(target, env) if one.nodes in (0, nodes)), None)


def claims_about(target: str, env: str) -> Sequence[str]:
    """Sentences of the tables about a target where it runs, one for each of their lines."""
    return [
        f"{one.claim}: {one.name}{f' ({one.nodes} nodes)' * (one.nodes > 1)}. {one.source}"
        for one in _about(target, env)
    ]


def _about(target: str, env: str) -> Sequence[TextbookClaim]:
    asked = _configuration(target)
    return [one for one in textbook() if one.env == env and _configuration(one.target) == asked]


def _configuration(target: str) -> tuple[str, frozenset[str]]:
    """The name of a target and those of its options that do not say which release it is."""
    name, _, options = target.partition(":")
    return name, frozenset(one for one in options.split(",") if one and one.partition("=")[0] not in RELEASE)
