"""`splitbrain replay`: a simulated run once more. 0 if its history is the same, byte for byte, 1 if it is not."""

import json
from pathlib import Path

import click

from splitbrain.cli.exits import INVALID, VALID
from splitbrain.cli.output import err, out


@click.command()
@click.argument("run", metavar="RUN|TOKEN")
@click.option(
    "--out", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path("runs"), show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def replay(run: str, folder: Path, as_json: bool) -> int:
    """Repeat a simulated run, given its folder or its token, and compare the histories, byte for byte.

    A token has no history to compare with, so its run is carried out twice.
    """
    from splitbrain.runner.replay import replay as repeated

    found = repeated(run, folder)
    if as_json:
        line = {
            "replay": "same" if found.same else "different",
            "differs_at": found.event,
            "sha256": found.digest,
            "first": str(found.first) if found.first else None,
            "run": str(found.again.folder.path),
        }
        out(json.dumps(line | {"verdict": found.again.status.value, "reason": found.again.reason}))
    else:
        first = str(found.first) if found.first else "the first of two runs of the token"
        words = "the same bytes" if found.same else f"different from event {found.event:,} on"
        out(f"{words}: {found.again.folder.path} and {first}")
        out(f"{found.again.status.value}: {found.again.result.sentence}")
    if not found.same:
        err("the code of splitbrain or of the target has changed since, or rests on something beside its seed")
    return VALID if found.same else INVALID
