"""Machines that fail and are repaired: Poisson processes with a mean time between failures and one to repair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.simulated import script


@dataclass(frozen=True)
class FailureModel:
    """Failures of machines. mtbf_s: mean seconds that a machine lives after a repair; mttr_s: mean seconds of a repair.
    common_s: mean seconds between failures that all machines have at once; 0: there are none."""

    mtbf_s: float
    mttr_s: float
    common_s: float = 0.0

    @property
    def down(self) -> float:
        """The share of its time that a machine is down by failures of its own."""
        return self.mttr_s / (self.mtbf_s + self.mttr_s)

    @property
    def down_in_all(self) -> float:
        """The share of its time that a machine is down, by failures of its own or by those of all."""
        common = self.mttr_s / (self.common_s + self.mttr_s) if self.common_s else 0.0
        return 1 - (1 - self.down) * (1 - common)

    def at_least(self, alive: int, machines: int) -> float:
        """The share of the time in which so many live, if each fails by itself: the binomial formula."""
        up = 1 - self.down
        return sum(
            comb(machines, count) * up**count * (1 - up) ** (machines - count) for count in range(alive, machines + 1)
        )

    def changes(self, machines: int, until_s: float, stream: RandomStream) -> Iterator[tuple[float, tuple[int, ...]]]:
        """The machines that are down, from each time on at which that changes; the first from 0."""
        outages = [
            outage for machine in range(machines) for outage in self._outages((machine,), self.mtbf_s, until_s, stream)
        ]
        if self.common_s:
            outages += self._outages(tuple(range(machines)), self.common_s, until_s, stream)
        times = sorted({0.0, *(time for start, stop, _ in outages for time in (start, stop) if time < until_s)})
        begun, ended = sorted(outages), sorted(outages, key=lambda outage: outage[1])
        down = [0] * machines
        starts = stops = 0
        for time in times:
            while starts < len(begun) and begun[starts][0] <= time:
                for machine in begun[starts][2]:
                    down[machine] += 1
                starts += 1
            while stops < len(ended) and ended[stops][1] <= time:
                for machine in ended[stops][2]:
                    down[machine] -= 1
                stops += 1
            yield time, tuple(machine for machine, outages_now in enumerate(down) if outages_now)

    def _outages(
        self, machines: tuple[int, ...], every: float, until_s: float, stream: RandomStream
    ) -> list[tuple[float, float, tuple[int, ...]]]:
        found, now = [], stream.exponential(every)
        while now < until_s:
            end = now + stream.exponential(self.mttr_s)
            found.append((now, end, machines))
            now = end + stream.exponential(every)
        return found


def sampled(
    changes: Sequence[tuple[float, tuple[int, ...]]], every_s: float, until_s: float
) -> Iterator[tuple[int, ...]]:  # fmt: skip
    """The machines that are down at equally spaced times."""
    at = 0
    for number in range(1, int(until_s / every_s)):
        while at + 1 < len(changes) and changes[at + 1][0] <= number * every_s:
            at += 1
        yield changes[at][1]


def kills(changes: Sequence[tuple[float, tuple[int, ...]]], until_s: float) -> str:
    """The schedule of a run whose nodes are dead at these times. A node that stays dead over a change is started and
    killed again within that instant. Times are whole milliseconds."""
    starts = [round(time * 1000) for time, _ in changes]
    ends = [*starts[1:], round(until_s * 1000)]
    faults: list[Mapping[str, object]] = [
        {"fault": "kill", "variant": "one", "start": start / 1000, "duration": (end - start) / 1000,
         "injections": [{"kind": "Kill", "nodes": [f"n{machine + 1}" for machine in down]}]}
        for (_, down), start, end in zip(changes, starts, ends, strict=True) if down and end > start
    ]  # fmt: skip
    return script(*faults)
