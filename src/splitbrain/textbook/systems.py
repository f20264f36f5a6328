"""Systems: what the usual tables say about systems and their configurations, with sources, as data."""

import functools
import tomllib
from collections.abc import Sequence
from importlib.resources import files

import msgspec


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
    """The line about a target where it runs, with as many nodes; None if there is none."""
    found = (one for one in textbook() if (one.target, one.env) == (target, env))
    return next((one for one in found if one.nodes in (0, nodes)), None)
