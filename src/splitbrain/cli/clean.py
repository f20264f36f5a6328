"""`splitbrain clean`: remove what runs that were killed have left in Docker and on this host, or on hosts.

Runs under way have containers and processes too: they are left alone unless everything is asked for.
"""

import json
from collections.abc import Mapping

import click

from splitbrain.cli.output import out
from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.orphans import DockerObjects
from splitbrain.harness.environments.real.orphans import ScratchFolders, sweep
from splitbrain.harness.environments.ssh.agent_client import open_all
from splitbrain.harness.environments.ssh.hosts import read


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also what belongs to runs that are still under way.")
@click.option("--hosts", default=None, metavar="FILE.toml", help="On these hosts, instead of in Docker.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def clean(everything: bool, hosts: str | None, as_json: bool) -> None:
    """Remove the containers, networks, rules and folders of runs that were killed. Run folders and images stay."""
    gone = _in_docker(everything) if hosts is None else _on_hosts(hosts, everything)
    for one, words in gone:
        out(json.dumps(one) if as_json else f"removed {words}")
    if not gone and not as_json:
        out("nothing was left behind")


def _in_docker(everything: bool) -> list[tuple[Mapping[str, str], str]]:
    """Remove what is in Docker; what was removed, as data and in words."""
    gone = sweep([DockerObjects(Daemon.connect()), ScratchFolders()], everything=everything)
    return [({"kind": one.kind, "name": one.name, "run": one.run}, f"{one.kind} {one.name}") for one in gone]


def _on_hosts(file: str, everything: bool) -> list[tuple[Mapping[str, str], str]]:
    """Remove what is on hosts, likewise. A host that is in use stays so unless everything is to go:
    InfrastructureError."""
    gone: list[tuple[Mapping[str, str], str]] = []
    for agent in open_all(read(file), everything=everything):
        host = agent.host.address
        for name in agent.about["removed"]:
            gone.append(({"kind": "leftover", "name": name, "host": host}, f"{name} on {agent.host}"))
        agent.close()
    return gone
