"""Errors for users: mistakes in use, and failures around a test. Each message is one sentence: what was expected, what
came, where, and what to do next. The command line turns them into exit codes; none of them is an anomaly.
"""


class SplitbrainError(Exception):
    """The base of all errors whose message is meant for the user, as it is."""


class UsageError(SplitbrainError):
    """Wrong use: an unknown name or option, a pair that does not fit. Exit code 254."""


class HistoryError(UsageError):
    """A history that cannot be read. The message carries file and line: `FILE:LINE: …`. Exit code 254."""

    def __init__(self, where: str, line: int | None, text: str) -> None:
        super().__init__(f"{where}:{line}: {text}" if line is not None else f"{where}: {text}")
        self.line = line


class InfrastructureError(SplitbrainError):
    """The test could not be carried out: a cluster that never came up, a tool that is missing. Exit code 3."""


NO_THREAD = "can't start new thread"
"""The words of Python's RuntimeError where there is no memory, or no process, for a thread."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the machine has no room for more."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and NO_THREAD in str(error))
