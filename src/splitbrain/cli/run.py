"""`splitbrain run`: one test with one seed. The answer first, the command that repeats it last."""

import json
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from splitbrain import registry
from splitbrain.cli.durations import DURATION
from splitbrain.cli.exits import OF_VERDICT
from splitbrain.cli.progress import shown
from splitbrain.execution import Wish, execute, prepare
from splitbrain.harness.budget import Budget
from splitbrain.results import text


@click.command()
@click.argument("target")
@click.option("--workload", "-w", default="", help="What the clients do; by default register, or the first that fits.")
@click.option("--nemesis", default="", metavar="A,B", help="What goes wrong: names of faults, or all.")
@click.option("--nemesis-interval", type=DURATION, default=None, help="From one fault to the next.")
@click.option("--nemesis-duration", type=DURATION, default=None, help="How long each fault lasts.")
@click.option("--env", default=None, help="Where nodes live; by default the first that the target offers.")
@click.option("--hosts", default=None, metavar="FILE.toml", help="The machines of --env ssh, one for each node.")
@click.option("--nodes", default=5, show_default=True)
@click.option("--concurrency", default=10, show_default=True, help="Logical clients, pinned to the nodes in turn.")
@click.option("--rate", default=100.0, show_default=True, help="Operations a second over all clients; 0: no limit.")
@click.option("--time-limit", type=DURATION, default="60s", show_default=True, help="The main phase alone.")
@click.option("--timeout", type=DURATION, default="5s", show_default=True, help="The deadline of one operation.")
@click.option("--respawn", is_flag=True, help="Start nodes that end by themselves again at once.")
@click.option("--budget", type=DURATION, default="60s", show_default=True, help="Wall time for the checkers.")
@click.option("--seed", type=int, default=None, help="Chosen and printed when not given.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"), show_default=True)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the workload.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def run(
    target: str,
    workload: str,
    nemesis: str,
    nemesis_interval: float | None,
    nemesis_duration: float | None,
    env: str | None,
    hosts: str | None,
    nodes: int,
    concurrency: int,
    rate: float,
    time_limit: float,
    timeout: float,
    respawn: bool,
    budget: float,
    seed: int | None,
    out: Path,
    settings: Sequence[str],
    as_json: bool,
) -> int:
    """Test TARGET once: `raft`, `raft:reads=local`, or module:Class of your own."""
    chosen = seed if seed is not None else secrets.randbelow(1 << 31)
    given = registry.assignments(",".join(settings), "--set")
    wish = Wish(
        target, chosen, workload, nemesis, env, nodes, concurrency, rate, time_limit, timeout, given,
        nemesis_interval, nemesis_duration, respawn, hosts,
    )  # fmt: skip
    prepared = prepare(wish)
    elsewhere = prepared.environment.enter(sys.argv[1:])
    if elsewhere is not None:
        return elsewhere
    with shown(f"{target} · {prepared.wish.workload} · seed {chosen}", time_limit) as progress:
        result, folder = execute(prepared, Budget(seconds=budget), out, progress)
    if as_json:
        click.echo(json.dumps(result.headline() | {"run": str(folder.path)}))
    else:
        click.echo("\n".join(text.lines(result)))
    click.echo(f"splitbrain: kept in {folder.path}; look at {folder.report_path}", err=True)
    return OF_VERDICT[result.answer.value]
