"""RunSpec: everything that fixes one run, each option declared once.

The options of `splitbrain run`, their validation, `command()`, `test.toml`, JSON and the keywords of `splitbrain.run`
are derived from the declarations: to add an option, add a field here and use it where it matters.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import Any

from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.kinds import parse_known
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.runner.fields import SECONDS, SpecField, fields_of, option
from splitbrain.runner.quantities import YEAR_SECONDS

CLAIM = "claim"
"""The word of `--model` for what the target claims."""
RATE = 100.0
"""Operations a second where nothing else was asked for."""
_SECRET = re.compile(r"://[^/@+,]*@")
"""A user, perhaps with a password, in a URL."""


@dataclass(frozen=True)
class RunSpec:
    """The specification of a run. Values given as text are read as the command line reads them, and every value is
    checked: UsageError, in one sentence, for one that makes no sense.

    target: as typed, with its options. nemesis: faults as typed; a list of them is joined. settings: options of the
    workload, values as text.
    """

    target: str = option(MISSING, "What is tested: a name, with options as in raft:reads=local, or module:Class.")
    workload: str | None = option(
        None, "What the clients do; by default the first that fits: mixed, else register.", short="-w", metavar="NAME"
    )
    model: str | None = option(
        None,
        "What judges the history: a model, as in k-atomicity:k=3, or claim for what TARGET claims; by default the "
        "workload's own.",
        metavar="NAME",
    )
    nemesis: str = option("", "What goes wrong: names of faults, or all.", metavar="A,B")
    nemesis_interval: float | None = option(
        None, "From one fault to the next.", unit=SECONDS, above=0, most=YEAR_SECONDS
    )
    nemesis_duration: float | None = option(
        None, "How long each fault lasts.", unit=SECONDS, above=0, most=YEAR_SECONDS
    )
    schedule: str | None = option(
        None, "Faults, and if wanted operations, as data; a file, in the place of --nemesis.", metavar="FILE.toml"
    )
    world: str = option(
        "",
        "The simulated world: a profile (lan, wan, slow-disk, overload), or knobs as in net.latency=5ms.",
        metavar="A,B",
        repeated=True,
    )
    env: str | None = option(None, "Where nodes live; by default the first that the target offers.", metavar="NAME")
    nodes: int = option(5, "How many nodes.", least=1, most=100)
    concurrency: int = option(10, "Logical clients, pinned to the nodes in turn.", least=1, most=10_000)
    rate: float | None = option(
        None,
        f"Operations a second over all clients, {RATE:g} by default; 0: no limit.",
        unit="operations a second",
        least=0,
    )
    time_limit: float = option(60.0, "The main phase alone.", unit=SECONDS, above=0, most=YEAR_SECONDS)
    timeout: float = option(5.0, "The deadline of one operation.", unit=SECONDS, above=0, most=YEAR_SECONDS)
    respawn: bool = option(False, "Start nodes that end by themselves again at once.")
    hosts: str | None = option(None, "The machines of --env ssh, one for each node.", metavar="FILE.toml")
    liveness: float | None = option(
        None,
        "Invalid too if service is not back so long after a heal.",
        unit=SECONDS,
        above=0,
        most=YEAR_SECONDS,
    )
    budget: Budget = option(  # noqa: RUF009 - a Budget is frozen
        Budget(), "What the checkers may spend: 60s,2GiB,20M (time, bytes, configurations)."
    )
    settings: Mapping[str, str] = option(dict, "An option of the workload.", metavar="KEY=VALUE")
    known: str | None = option(
        None, "Kinds of anomalies that are accepted: a check, or CHECK/ANOMALY as in set/lost.", metavar="A,B"
    )
    seed: int | None = option(None, "Chosen and printed when not given.", least=-(1 << 63), most=(1 << 63) - 1)

    def __post_init__(self) -> None:
        for declared in self.fields():
            object.__setattr__(self, declared.name, declared.value(getattr(self, declared.name)))
        if _SECRET.search(self.target):
            raise UsageError(
                "a password in a URL would be kept in the run's folder: leave it out, and name the user and the "
                "environment variable that holds the password, as in user=NAME,password_env=VARIABLE"
            )
        parse_known(self.known)
        if not self.target:
            raise UsageError("a run needs a target: its name, or module:Class for one of your own")

    @staticmethod
    def fields() -> tuple[SpecField, ...]:
        """The declared fields, in order."""
        return fields_of(RunSpec)

    @staticmethod
    def field(name: str) -> SpecField:
        """The declared field of a name."""
        return next(declared for declared in RunSpec.fields() if declared.name == name)

    def command(self) -> str:
        """The command line that repeats this run: what differs from the defaults, in the order of the fields."""
        words = ["splitbrain", "run", self.target]
        for declared in self.fields()[1:]:
            value = getattr(self, declared.name)
            if declared.kind is dict:
                for key, text in value.items():
                    words += [declared.word, f"{key}={text}"]
            elif value != declared.default:
                words += [declared.word, *([] if value is True else [declared.shown(value)])]
        return shlex.join(words)

    def to_plain(self) -> dict[str, Any]:
        """The fields as JSON or TOML has them; what is None is left out."""
        values = {declared.name: declared.plain(getattr(self, declared.name)) for declared in self.fields()}
        return {name: value for name, value in values.items() if value is not None}

    @staticmethod
    def from_plain(plain: Mapping[str, Any], where: str = "run") -> "RunSpec":
        """The inverse of `to_plain`, of what a user may have written too. UsageError, naming `where`."""
        known = [declared.name for declared in RunSpec.fields()]
        for name in plain:
            if name not in known:
                hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
                raise UsageError(f"{where}: a run has no option {name!r}{hint}")
        try:
            return RunSpec(**plain)
        except UsageError as error:
            raise UsageError(f"{where}: {error}") from None
