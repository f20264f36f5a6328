"""Known answers of real systems, as data: what each is known to do wrong, and what a correct one survives.

Each is one command with the verdict that it is to have. docs/known-bugs.md says how often that was seen.
"""

import functools
import tomllib
from collections.abc import Sequence
from importlib.resources import files

import msgspec

INVALID, VALID, EITHER = "invalid", "valid", "valid, rarely invalid"


class KnownAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One command. shows: what it shows, in words. expected: the verdict of most runs; `EITHER` where a bug is so rare
    that few runs show it. issue: of the store, public; "" for what it documents. runs: how many make up the table."""

    name: str
    shows: str
    target: str
    options: str
    expected: str
    issue: str = ""
    runs: int = 5

    @property
    def command(self) -> str:
        """The command as a user types it."""
        return f"splitbrain run {self.target} {self.options}"

    @property
    def system(self) -> str:
        """The name of the target."""
        return self.target.partition(":")[0]


@functools.cache
def known_answers() -> Sequence[KnownAnswer]:
    """All of them, in the order of the file."""
    found = tomllib.loads(files(__package__).joinpath("known_bugs.toml").read_text(encoding="utf-8"))
    return msgspec.convert(found["answer"], list[KnownAnswer])


def answers_of(system: str) -> Sequence[KnownAnswer]:
    """The answers of one target, by its name."""
    return [answer for answer in known_answers() if answer.system == system]
