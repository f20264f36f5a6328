"""Sets of contents of a stack, shared as the nodes of a decision diagram are (Bryant 1986).

A set is whether the stack may be empty, and, of each value that may be on top, the set of what may lie below it. Equal
sets are one number, so two sets unite at the cost of where they differ, however many contents they have.
"""

Content = tuple[int, ...]
"""Values of one stack, the top first."""
Node = tuple[bool, tuple[tuple[int, int], ...]]
"""A set: may the stack be empty, and (value on top, set of what lies below), by value."""

NONE = -1
"""The set without any content."""
EMPTY = 0
"""The set of the empty stack alone."""


class StackSets:
    """Sets of contents, each a number."""

    def __init__(self) -> None:
        self._nodes: list[Node] = [(True, ())]
        self._numbers: dict[Node, int] = {self._nodes[EMPTY]: EMPTY}
        self._unions: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        """The number of sets that were made, and of unions."""
        return len(self._nodes) + len(self._unions)

    def pushed(self, contents: int, value: int) -> int:
        """The set with the value on top of each content."""
        return self._number((False, ((value, contents),)))

    def popped(self, contents: int, value: int) -> int:
        """The rest of those that have the value on top."""
        return next((below for top, below in self._nodes[contents][1] if top == value), NONE)

    def popped_any(self, contents: int) -> int:
        """The rest of those that are not empty, without their top."""
        found = NONE
        for _, below in self._nodes[contents][1]:
            found = below if found == NONE else self.union(found, below)
        return found

    def may_be_empty(self, contents: int) -> bool:
        """Whether the empty stack is among them."""
        return self._nodes[contents][0]

    def tops(self, contents: int) -> list[int]:
        """Values that may be on top."""
        return [] if contents == NONE else [top for top, _ in self._nodes[contents][1]]

    def holds(self, contents: int, content: Content) -> bool:
        """Whether a content is among them."""
        for value in content:
            if contents == NONE:
                return False
            contents = self.popped(contents, value)
        return contents != NONE and self.may_be_empty(contents)

    def some(self, contents: int) -> Content:
        """Some content of a set that is not NONE."""
        found: list[int] = []
        while not self.may_be_empty(contents):
            value, contents = self._nodes[contents][1][0]
            found.append(value)
        return tuple(found)

    def union(self, one: int, other: int) -> int:
        """The contents of both. Pitfall: as deep as the stack, so it does not call itself."""
        todo = [(one, other)]
        while todo:
            pair = todo[-1]
            missing = [part for part in self._parts(*pair) if self._united(*part) == NONE]
            if missing:
                todo += missing
                continue
            todo.pop()
            if self._united(*pair) == NONE:
                self._unions[min(pair), max(pair)] = self._number(self._joined(*pair))
        return self._united(one, other)

    def _parts(self, one: int, other: int) -> list[tuple[int, int]]:
        """Pairs of sets below values that both have on top, unless the union is known."""
        if self._united(one, other) != NONE:
            return []
        below = dict(self._nodes[other][1])
        return [(mine, below[value]) for value, mine in self._nodes[one][1] if value in below]

    def _joined(self, one: int, other: int) -> Node:
        (empty, below), (also, more) = self._nodes[one], self._nodes[other]
        joined = dict(below)
        for value, its in more:
            joined[value] = self._united(joined[value], its) if value in joined else its
        return empty or also, tuple(sorted(joined.items()))

    def _united(self, one: int, other: int) -> int:
        """The union, if it is known."""
        if one == other:
            return one
        return self._unions.get((one, other) if one < other else (other, one), NONE)

    def _number(self, node: Node) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self._nodes)
            self._nodes.append(node)
        return number
