"""Refusals of an agent: injections that it cannot do."""

import os
from pathlib import Path

import pytest

from splitbrain.harness.environments.real.handlers import HANDLERS
from splitbrain.harness.environments.ssh.agent.links import Control, own_address
from splitbrain.harness.environments.ssh.agent.serve import Agent, made
from splitbrain.harness.environments.ssh.serialization import KINDS
from splitbrain.harness.injection import Cut, Impair, Limp

ADDRESS = "198.18.0.9"


def test_no_injection_of_links_cuts_off_the_machine_that_gives_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    agent = Agent(Control(ADDRESS, 22), tmp_path)
    refused = {
        kind
        for kind in KINDS.values()
        if kind in HANDLERS and agent._unable(kind, made({"relative_waits": True}), [ADDRESS]) == own_address(ADDRESS)
    }
    assert refused == {Cut, Impair, Limp}
