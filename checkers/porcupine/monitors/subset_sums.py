"""Sets of numbered amounts with a given sum, one after the other: amounts that must be used soon, and spare ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass
class StepMeter:
    """The steps that may still be taken; fewer than 0 where more would be needed."""

    left: int

    def step(self) -> bool:
        """Take one; whether it was there."""
        self.left -= 1
        return self.left >= 0


class SubsetSums:
    """Sets with one sum. amounts: by number, each above 0. soon, spare: numbers, of each those wanted first at the
    front; of equal spare amounts the first is as good as any."""

    def __init__(self, amounts: Mapping[int, int], soon: Sequence[int], spare: Sequence[int], wanted: int) -> None:
        self._amounts, self._wanted = amounts, wanted
        self._soon = [n for n in soon if amounts[n] <= wanted]
        self._spare = [n for n in spare if amounts[n] <= wanted]
        kept = (1 << (wanted + 1)) - 1 if wanted >= 0 else 0
        self._sums = [1]
        """The sums that the soon amounts from each place on can have, as bits."""
        for number in reversed(self._soon):
            self._sums.append((self._sums[-1] | self._sums[-1] << amounts[number]) & kept)
        self._sums.reverse()

    def sets(self, spare: int, meter: StepMeter) -> Iterator[tuple[int, ...]]:
        """The sets with so many spare amounts, until the steps are spent."""
        if self._wanted < 0 or spare > len(self._spare):
            return
        todo: list[tuple[int, int, tuple[int, ...]]] = [(0, self._wanted, ())]
        while todo:
            first, rest, taken = todo.pop()
            if not meter.step():
                return
            if len(taken) == spare:
                yield from self._of_soon(rest, taken, meter)
                continue
            seen = set()
            following = []
            for place in range(first, len(self._spare) - (spare - len(taken)) + 1):
                amount = self._amounts[self._spare[place]]
                if amount <= rest and amount not in seen:
                    seen.add(amount)
                    following.append((place + 1, rest - amount, (*taken, self._spare[place])))
            todo += reversed(following)

    def _of_soon(self, wanted: int, taken: tuple[int, ...], meter: StepMeter) -> Iterator[tuple[int, ...]]:
        todo: list[tuple[int, int, tuple[int, ...]]] = [(0, wanted, taken)]
        while todo:
            place, rest, sofar = todo.pop()
            if rest < 0 or not self._sums[place] >> rest & 1:
                continue
            if not meter.step():
                return
            if place == len(self._soon):
                yield sofar
                continue
            number = self._soon[place]
            todo.append((place + 1, rest, sofar))
            todo.append((place + 1, rest - self._amounts[number], (*sofar, number)))
