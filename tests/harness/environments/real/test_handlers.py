"""The table of injections: each kind is carried out or refused in one sentence, and finds the nodes it names."""

from dataclasses import replace
from typing import get_args

import pytest

from splitbrain.harness.environments.real.cluster import names_in
from splitbrain.harness.environments.real.handlers import HANDLERS
from splitbrain.harness.environments.real.unsupported import NO_MESSAGES, needs_root, unsupported
from splitbrain.harness.environments.ssh.cluster import share
from splitbrain.harness.injection import (
    Compact,
    Cut,
    CutClients,
    Flush,
    Impair,
    ImpairMessages,
    Injection,
    Kill,
    Limp,
    PowerLoss,
    Reconfiguration,
    SkewAllClocks,
    SkewClock,
    WithholdVotes,
)
from tests.harness.environments.local.inside import chatters

KINDS = {kind.__name__: kind for kind in get_args(Injection)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind not in get_args(Reconfiguration)], ids=str)
def test_what_no_handler_does_is_refused_in_a_sentence(kind: type) -> None:
    if kind not in HANDLERS:
        expected = NO_MESSAGES if kind is ImpairMessages else f"--env local cannot do {kind.__name__}"
        assert unsupported(kind, chatters()) == expected
        assert not needs_root(kind)


def test_reasons_come_from_the_table() -> None:
    assert unsupported(Kill, chatters()) is None and not needs_root(Kill)
    assert all(needs_root(kind) for kind in (Cut, Impair, Limp, CutClients, PowerLoss))
    assert "absolute times" in str(unsupported(SkewAllClocks, chatters()))
    assert unsupported(Flush, chatters()) == "these nodes cannot be asked for it"
    given = replace(chatters(), admin_commands={Flush: lambda place: ["true"]})
    assert unsupported(Flush, given) is None and unsupported(Compact, given) is not None
    assert "cannot do WithholdVotes" in str(unsupported(WithholdVotes, chatters()))


def test_the_nodes_that_an_injection_names() -> None:
    assert names_in(Cut((("n2", "n1"), ("n3", "n1")))) == ["n1", "n2", "n3"]
    assert names_in(Kill(("n3", "n1"))) == ["n3", "n1"]
    assert names_in(SkewClock("n2")) == ["n2"]


def test_each_host_has_its_share() -> None:
    cut = Cut((("n2", "n1"),))
    assert share(cut, "n1") == cut and share(SkewClock("n1"), "n1") == SkewClock("n1")
    assert share(Kill(("n1", "n2"), restarts=2), "n2") == Kill(("n2",), restarts=2)
