"""The command line: one file a command, and one place where outcomes become exit codes.

Commands are imported when they are called, so that `splitbrain --version` stays instant.
"""

import errno
import importlib
import os
import resource
import shutil
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import click

from splitbrain.cli.exits import INFRASTRUCTURE, INTERNAL, INTERRUPTED, USAGE, VALID, worst
from splitbrain.cli.output import Output, err, printable
from splitbrain.cli.own_code import apart
from splitbrain.harness.errors import InfrastructureError, SplitbrainError, UsageError, out_of_memory
from splitbrain.harness.signals import interrupts
from splitbrain.harness.suggestion import did_you_mean
from splitbrain.version import __version__

COMMANDS = {
    "demo": ("splitbrain.cli.demo:demo", "Test four stores in the simulator, and explain one anomaly."),
    "run": ("splitbrain.cli.run:run", "Test a target once."),
    "campaign": ("splitbrain.cli.campaign:command", "Test a grid of targets, faults and seeds from a file."),
    "classify": ("splitbrain.cli.classify:command", "Say whether targets are CP, AP, CA or neither, from evidence."),
    "claims": ("splitbrain.cli.claims:command", "Measure claims of textbooks: confirmed, refuted, or depends."),
    "compare": ("splitbrain.cli.compare:command", "Put two runs, campaigns or baselines side by side."),
    "replay": ("splitbrain.cli.replay:replay", "Repeat a simulated run, byte for byte."),
    "shrink": ("splitbrain.cli.shrink:shrink", "Reduce a simulated run that was refuted to the least that is."),
    "check": ("splitbrain.cli.check:check", "Judge recorded histories, ours or not."),
    "runs": ("splitbrain.cli.runs:runs", "List the runs that are kept."),
    "serve": ("splitbrain.cli.serve:command", "Show kept runs, campaigns and cards in the browser."),
    "report": ("splitbrain.cli.report:report", "Write the page of a run anew."),
    "list": (
        "splitbrain.cli.listing:listing",
        "List what there is: targets, workloads, nemeses, models, environments.",
    ),
    "zoo": ("splitbrain.cli.zoo:zoo", "Hunt planted bugs: are they found, and is the correct store left alone?"),
    "images": ("splitbrain.cli.images:images", "Build and list the images that containers are made from."),
    "completion": ("splitbrain.cli.completion:completion", "Print the script that completes words in a shell."),
    "clean": ("splitbrain.cli.clean:clean", "Remove what runs that were killed have left in Docker, or on hosts."),
}


class Commands(click.Group):
    """A group whose commands are imported when they are called, and not to be listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; UsageError, which suggests another, if there is none."""
        if cmd_name not in COMMANDS:
            hint = did_you_mean(cmd_name, COMMANDS, f"there are {', '.join(COMMANDS)}.")
            raise click.UsageError(f"there is no command {cmd_name!r}{hint}", ctx)
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        if command.callback is not None and not getattr(command.callback, "apart", False):
            command.callback = apart(command.callback)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and what they are for."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="splitbrain")
def cli() -> None:
    """Find out what a data system really promises when the network splits, nodes die and clocks lie.

    Exit codes: 0 valid, 1 invalid, 2 unknown, 3 infrastructure failed, 130 interrupted, 254 wrong use or unreadable
    input, 255 a bug of splitbrain.
    """


def command(words: Sequence[str]) -> int:
    """Run a command; its exit code. Every error is a sentence on standard error."""
    warnings.formatwarning = _sentence
    Output.lost = None
    code = _code_of(words)
    if Output.lost is not None:
        err(f"standard output could not be written: {Output.lost}")
        code = worst((code, INFRASTRUCTURE))
    return code


COMPLETE = "_SPLITBRAIN_COMPLETE"
"""The environment variable by which a shell asks for completions."""
WRONG_PATH = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""Errors of a file that somebody named; all others are the machine's."""
NO_MEMORY = "out of memory: nothing was judged; give it more, or less to do"


def _code_of(words: Sequence[str]) -> int:
    """The code of a command, however it ends."""
    code = USAGE
    try:
        with interrupts.kept():
            code = _called(words)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        err(f"a command is needed.\n\n{error.format_message()}")
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        said = " ".join(error.format_message().split())
        said += "" if said.endswith((".", "?", "?)")) else "."
        err(said + (f" Try '{context.command_path} --help'." if context else ""))
    except InfrastructureError as error:
        err(str(error))
        code = INFRASTRUCTURE
    except SplitbrainError as error:
        err(str(error))
    except (KeyboardInterrupt, click.Abort) as error:
        err(str(error) or "interrupted; everything was healed and closed, nothing was judged")
        code = INTERRUPTED
    except MemoryError:
        err(NO_MEMORY)
        code = INFRASTRUCTURE
    except BrokenPipeError:
        code = VALID  # help that nobody reads any more; a verdict goes through `out`, and keeps its code
    except SystemExit as ended:
        if COMPLETE in os.environ:
            raise
        code = _unforeseen(ended)
    except BaseException as error:  # noqa: BLE001 - the last line of defence: a bug of ours must not look like a verdict
        code = _unforeseen(error)
    return code


def _called(words: Sequence[str]) -> int:
    if COMPLETE in os.environ:
        cli.main(prog_name="splitbrain", complete_var=COMPLETE)
    _refuse_empty(words)
    with cli.make_context("splitbrain", list(words)) as context:
        code = cli.invoke(context)
    return code if isinstance(code, int) else VALID


def _refuse_empty(words: Sequence[str]) -> None:
    """UsageError for an empty word, such as a variable of the shell without a value: as a path it would be the folder
    one is in."""
    for place, word in enumerate(words):
        option, sign, value = word.partition("=") if word.startswith("--") else ("", "", word)
        if value or (option and not sign):
            continue
        option = option or (words[place - 1] if place and words[place - 1].startswith("-") else "")
        if option == "--set":
            raise UsageError(f"{option} is given without a value: write {option} KEY=VALUE, or leave it out")
        if option:
            raise UsageError(f"{option} is given without a value: name one, or leave it out")
        raise UsageError(f"argument {place} is empty: name something, or leave it out; is a variable without a value?")


def _unforeseen(error: BaseException) -> int:
    """Tell of an error that nobody foresaw: the machine's, the user's code's, or a bug of ours."""
    from splitbrain.own_targets import import_place, own_failure

    if out_of_memory(error) or (
        # A compiled part that gets no memory while it is loaded leaves no better word for it.
        isinstance(error, SystemError) and resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    ):
        err(NO_MEMORY)
        return INFRASTRUCTURE
    if isinstance(error, OSError) and (told := _of_a_file(error)):
        err(told[0])
        return told[1]
    if os.environ.get("SPLITBRAIN_DEBUG"):
        err("".join(traceback.format_exception(error)).rstrip())
        return INTERNAL
    if own := own_failure(error):
        err(own)
        return USAGE
    if isinstance(error, ImportError):
        err(
            f"{error}{import_place(error)}; mend it if that file is yours, else a part of splitbrain is missing: "
            "install it again"
        )
        return INFRASTRUCTURE
    frame = traceback.extract_tb(error.__traceback__)[-1]
    err(
        f"internal error, not a verdict: {type(error).__name__}: {error} ({frame.filename}:{frame.lineno}); "
        "set SPLITBRAIN_DEBUG=1 to see where it came from, and please report it"
    )
    return INTERNAL


def _of_a_file(error: OSError) -> tuple[str, int] | None:
    """The sentence and the code of an error of a file, or of the first of several that were copied; None of others."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        _, place, why = error.args[0][0]
        return f"{place}: cannot be written: {why}", INFRASTRUCTURE
    if error.errno is None:
        return None
    named = f"{error.filename}: " if error.filename is not None else ""
    wrong = error.errno in WRONG_PATH and not _of_the_machine(error.filename)
    return f"{named}{error.strerror}", USAGE if wrong else INFRASTRUCTURE


def _of_the_machine(filename: object) -> bool:
    """Whether a path is not one that a user names."""
    return isinstance(filename, str) and Path(filename).parts[:2] in (("/", "proc"), ("/", "sys"), ("/", "dev"))


def _sentence(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning as any other message."""
    return f"splitbrain: {printable(str(message))}\n"
