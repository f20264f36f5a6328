"""Text logs of Jepsen, as Porcupine and its forerunners are tested with: one operation a line, among other lines.

`INFO  jepsen.util - 0 :invoke :read nil`; process, type, function, value, with any space between. Lines of a log that
do not come from `jepsen.util` are passed over; one that does, and cannot be read, is an error. Porcupine's key-value
logs are EDN, a map a line, and are read as such.
"""

import re
from collections.abc import Sequence

from splitbrain.harness.histories.edn import value_of
from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.histories.validate import Loose
from splitbrain.harness.operation import Value

_LINE = re.compile(r"(?:.*\s)?jepsen\.util - (:?[\w-]+)\s+:(invoke|ok|fail|info)\s+:(\S+)\s+(\S.*)")
_OTHER = re.compile(r"(?!.*jepsen\.util)(?:\S+ \S+ )?(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\s.*")
_KEPT_MAX = 1 << 16


def looks_like_log(head: bytes) -> bool:
    """Whether a line near the beginning comes from `jepsen.util`."""
    return b"jepsen.util - " in head[: 1 << 16]


class PorcupineLog:
    """Parser of Jepsen's text logs."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}

    def feed(self, block: bytes) -> Sequence[Loose]:
        """The operations of whole lines."""
        try:
            lines = block.decode().split("\n")
        except UnicodeDecodeError:
            raise Unreadable("not UTF-8 text") from None
        return [event for line in lines if (event := self._event(line.rstrip())) is not None]

    def _event(self, line: str) -> Loose | None:
        found = _LINE.fullmatch(line)
        if found is None:
            if not line or _OTHER.fullmatch(line):
                return None
            raise Unreadable(f"not a line of a Jepsen log: {line[:60]!r}")
        process, kind, f, text = found.groups()
        return Loose(process=process, type=kind, f=f, value=self._value(text))

    def _value(self, text: str) -> Value:
        if text in self._values:
            return self._values[text]
        value = value_of(text)
        if len(self._values) < _KEPT_MAX:
            self._values[text] = value
        return value

    def clean(self) -> bool:
        """Nothing is ever left open."""
        return True

    def finish(self) -> None:
        """Nothing is ever left open."""

    def mark(self) -> None:
        """There is no state that matters."""

    def rewind(self, mark: None) -> None:
        """There is no state that matters."""

    def begins_event(self, line: bytes) -> bool:
        """A line of `jepsen.util`, or the beginning of one."""
        return line.startswith(b"INFO  jepsen.util"[: len(line)]) or b"jepsen.util" in line
