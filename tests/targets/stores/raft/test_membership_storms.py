"""Changes of membership in bad odds: the five properties of Figure 3 hold while an operator removes servers and lets
them join again with nothing."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.messages import Request

from .bench import FIVE, THREE, RaftBench
from .safety import SafetyWatch, StepOdds, storm

PATIENCE = 60
"""Steps after which an operator who has not been answered asks again."""


class OperatedBench(RaftBench):
    """A cluster with an operator, who does one step after the other, each until it is confirmed."""

    def __init__(self, names: tuple[str, ...], seed: int, **options: Any) -> None:
        self.out: str | None = None
        """The server that is removed, or on its way to be."""
        self.down = False
        super().__init__(names, seed, **options)
        self.joined = 0
        self._stream = RandomStream(seed, "operator")
        self._steps = self._plan()
        self._asked: tuple[str, int] | None = None
        self._since = 0
        self._numbers = count(1)

    def start(self, name: str) -> None:
        """Start a node, unless the operator holds it down."""
        if not (self.down and name == self.out):
            super().start(name)

    def _plan(self) -> Any:
        """The steps without end: what is asked for; what is done when it is confirmed is done in between."""
        while True:
            self.out = self._stream.choice(list(self.names))
            yield "remove-member"
            self.down = True
            self.crash(self.out)
            yield "admit-member"
            self.down = False
            self.make_anew(self.out)
            yield "promote-member"
            self.joined += 1

    def operate(self) -> None:
        """Look whether the last step was confirmed, and go on; or ask again, if that has taken long."""
        self._since += 1
        if self._asked is None:
            self._ask(next(self._steps))
            return
        f, handle = self._asked
        answer = self.replies.get(handle)
        if answer is not None and answer.error is None:
            self._ask(next(self._steps))
        elif answer is not None or self._since > PATIENCE:
            self._ask(f)

    def _ask(self, f: str) -> None:
        self._since = 0
        others = [name for name in self.up() if name != self.out]
        if others:
            through = self._stream.choice([name for name in self.leaders() if name in others] or others)
            request = Request(f, None, self.out, f"operator.{next(self._numbers):x}.0", 1)
            self._asked = (f, self.request(through, request))
        else:
            self._asked = (f, -1)


class OperatedWatch(SafetyWatch):
    """The same properties, by the configuration of the server that applies an entry first."""

    def _voters(self, name: str) -> Sequence[str]:
        return self.bench.server(name).voters


def stormed(names: tuple[str, ...], seed: int, steps: int) -> OperatedBench:
    """A cluster after so many steps."""
    bench = OperatedBench(names, seed, compact_after=0)
    stream = RandomStream(seed, "storm")
    watch, odds = OperatedWatch(bench), StepOdds.drawn(stream)
    for _ in range(steps):
        storm(watch, odds, stream, 4)
        bench.operate()
        watch.look()
    return bench


@pytest.mark.parametrize("names", [THREE, FIVE])
def test_figure_3_holds_while_members_change(names: tuple[str, ...]) -> None:
    benches = [stormed(names, seed, 150) for seed in range(4)]
    assert sum(bench.joined for bench in benches) > 0
