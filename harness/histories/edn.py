"""EDN, the notation of Clojure: histories of Jepsen and Knossos, and the key-value logs of Porcupine.

A history is one vector or list of maps, or maps one after another. A keyword is the string of its name (`:ok` is "ok"),
and so is a symbol. Tags (`#inst "…"`, `#jepsen.history.Op{…}`, `#object[…]`, others) are let pass: the value behind a
tag stands for itself. Metadata (`^:key form`, `^{…} form`) are passed over. A namespace before a map is that of its
keys: `#:a{:x 1, :b/y 2, :_/z 3}` is `{:a/x 1, :b/y 2, :z 3}`. A ratio that is no integer is the string of its lowest
terms, "1/2", and a pattern, `#"a+"`, the string between its quotes. An event may also be Knossos's tuple,
`[process type f value]`.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from splitbrain.harness.histories.edn_atoms import DISCARD, Atoms
from splitbrain.harness.histories.edn_collections import map_of, set_of, with_namespace
from splitbrain.harness.histories.loose import Loose
from splitbrain.harness.histories.parsing import Unreadable
from splitbrain.harness.operation import Value

DEPTH_MAX = 100
STRING_CHARACTERS_MAX = 1 << 24

_TOKEN = re.compile(
    r"""[\s,]*+(
        \Z                                          # nothing but blanks is left: matched, or each blank is tried anew
      | [\[\](){}]
      | [^\s,\[\](){}";\\\#^][^\s,\[\](){}";\\]*    # a number, keyword, symbol
      | \#?"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)       # a string, a pattern; one that lacks its end is the last token
      | \#?\^                                      # metadata
      | \#:[^\s,\[\](){}";\\]*[\s,]*+\{?              # a map whose keys have a namespace
      | \#(?:[{_<]|\#-?\w+|[A-Za-z][^\s,\[\](){}";\\]*)?  # a set, a discard, an object, ##Inf, a tag
      | ;[^\n]*
      | \\(?:[A-Za-z0-9]+|.)?                       # a character
      )""",
    re.VERBOSE | re.DOTALL,
)
_STRING = re.compile(r'#?"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STRING_END = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_UNENDED = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*(\\?)\Z', re.DOTALL)
_OPENED = re.compile(r'#?"[^"\\]*(?:\\.[^"\\]*)*(\\?)\Z', re.DOTALL)
_TUPLE_HEAD = re.compile(rb"\s*+[\[(]\s*+(?:[\[(]\s*+)?:?[\w.@-]+[\s,]+:(?:invoke|ok|fail|info)[\s,\])]")
_TAG = re.compile(r"#[A-Za-z].*", re.DOTALL)
_CLOSING = {"[": "]", "(": ")", "{": "}", "#{": "}"}
_TAKES_AWAY = frozenset(("#_", "^", "#^"))
"""Tokens that take the next form away: metadata do so with their own."""
_PARTS = ("process", "type", "f", "value")
"""Fields of an operation, in the order of Knossos's tuples."""

Mark = tuple[list[list[Any]], list[str], list[str], int, bool]


class Forms:
    """A reader of forms from text that comes in pieces: one regular expression cuts tokens, a stack puts them
    together."""

    def __init__(self, *, tuples: bool = False) -> None:
        """tuples: whether a vector at the top that begins with a word or a number is one form."""
        self._tuples = tuples
        self._atoms = Atoms()
        self._levels: list[list[Any]] = [[]]
        self._openers: list[str] = []
        self._closing = dict(_CLOSING)
        """The ends of collections by how they begin: also of maps whose keys have a namespace, as they come."""
        self._structure = frozenset("[](){}") | {"#{"}
        self._discards = False
        self._rest: list[str] = []
        """The pieces of a string that began and has not ended yet."""
        self._rest_characters = 0
        self._rest_escapes = False
        """Whether the last of these pieces ends with a backslash that escapes what follows."""

    def feed(self, text: str) -> list[Value]:
        """The forms that end in this text. The items of a vector or list at the top are forms of their own, so that a
        history in one vector streams. Unreadable for what is not EDN; the state is then undefined."""
        if self._rest:
            if not self._ends_string(text):
                return []
            text = "".join([*self._rest, text])
            self._rest = []
        tokens = _TOKEN.findall(text)
        while tokens and not tokens[-1]:
            tokens.pop()
        if tokens and tokens[-1].startswith(('"', '#"')) and not _STRING.fullmatch(tokens[-1]):
            self._rest_characters = 0
            self._keep(tokens.pop(), _OPENED)
        if ";" in text or "#" in text or "^" in text:
            tokens = [token for token in tokens if token[0] != ";" and not _TAG.fullmatch(token)]
            self._look_at_hashes(frozenset(tokens))
        self._assemble(tokens)
        return self._finished()

    def _look_at_hashes(self, tokens: frozenset[str]) -> None:
        """Take note of tokens that take forms away, and of beginnings of maps whose keys have a namespace."""
        self._discards = self._discards or not tokens.isdisjoint(_TAKES_AWAY)
        begin = {token: "}" for token in tokens if token.startswith("#:") and token[-1] == "{" and token[2] != ":"}
        self._closing |= begin
        self._structure |= begin.keys()

    def _ends_string(self, text: str) -> bool:
        """Whether the string that is open ends in this text; if not, the text is a piece of it."""
        start = int(self._rest_escapes and bool(text))
        if not text or _STRING_END.match(text, start):
            return bool(text)
        self._keep(text, _UNENDED, start)
        return False

    def _keep(self, piece: str, pattern: re.Pattern[str], start: int = 0) -> None:
        found = pattern.match(piece, start)
        self._rest_escapes = found is not None and found.group(1) == "\\"
        self._rest.append(piece)
        self._rest_characters += len(piece)
        if self._rest_characters > STRING_CHARACTERS_MAX:
            raise Unreadable("a string that never ends")

    def open(self) -> str | None:
        """The collections that have begun and not ended, in words."""
        if self._rest:
            return "a string"
        if self._openers:
            return {"[": "a vector", "(": "a list", "#{": "a set"}.get(self._openers[-1], "a map")
        return "a discarded form" if self._levels[0] else None

    def mark(self) -> Mark:
        """The state now, for `rewind`."""
        levels = [list(level) for level in self._levels]
        return levels, list(self._openers), list(self._rest), self._rest_characters, self._rest_escapes

    def rewind(self, mark: Mark) -> None:
        """Return to a state that `mark` gave."""
        levels, openers, rest, self._rest_characters, self._rest_escapes = mark
        self._levels, self._openers, self._rest = [list(level) for level in levels], list(openers), list(rest)

    def _assemble(self, tokens: list[str]) -> None:
        atoms, levels, openers = self._atoms, self._levels, self._openers
        structure, closing = self._structure, self._closing
        current = levels[-1]
        for token in tokens:
            if token not in structure:
                current.append(atoms[token])
            elif token in closing:
                if len(openers) == DEPTH_MAX:
                    raise Unreadable(f"nested more than {DEPTH_MAX} deep")
                openers.append(token)
                current = []
                levels.append(current)
            else:
                if not openers or closing[openers[-1]] != token:
                    raise Unreadable(f"{openers[-1]} ends with {token}" if openers else f"{token} closes nothing")
                items = levels.pop()
                if self._discards:
                    items = _without_discarded(items)
                current = levels[-1]
                opener = openers.pop()
                if opener == "{":
                    current.append(map_of(items))
                elif opener == "#{":
                    current.append(set_of(items))
                elif opener[0] == "#":
                    current.append(map_of(with_namespace(opener[2:-1].strip(" \t\r\n,"), items)))
                else:
                    current.append(tuple(items))

    def _finished(self) -> list[Value]:
        """Take the forms that are complete; a discard whose form is still to come stays."""
        out: list[Value] = []
        for form in self._taken(self._levels[0]):
            if type(form) is tuple and not (self._tuples and _is_tuple(form)):
                out.extend(form)
            else:
                out.append(form)
        if self._openers and self._openers[0] in "[(" and not self._levels[0]:
            inside = self._levels[1]
            if not (self._tuples and _is_tuple(inside)):
                out.extend(self._taken(inside))
        return out

    def _taken(self, level: list[Any]) -> list[Any]:
        taken, waiting = _undiscarded(level) if self._discards else (list(level), 0)
        level[:] = [DISCARD] * waiting
        return taken


def value_of(text: str) -> Value:
    """The value of a text that holds one form. Unreadable if it does not."""
    values = forms_of(text)
    if len(values) != 1:
        raise Unreadable(f"one value was expected, not {text[:60]!r}")
    return values[0]


def forms_of(text: str) -> list[Value]:
    """The forms of a text. Unreadable if it is not EDN or ends inside a form."""
    forms = Forms()
    values = forms.feed(f"[{text}\n]")
    if forms.open():
        raise Unreadable(f"one value was expected, not {text[:60]!r}")
    return values


def looks_like_tuples(head: bytes) -> bool:
    """Whether a file that begins so holds Knossos's tuples."""
    return _TUPLE_HEAD.match(head) is not None


class Edn:
    """Parser of histories in EDN."""

    expected = "an event as {:process 0, :type :invoke, :f :read, :value nil} or [0 :invoke :read nil]"

    def __init__(self, *, tuples: bool = False) -> None:
        """tuples: whether the events are Knossos's tuples."""
        self._forms = Forms(tuples=tuples)
        self._begin = re.compile(rb"\s*(#[A-Za-z][\w.]*\s*)?[\[({]" if tuples else rb"\s*(#[A-Za-z][\w.]*\s*)?\{")

    def feed(self, block: bytes) -> Sequence[Loose]:
        """The events whose maps end in this block."""
        try:
            events = self._forms.feed(block.decode())
        except UnicodeDecodeError:
            raise Unreadable("not UTF-8 text") from None
        for place, event in enumerate(events):
            if type(event) is tuple and len(event) == len(_PARTS):
                events[place] = dict(zip(_PARTS, event, strict=True))
            elif not isinstance(event, dict):
                raise Unreadable(f"an event is a map, not {str(event)[:60]!r}")
            if "process" not in event or "type" not in event:
                _refuse_qualified(event)
        try:
            return msgspec.convert(events, list[Loose])
        except msgspec.ValidationError:
            raise Unreadable("the keys of an event are keywords") from None

    def clean(self) -> bool:
        """Whether nothing is open."""
        return self._forms.open() is None

    def finish(self) -> None:
        """End the text, as nothing comes any more."""
        left = self._forms.open()
        if left:
            raise Unreadable(f"the file ends inside {left}")

    def mark(self) -> Mark:
        """The state now, for `rewind`."""
        return self._forms.mark()

    def rewind(self, mark: Mark) -> None:
        """Return to a state that `mark` gave."""
        self._forms.rewind(mark)

    def begins_event(self, line: bytes) -> bool:
        """Whether a map or tuple begins, with or without a tag."""
        return self._begin.match(line) is not None


def _refuse_qualified(event: dict[Any, Value]) -> None:
    """Unreadable for an event whose process or type has a namespace: it is not known to be what is meant."""
    for key in event:
        if isinstance(key, str) and key.rpartition("/")[2] in ("process", "type") and "/" in key:
            raise Unreadable(f"the keys of an event have no namespace: :{key} is not :{key.rpartition('/')[2]}")


def _is_tuple(items: Sequence[Any]) -> bool:
    """Whether these items are an operation of Knossos, rather than several."""
    return len(items) > 0 and not isinstance(items[0], tuple | dict)


def _undiscarded(items: list[Any]) -> tuple[list[Any], int]:
    """The forms that no discard takes away, and how many discards wait for a form still to come."""
    kept: list[Any] = []
    waiting = 0
    for item in reversed(items):
        if item is not DISCARD:
            kept.append(item)
        elif kept:
            kept.pop()
        else:
            waiting += 1
    return kept[::-1], waiting


def _without_discarded(items: list[Any]) -> list[Any]:
    kept, waiting = _undiscarded(items)
    if waiting:
        raise Unreadable("#_ or ^ with nothing behind it")
    return kept
