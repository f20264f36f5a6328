"""What is needed to repeat a run? Its recipe: `test.toml` in the run folder, for people and for `replay`.

The trap: a recipe must hold the values that were used, defaults too. A default may change in a later version, and the
run would silently become another one.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from splitbrain import __version__
from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Setting

FORMAT = 1
"""Version of the run folder's files; a reader refuses newer ones instead of guessing."""


@dataclass(frozen=True)
class Recipe:
    """Everything that fixes a run.

    command: the command line that repeats it. target: as typed, with options (`raft:reads=local`); options: every
    option of the target with its value. nemesis: the faults asked for, by name, `all` already spelled out;
    nemesis_interval, nemesis_duration: seconds from one fault to the next, and that each lasts, if asked for. nodes,
    concurrency: how many nodes, how many client threads. rate: operations a second over all clients. time_limit:
    seconds of the main phase. timeout: seconds an operation may take. respawn: whether nodes that end by themselves are
    started again at once. settings: what `--set` said.
    What is None is absent in the file.
    """

    command: str
    target: str
    workload: str
    env: str
    nodes: int
    concurrency: int
    rate: float
    time_limit: float
    timeout: float
    seed: int
    nemesis: tuple[str, ...] = ()
    nemesis_interval: float | None = None
    nemesis_duration: float | None = None
    respawn: bool = False
    options: Mapping[str, Setting] = field(default_factory=dict)
    settings: Mapping[str, Setting] = field(default_factory=dict)
    version: str = __version__

    def to_toml(self) -> str:
        """The text of `test.toml`."""
        import tomli_w

        plain: dict[str, Any] = {key: value for key, value in msgspec.to_builtins(self).items() if value is not None}
        head = {"format": FORMAT, "splitbrain": plain.pop("version")}
        tables = {
            name: {key: value for key, value in plain.pop(name).items() if value is not None}
            for name in ("options", "settings")
        }
        return tomli_w.dumps(head | plain | tables)

    @staticmethod
    def from_toml(text: str, where: str) -> "Recipe":
        """The inverse of `to_toml`; UsageError, naming `where`, if the text is no recipe or from a newer format."""
        try:
            plain = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{where}: not TOML: {error}") from None
        found = plain.pop("format", None)
        if found != FORMAT:
            version = plain.get("splitbrain", "unknown version")
            raise UsageError(f"{where}: expected format = {FORMAT}, found {found!r} (written by splitbrain {version})")
        plain["version"] = plain.pop("splitbrain", "unknown")
        try:
            return msgspec.convert(plain, Recipe)
        except msgspec.ValidationError as error:
            raise UsageError(f"{where}: not a run's recipe: {error}") from None
