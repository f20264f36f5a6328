"""The command line: one file a command, and one place where outcomes become exit codes.

The trap: start-up. Commands are imported when they are called, so that `splitbrain --version` stays instant.
"""

import importlib
import os
import sys
import traceback
import warnings

import click

from splitbrain.cli.exits import INFRASTRUCTURE, INTERNAL, INTERRUPTED, USAGE
from splitbrain.harness.errors import InfrastructureError, SplitbrainError
from splitbrain.version import __version__

COMMANDS = {
    "demo": ("splitbrain.cli.demo:demo", "Test four stores in the simulator, and explain one anomaly."),
    "run": ("splitbrain.cli.run:run", "Test a target once."),
    "check": ("splitbrain.cli.check:check", "Judge recorded histories, ours or not."),
    "report": ("splitbrain.cli.report:report", "Write the page of a run anew."),
    "list": ("splitbrain.cli.listing:listing", "What there is: targets, workloads, nemeses, models, environments."),
    "zoo": ("splitbrain.cli.zoo:zoo", "Hunt planted bugs: are they found, and is the correct store left alone?"),
    "images": ("splitbrain.cli.images:images", "Build and list the images that containers are made from."),
    "clean": ("splitbrain.cli.clean:clean", "Remove what runs that were killed have left in Docker, or on hosts."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are called, and not to be listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and what they are for."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="splitbrain")
def cli() -> None:
    """What a data system really promises when the network splits, nodes die and clocks lie.

    Exit codes: 0 valid, 1 invalid, 2 unknown, 3 infrastructure failed, 130 interrupted, 254 wrong use or unreadable
    input, 255 internal error.
    """


def main() -> None:
    """The entry point: runs a command and exits with its code; every error is a sentence on standard error."""
    warnings.formatwarning = _sentence
    try:
        code = cli.main(prog_name="splitbrain", standalone_mode=False)
    except click.ClickException as error:
        usage = (
            f" Try 'splitbrain {error.ctx.info_name} --help'."
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        _say(f"{error.format_message()}{usage}")
        code = USAGE
    except InfrastructureError as error:
        _say(str(error))
        code = INFRASTRUCTURE
    except SplitbrainError as error:
        _say(str(error))
        code = USAGE
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted; everything was healed and closed, nothing was judged")
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: nothing more can be said, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = INTERNAL
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug of ours must not look like a verdict
        _say(_bug(error))
        code = INTERNAL
    sys.exit(code if isinstance(code, int) else 0)


def _sentence(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning as any other message."""
    from splitbrain.results.format import plain_lines

    return f"splitbrain: {plain_lines(str(message))}\n"


def _say(text: str) -> None:
    """Print a message; it may quote a history, a file name or another program, so nothing in it steers the terminal."""
    from splitbrain.results.format import plain_lines

    print(f"splitbrain: {plain_lines(text)}", file=sys.stderr)


def _bug(error: Exception) -> str:
    if os.environ.get("SPLITBRAIN_DEBUG"):
        return "".join(traceback.format_exception(error)).rstrip()
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"internal error, not a verdict: {type(error).__name__}: {error} ({frame.filename}:{frame.lineno}); "
        "set SPLITBRAIN_DEBUG=1 to see where it came from, and please report it"
    )
