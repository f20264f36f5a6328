"""RunRecord: what is kept of a run's specification in `test.toml`, for people and for repeating it.

It holds the values that were used, defaults too: a default may change in a later version, and the run would silently
become another one.
"""

import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Setting
from splitbrain.runner.spec import RunSpec
from splitbrain.version import __version__

FORMAT = 2
"""Version of the run folder's files. Older ones are read; newer ones are refused."""


@dataclass(frozen=True)
class RunRecord:
    """The record of a run.

    spec: with every default filled in: workload, environment, number of nodes, seed, options of the workload, faults
    spelled out. command: the command line that repeats it. faults: the names of those asked for. options: every
    option of the target with its value. version: of the splitbrain that ran it. token: the same as `command` in one
    word, for `splitbrain replay`; "" in folders of before there were tokens. drawn: the options that the seed drew, as
    typed; "" for none.
    """

    spec: RunSpec
    command: str
    faults: tuple[str, ...] = ()
    options: Mapping[str, Setting] = field(default_factory=dict)
    version: str = __version__
    token: str = ""
    drawn: str = ""

    @property
    def workload(self) -> str:
        """The workload that was run."""
        return self.spec.workload or ""

    @property
    def env(self) -> str:
        """The environment that it was run in."""
        return self.spec.env or ""

    @property
    def seed(self) -> int:
        """The seed."""
        return self.spec.seed or 0

    def to_toml(self) -> str:
        """The text of `test.toml`."""
        import tomli_w

        return tomli_w.dumps({"format": FORMAT, **self.to_plain()})

    def to_plain(self) -> dict[str, Any]:
        """The record as JSON or TOML has it."""
        return {
            "splitbrain": self.version,
            "command": self.command,
            **({"token": self.token} if self.token else {}),
            **({"drawn": self.drawn} if self.drawn else {}),
            "faults": list(self.faults),
            "spec": self.spec.to_plain(),
            "options": {name: value for name, value in self.options.items() if value is not None},
        }

    @staticmethod
    def from_plain(plain: Mapping[str, Any], where: str) -> "RunRecord":
        """The inverse of `to_plain`; UsageError, naming `where`, if it is no record."""
        try:
            spec, options = dict(plain["spec"]), dict(plain["options"])
            faults = tuple(str(name) for name in plain["faults"])
            return RunRecord(
                RunSpec.from_plain(spec, where),
                str(plain["command"]),
                faults,
                options,
                str(plain["splitbrain"]),
                str(plain.get("token", "")),
                str(plain.get("drawn", "")),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{where}: not the record of a run: {type(error).__name__}: {error}") from None

    @staticmethod
    def from_toml(text: str, where: str) -> "RunRecord":
        """The inverse of `to_toml`, of older formats too; UsageError, naming `where`, if the text is no record or of
        a newer format."""
        try:
            plain = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{where}: not TOML: {error}") from None
        found = plain.get("format")
        if found == 1:
            return _from_format_1(plain, where)
        if found != FORMAT:
            version = plain.get("splitbrain", "unknown version")
            raise UsageError(
                f"{where}: expected format = {FORMAT} or 1, found {found!r} (written by splitbrain {version})"
            )
        return RunRecord.from_plain(plain, where)


def _from_format_1(plain: Mapping[str, Any], where: str) -> RunRecord:
    """The record that splitbrain 0.1 wrote before there was a RunSpec: the fields beside each other, faults by name
    alone; their options stand in the command."""
    names = [declared.name for declared in RunSpec.fields()]
    spec = {name: value for name, value in plain.items() if name in names}
    faults = list(plain.get("nemesis", ()))
    try:
        words = shlex.split(str(plain["command"]))
        spec["nemesis"] = words[words.index("--nemesis") + 1] if "--nemesis" in words else ",".join(faults)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UsageError(f"{where}: not the record of a run: {type(error).__name__}: {error}") from None
    return RunRecord.from_plain(
        {"splitbrain": plain.get("splitbrain", "unknown"), "command": plain["command"], "faults": faults, "spec": spec,
         "options": plain.get("options", {})}, where,
    )  # fmt: skip
