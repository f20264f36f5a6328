"""Output of commands. What becomes of it never chooses the code of a verdict: it is remembered, and told at the end."""

import os
import sys
from typing import ClassVar, TextIO

import click

_COLOURS = {"valid": "green", "invalid": "red", "unknown": "yellow", "infrastructure": "yellow"}


class Output:
    """The output of this process: what it has written, and what it could not."""

    lost: str | None = None
    """The reason that standard output could not be written, where somebody still wanted it; None if all is well."""
    kept: ClassVar[list[TextIO | None]] = []
    """Standard output before it was kept from a user's code, the last one at the end; None where it is closed."""


def out(text: str, verdict: str = "") -> None:
    """Write lines to standard output. verdict: the word they begin with, which a terminal shows in its colour."""
    shown = printable(text)
    stream = Output.kept[-1] if Output.kept else sys.stdout
    if verdict and shown.startswith(verdict) and coloured(stream):
        shown = click.style(verdict, fg=_COLOURS.get(verdict), bold=True) + shown[len(verdict) :]
    reason = _written(stream, shown, 1)
    Output.lost = Output.lost or reason


def err(text: str) -> None:
    """Write a message to standard error."""
    _written(sys.stderr, f"splitbrain: {printable(text)}", 2)


def printable(text: str) -> str:
    """Text without characters that would steer a terminal; lines and tabs stay."""
    from splitbrain.results.format import plain_lines

    return plain_lines(text)


def annotate(line: str) -> None:
    """Write a line to standard error as it is, for a program that reads along."""
    _written(sys.stderr, line, 2)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is open, and a terminal."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def coloured(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal whose user wants colours."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _written(stream: TextIO | None, text: str, number: int) -> str | None:
    """The reason that it could not be written; None if it was, or if nobody reads any more."""
    if stream is None:
        return None
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        _discard(number)
    except (OSError, ValueError) as error:
        _discard(number)
        return (error.strerror if isinstance(error, OSError) else None) or str(error)
    return None


def _discard(number: int) -> None:
    """Let what is still to be written go nowhere: Python tries again at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)
