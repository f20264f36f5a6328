"""Work that nodes are given by commands that run beside them: done, failed, hit by another fault, given up."""

import asyncio
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.local import Local
from splitbrain.harness.environments.real import admin_commands
from splitbrain.harness.injection import Compact, Flush, Kill, Repair

from .inside import NAMES, chatters, needs_namespaces, run_inside

pytestmark = needs_namespaces

SLOW = "echo $$ >begun; exec sleep 60"


def words(place: Place) -> list[str]:
    """The addresses that it sees, and its output."""
    return ["sh", "-c", f"ip -o addr >seen; [ {place.name} != n2 ] || {{ echo no; echo 'not today'; exit 7; }}"]


async def done(environment: Local, folder: Path) -> None:
    deployment = replace(
        chatters(),
        admin_commands={
            Flush: words,
            Repair: lambda place: ["sh", "-c", SLOW],
            Compact: lambda place: ["/no/such/program"],
        },
    )
    cluster = await environment.up(deployment, NAMES, folder)
    n1, n2, n3 = cluster.nodes
    assert await (await cluster.inject(Flush(NAMES))).heal() == {"flushes": 2}
    seen = (n1.place.folder / "seen").read_text()
    assert n1.address in seen and n3.address not in seen, "it runs in the node's own network"
    assert "ended with code 7: not today" in n2.logs().read_text()
    assert await (await cluster.inject(Compact(("n1",)))).heal() == {"compactions": 0}

    held = await cluster.inject(Repair(("n1", "n2", "n3")))
    for node in cluster.nodes:
        while not (node.place.folder / "begun").exists():
            await asyncio.sleep(0.01)
    kill = await cluster.inject(Kill(("n1", "n2")))
    assert await kill.heal() == {"processes_killed": 4}, "what runs beside them is killed, too"
    with mock.patch.object(admin_commands, "PATIENCE_SECONDS", 0.2):
        assert await held.heal() == {"repairs": 0}
    late = Path("/proc") / (n3.place.folder / "begun").read_text().strip()
    assert not late.exists(), "what takes too long is ended"
    await cluster.down()


@pytest.mark.parametrize("user", [False, True], ids=["this user", "ordinary user"])
def test_commands_beside_nodes(tmp_path: Path, user: bool) -> None:
    run_inside(done, tmp_path, user)
