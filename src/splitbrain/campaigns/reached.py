"""Progress in states: those that each test of a campaign has reached, and the guides of tests that have one.

The lines of a guided test are kept in the order in which their runs were chosen; a run that ends earlier waits. So what
is new, and all that follows from it, does not depend on how many runs go on at once. Those of other tests are kept as
they end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from splitbrain.campaigns.grid import CampaignTest
from splitbrain.campaigns.guide import TestGuide, Variation
from splitbrain.campaigns.tasks import RunLine
from splitbrain.runner.spec import RunSpec


class Reached:
    """States and guides, as a campaign goes on.

    first: tests and seeds that are run as they are, because they failed last time. lines: of an earlier attempt, in
    order.
    """

    def __init__(
        self, tests: Sequence[CampaignTest], first: Sequence[tuple[str, int]] = (), lines: Sequence[RunLine] = ()
    ) -> None:
        self._known: dict[str, set[str]] = {test.name: set() for test in tests}
        self._guides: dict[str, TestGuide] = {}
        for test in tests:
            if test.guided:
                plain = frozenset(seed for name, seed in first if name == test.name)
                self._guides[test.name] = TestGuide(test, plain)
        self._order: dict[str, dict[int, RunLine | None]] = {name: {} for name in self._guides}
        """Of guided tests, the runs that were chosen and are not kept: seed → its line, once it is over."""
        for line in lines:
            self._known[line.test].update(line.new_states)
            if line.test in self._guides:
                self._guides[line.test].resume(line)

    def may_choose(self, test: CampaignTest) -> bool:
        """Whether the next run of a test can be chosen by now."""
        return not test.guided or self._guides[test.name].may_choose

    def choose(self, test: CampaignTest, seed: int) -> tuple[RunSpec, Variation | None]:
        """The specification of the test's next run, which has this seed; how it is varied, None if it is the test's
        own."""
        if not test.guided:
            return replace(test.spec, seed=seed), None
        self._order[test.name][seed] = None
        return self._guides[test.name].choose(seed)

    def ended(self, line: RunLine) -> Iterator[RunLine]:
        """The lines that are to be kept now that a run is over, in order, with what is new in each."""
        order = self._order.get(line.test)
        if order is None:
            yield self._newly(line)
            return
        order[line.key[1]] = line
        while order and (following := order[seed := next(iter(order))]) is not None:
            del order[seed]
            kept = self._newly(following)
            self._guides[line.test].take(kept)
            yield kept

    def held(self) -> Iterator[RunLine]:
        """The lines of runs that are over and wait for others."""
        for order in self._order.values():
            yield from (line for line in order.values() if line is not None)

    def _newly(self, line: RunLine) -> RunLine:
        found = line.newly(self._known[line.test])
        self._known[line.test].update(found.new_states)
        return found
