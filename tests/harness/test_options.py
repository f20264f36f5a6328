"""Values of options that make no sense are told with what would."""

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option, settle

OPTIONS = (
    Option("values", 5, "how many", least=1),
    Option("share", 0.5, "a share", most=1),
    Option("initial", 0, "any number", least=None),
    Option("on", False, "a switch"),
    Option("reads", "log", "one of some", ("log", "local")),
)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"values": "0"}, "option values is a whole number of at least 1, not '0'"),
        ({"values": "2.5"}, "option values is a whole number of at least 1, not '2.5'"),
        ({"share": "1.5"}, "option share is a number from 0 to 1, not '1.5'"),
        ({"share": "-0.1"}, "option share is a number from 0 to 1, not '-0.1'"),
        ({"share": "nan"}, "option share is a number from 0 to 1, not 'nan'"),
        ({"initial": "x"}, "option initial is a whole number, not 'x'"),
        ({"on": "perhaps"}, "option on is on or off, not 'perhaps'"),
        ({"reads": "lcal"}, "option reads is one of log, local, not 'lcal'"),
        ({"valuse": "1"}, "x has no option 'valuse', did you mean values? It has values, share"),
        ({"zzz": "1"}, "x has no option 'zzz'; it has values, share"),
    ],
)
def test_a_value_that_makes_no_sense_is_told(given, told):
    with pytest.raises(UsageError) as wrong:
        settle(OPTIONS, given, "x")
    assert told in str(wrong.value)


def test_values_within_bounds_are_taken():
    given = {"values": "1", "share": "1", "initial": "-3", "on": "yes", "reads": "local"}
    assert settle(OPTIONS, given, "x") == {"values": 1, "share": 1.0, "initial": -3, "on": True, "reads": "local"}


@pytest.mark.parametrize("default", [0, 0.0])
def test_a_number_too_large_for_a_float_is_told(default):
    """An integer as large as a history may hold, tried as an initial value."""
    with pytest.raises(UsageError, match="option start is a"):
        settle((Option("start", default, "where it begins", least=None),), {"start": "1" + "0" * 400}, "model")
