"""Guide: which configuration a campaign tries next, led by the states that nodes marked in the runs so far.

A test with `guide = "coverage"` has as many runs as without, with the same seeds. Every second of them does not take
the configuration that its own seed draws, but that of the latest run which reached states that no run of the test had
reached before: as it was, with some of its faults, with other sizes, or with another load.

Deterministic: the n-th run of a test is chosen by its first n - LAG runs alone, however many go on at once and in
whatever order they end. So LAG bounds how many runs of one test go on at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from splitbrain import registry
from splitbrain.campaigns.grid import CampaignTest
from splitbrain.campaigns.tasks import RunLine
from splitbrain.harness.errors import UsageError
from splitbrain.harness.random_stream import RandomStream
from splitbrain.runner.plan import plan
from splitbrain.runner.spec import RunSpec

LAG = 8
NODES = (3, 5, 7)
CONCURRENCY = (5, 10, 20)
RATE_FACTORS = (0.5, 2.0)

Variation = Mapping[str, Any]
"""`from`, the seed whose configuration is tried; `how` it is varied; `fields` of the specification that differ from the
test's, as JSON has them."""
Change = Callable[[RunSpec, RunSpec, RandomStream], RunSpec]
"""Function that changes a configuration; given the test's specification too, of which nothing is changed that is not
the default."""


@dataclass
class Lead:
    """A run that reached something new. spec: its configuration, with all that its seed drew. tried: how many runs it
    has led to."""

    seed: int
    spec: RunSpec
    tried: int = 0


class TestGuide:
    """The guide of one test. Lines are taken in the order in which their runs were chosen."""

    __test__ = False  # pytest takes the name for its own

    def __init__(self, test: CampaignTest, plain: frozenset[int] = frozenset()) -> None:
        """plain: seeds that are run as they are, because they failed before."""
        self._test, self._plain = test, set(plain).union(test.kept)
        self._lines: list[RunLine] = []
        self._chosen = 0
        self._weighed = 0
        """The number of lines that were looked at for leads."""
        self._leads: list[Lead] = []

    @property
    def may_choose(self) -> bool:
        """Whether enough is known for the next choice."""
        return self._chosen < len(self._lines) + LAG

    def take(self, line: RunLine) -> None:
        """Take the line of the next run, in order."""
        self._lines.append(line)

    def resume(self, line: RunLine) -> None:
        """Take the line of the next run of an earlier attempt."""
        if line.varied is None:
            self._plain.add(line.key[1])
        self.choose(line.key[1])
        self.take(line)

    def choose(self, seed: int) -> tuple[RunSpec, Variation | None]:
        """The specification of the next run, which has this seed; how it is varied, None if it is the test's own."""
        number, self._chosen = self._chosen, self._chosen + 1
        while self._weighed <= number - LAG:
            self._weigh(self._lines[self._weighed])
            self._weighed += 1
        own = replace(self._test.spec, seed=seed)
        if number % 2 == 0 or not self._leads or seed in self._plain:
            return own, None
        lead = self._leads[-1]
        lead.tried += 1
        if lead.tried == len(CHANGES):
            self._leads.pop()
        return varied(lead, list(CHANGES)[lead.tried - 1], own)

    def _weigh(self, line: RunLine) -> None:
        """Make a run a lead if it reached something new; the first run of a test, to which all is new, is none."""
        if self._weighed and line.new_states:
            spec = specified(replace(self._test.spec, seed=line.key[1]), line.varied)
            self._leads.append(Lead(line.key[1], written_out(spec)))


def varied(lead: Lead, how: str, own: RunSpec) -> tuple[RunSpec, Variation]:
    """The configuration of a lead with another seed, changed; as it was where the change does not fit or is none."""
    again = replace(lead.spec, seed=own.seed)
    changed = CHANGES[how](again, own, RandomStream(own.seed or 0, "guide", how))
    try:
        plan(changed)
    except UsageError:
        changed = again
    before, after = own.to_plain(), changed.to_plain()
    fields = {name: value for name, value in after.items() if before.get(name) != value}
    return changed, {"from": lead.seed, "how": AS_IT_WAS if changed == again else how, "fields": fields}


def specified(own: RunSpec, variation: Variation | None) -> RunSpec:
    """The specification of a run that may have been varied."""
    return own if variation is None else RunSpec.from_plain({**own.to_plain(), **variation["fields"]})


def written_out(spec: RunSpec) -> RunSpec:
    """A specification with all that its seed draws written out, so that another seed draws nothing of it."""
    full = plan(spec).spec
    return replace(spec, world=registry.whole_world(full.world), rate=full.rate, settings=full.settings)


def _some_faults(again: RunSpec, own: RunSpec, random: RandomStream) -> RunSpec:
    """Half of the faults, each by chance, at least one."""
    names = registry.each_fault(plan(again).spec.nemesis)
    if not names:
        return again
    kept = [name for name in names if random.chance(0.5)] or [random.choice(names)]
    storms = ["storm"] if registry.storms_only(again.nemesis) else []
    return replace(again, nemesis=",".join([*storms, *kept]))


def _other_sizes(again: RunSpec, own: RunSpec, random: RandomStream) -> RunSpec:
    """Another number of nodes, and another of clients."""
    sizes = {"nodes": NODES, "concurrency": CONCURRENCY}
    chosen: dict[str, Any] = {
        name: random.choice([size for size in among if size != getattr(again, name)])
        for name, among in sizes.items()
        if getattr(own, name) == RunSpec.field(name).default
    }
    return replace(again, **chosen)


def _other_load(again: RunSpec, own: RunSpec, random: RandomStream) -> RunSpec:
    """Half as many operations a second, or twice."""
    if own.rate is not None or again.rate is None:
        return again
    return replace(again, rate=again.rate * random.choice(RATE_FACTORS))


AS_IT_WAS = "as it was"
CHANGES: Mapping[str, Change] = {
    AS_IT_WAS: lambda again, own, random: again,
    "some faults": _some_faults,
    "other sizes": _other_sizes,
    "other load": _other_load,
}
"""Ways to vary a configuration, in the order in which they are tried."""
