"""`splitbrain clean`: remove what runs that were killed have left in Docker and on this machine.

The trap: runs under way have containers too; they are left alone unless everything is asked for.
"""

import json

import click

from splitbrain.harness.environments.docker.daemon import Daemon
from splitbrain.harness.environments.docker.leftovers import sweep


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also what belongs to runs that are still under way.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def clean(everything: bool, as_json: bool) -> None:
    """Remove the containers, networks, rules and folders of runs that were killed. Run folders and images stay."""
    gone = sweep(Daemon.connect(), everything=everything)
    for one in gone:
        if as_json:
            click.echo(json.dumps({"kind": one.kind, "name": one.name, "run": one.run}))
        else:
            click.echo(f"removed {one.kind} {one.name}")
    if not gone and not as_json:
        click.echo("nothing was left behind")
