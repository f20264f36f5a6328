"""The words of `--nemesis`."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.nemeses import FAULTS, parse

DEFAULTS = ["partition", "kill", "pause", "clock", "packet", "disk"]


def names(argument: str) -> list[str]:
    return [fault.name for fault in parse(argument)]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("", []),
        ("none", []),
        ("kill", ["kill"]),
        ("partition, kill", ["partition", "kill"]),
        ("all", DEFAULTS),
        ("all,clock-rate", [*DEFAULTS, "clock-rate"]),
        ("kill,all", ["kill", "partition", "pause", "clock", "packet", "disk"]),
    ],
)
def test_names(argument: str, expected: list[str]) -> None:
    assert names(argument) == expected


def test_a_part_without_a_name_belongs_to_the_fault_before_it() -> None:
    partition, kill, pause = parse("partition:topology=bridge,kill:size=one,aim=leader,pause")
    assert partition.variants == ("bridge",)
    assert kill.variants == ("one",)
    assert getattr(kill, "aim") == "leader"  # noqa: B009 - the protocol of faults does not know it
    assert pause.variants == FAULTS["pause"].variants


def test_options_named_beside_all_are_kept() -> None:
    before, *rest = parse("all,kill:size=all")[::-1]
    assert (before.name, before.variants) == ("kill", ("all",))
    assert "kill" not in [fault.name for fault in rest]


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("nonsense", "no fault 'nonsense'; there are partition, kill"),
        ("partitoin", "did you mean partition"),
        ("topology=bridge", "expected NAME"),
        ("kill:size", "expected NAME"),
        ("kill:=one", "expected NAME"),
        ("kill:side=one", "kill has no option 'side', did you mean size\\? It has size, aim"),
        ("kill,kill:size=one", "kill is named twice"),
        ("kill:size=one,size=all", "size of kill is given twice"),
        ("all:size=one", "all has no options"),
        ("all,size=one", "all has no options"),
        ("none,kill", "cannot be combined"),
    ],
)
def test_wrong_use_says_what_there_is(argument: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(argument)
