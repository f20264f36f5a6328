"""The state of a program as texts: what is shown, and that nothing in it depends on the process."""

from collections import deque
from dataclasses import dataclass

import msgspec

from splitbrain.harness.program import Now, Role
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.state_text import state_text, value_text
from splitbrain.harness.steps import difference


class ShownVote(msgspec.Struct, frozen=True):
    term: int
    to: str | None = None


@dataclass
class ShownLog:
    entries: list[int]
    last: ShownVote


class PartOfMember:
    __slots__ = ("log", "values")

    def __init__(self) -> None:
        self.log = ShownLog(list(range(100)), ShownVote(3, "n2"))
        self.values = {"a": 1, ("b", 2): b"text", "c": {3, 1}}


class MemberState:
    def __init__(self) -> None:
        self._machine = PartOfMember()
        self.same = self._machine
        self.random = RandomStream(1, "x")
        self.now = Now(1, 2)
        self.hook = print
        self.waiting: dict[str, int] = {}
        self.inbox = deque([b"\x00\x01"])

    @property
    def role(self) -> Role:
        return Role("leader", 3)


def test_objects_are_taken_to_pieces_once_and_values_shown() -> None:
    assert state_text(MemberState()) == {
        "role": "leader 3",
        "inbox": "[2 bytes]",
        "machine.values[a]": "1",
        "machine.values[[b 2]]": "text",
        "machine.values[c]": "{1, 3}",
        "machine.log.entries": "[100 in all, the last: 98 99]",
        "machine.log.last": "ShownVote(term=3 to=n2)",
    }


def test_nothing_that_is_not_there_is_shown_and_long_texts_are_cut() -> None:
    assert value_text(ShownVote(1)) == "ShownVote(term=1)"
    assert value_text("x" * 500, 10) == "x" * 10 + "…"
    assert value_text({n: n for n in range(30)}) == "{30 in all, the last: 28: 28, 29: 29}"


def test_a_circle_ends() -> None:
    one, other = MemberState(), MemberState()
    one.same, other.same = other, one  # type: ignore[assignment]
    assert "same.machine.log.last" in state_text(one)


def test_a_difference_names_what_is_gone() -> None:
    assert difference({"a": "1", "b": "2"}, {"a": "1", "c": "3"}) == {"c": "3", "b": None}
