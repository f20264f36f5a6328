"""The file of a campaign: what it may say, and each mistake with its line."""

import pytest

from splitbrain.campaigns.file import line_of, parse
from splitbrain.campaigns.grid import breadth_first, grid
from splitbrain.harness.errors import UsageError

TEST = '[[test]]\ntarget = "raft"\n'


def planned(text):
    return grid(parse(text, "night.toml"))


def test_lists_multiply_and_defaults_are_overruled():
    text = """
[defaults]
nodes = 3
time-limit = 20
seeds = 10
[[test]]
target = ["raft", "raft:reads=index"]
workload = "register"
nemesis = ["partition", "partition,kill", "all"]
[[test]]
target = "raft:reads=local"
time-limit = "5s"
seeds = [7, 9]
expect = "invalid"
known = "local reads may be stale"
"""
    found = planned(text)
    assert [test.name for test in found] == [
        "raft · register · partition",
        "raft · register · partition,kill",
        "raft · register · all",
        "raft:reads=index · register · partition",
        "raft:reads=index · register · partition,kill",
        "raft:reads=index · register · all",
        "raft:reads=local · mixed · no faults · time-limit=5",
    ]
    assert {test.spec.nodes for test in found} == {3}
    assert [test.spec.time_limit for test in found] == [20.0] * 6 + [5.0]
    assert found[0].seeds == tuple(range(1, 11)) and found[-1].seeds == (7, 9)
    assert (found[-1].expect, found[-1].known) == ("invalid", "local reads may be stale")
    assert {test.expect for test in found[:-1]} == {"valid"}


def test_options_of_the_workload_stand_under_set_and_are_part_of_the_name():
    found = planned(TEST + 'workload = "register"\nset = { values = 9 }\nnodes = [3, 5]\n')
    assert [test.name for test in found] == [
        "raft · register · no faults · nodes=3 · values=9",
        "raft · register · no faults · nodes=5 · values=9",
    ]
    assert found[0].spec.settings == {"values": "9"}


def test_a_name_is_followed_by_what_multiplies():
    found = planned('[[test]]\nname = "reads"\ntarget = ["raft", "single"]\nworkload = "register"\n')
    assert [test.name for test in found] == ["reads · raft", "reads · single"]


def test_the_grid_is_gone_through_breadth_first_with_what_failed_before_them():
    found = planned('[defaults]\nseeds = 2\n[[test]]\ntarget = ["raft", "single"]\nworkload = "register"\n')
    raft, single = (test.name for test in found)
    order = [(test.name, seed) for test, seed in breadth_first(found, [(single, 2), ("gone", 1), (raft, 99)])]
    assert order == [(single, 2), (raft, 1), (single, 1), (raft, 2)]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[[test]\n", None, "not TOML"),
        ("seeds = 3\n" + TEST, 1, "a campaign has no 'seeds'"),
        ("[default]\nnodes = 3\n" + TEST, 1, "did you mean defaults?"),
        ("[defaults]\nnodes = 3\n", None, "at least one [[test]]"),
        ("[test]\ntarget = 'raft'\n", 1, "write [[test]]"),
        (TEST + "\nnemsis = 'kill'\n", 4, "a test has no key 'nemsis', did you mean nemesis?"),
        (TEST + "time_limit = 3\n", 3, "did you mean time-limit?"),
        (TEST + "seed = 3\n", 3, "did you mean seeds?"),
        ("[defaults]\nexpect = 'valid'\n" + TEST, 2, "[defaults] has no key 'expect'"),
        ("[defaults]\nnodes = 0\n" + TEST, 2, "nodes is a whole number from 1 to 100, not 0"),
        (TEST + "time-limit = ['5s', 'soon']\n", 3, "time-limit is a duration"),
        (TEST + "# kill\nnemesis = [\n  'partition',\n  'kil',\n]\n", 4, "there is no fault 'kil', did you mean kill?"),
        (TEST + "nemesis = []\n", 3, "empty list"),
        (TEST + "seeds = 0\n", 3, "seeds is from 1 to"),
        (TEST + "seeds = [1, 1]\n", 3, "different numbers"),
        (TEST + "seeds = 'many'\n", 3, "how many there are"),
        (TEST + "expect = 'unknown'\n", 3, 'expect is "valid" or "invalid"'),
        (TEST + "known = 5\n", 3, "known is a text"),
        (TEST + "set = 5\n", 3, "set is"),
        (TEST + "set = { vales = 9 }\nworkload = 'register'\n", 1, "has no option 'vales'"),
        ("[[test]]\nnodes = 3\n", 1, "needs a target"),
        (TEST + "[[test]]\ntarget = 'rafd'\n", 4, "did you mean raft?"),
        (TEST + "workload = 'registr'\n", 3, "did you mean register?"),
        ("[[test]]\ntarget = 'single'\nworkload = 'lock'\n", 1, "workload lock needs"),
        (TEST + "[[test]]\ntarget = ['single', 'raft']\n", 3, "give one another name"),
        ("[defaults]\nnodes = 1\nnemesis = 'partition'\n" + TEST, 4, "needs more than 1 --nodes"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(text, line, words):
    with pytest.raises(UsageError) as told:
        planned(text)
    where = "night.toml:" if line is None else f"night.toml:{line}: "
    assert str(told.value).startswith(where), str(told.value)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_the_line_of_a_key_is_found_among_values_of_several_lines():
    table = '[defaults]\nworkload = """\nnodes = 7\n"""\nnemesis = [\n  "kill",\n]\nnodes = 3\n'
    text = "# about\n" + table + "[[test]]\n[[test]]\nx=1\n"
    assert line_of(text, ("defaults", "nodes")) == 9
    assert line_of(text, ("defaults", "nemesis")) == 6
    assert line_of(text, ("test", 1)) == 11
    assert line_of(text, ("test", 1, "y")) is None
