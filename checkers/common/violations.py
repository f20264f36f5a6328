"""Violations: reads that violate a session guarantee, counted, with the first of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """read: the one that violates. missed: the write that it should have reflected. through: operations that show why,
    in order; why: a sentence on each of them, where {0} is the read, {1} the write, {2} and so on those of through."""

    read: int
    missed: int
    through: tuple[int, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(slots=True)
class Violations:
    """first: the first violation found. count: how many reads violate. judged: how many had something to reflect."""

    first: Violation | None = None
    count: int = 0
    judged: int = 0

    def note(self, found: Violation | None) -> None:
        """Note what was found about one read that had something to reflect."""
        self.judged += 1
        if found is not None:
            self.count += 1
            self.first = self.first or found
